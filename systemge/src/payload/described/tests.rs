use proptest::prelude::*;

use super::*;
use crate::payload::{Field, Variant};
use crate::{Schema, Topic};

fn described<T: Schema>() -> Described {
    Described::from(T::SHAPE)
}

/// What differs between the payloads `A` and `B`.
fn differences<A: crate::Payload, B: crate::Payload>() -> Vec<String> {
    let (a, b) = (Topic::one_way::<A>("t").description(), Topic::one_way::<B>("t").description());
    a.differences(&b, ["ann", "ben"])
}

macro_rules! payload {
    ($name:ident => $shape:expr) => {
        #[derive(serde::Serialize, serde::Deserialize)]
        struct $name;

        impl Schema for $name {
            const SHAPE: &'static Shape = &$shape;
        }
    };
}

const U32: &Shape = &Shape::Unsigned(32);
const I64: &Shape = &Shape::Signed(64);

const fn field(name: &'static str, shape: &'static Shape) -> Field {
    Field { name, shape }
}

const fn variant(name: &'static str, shape: &'static Shape) -> Variant {
    Variant { name, shape }
}

payload!(Square => Shape::Struct(&[field("row", U32), field("column", U32)]));
payload!(Wider => Shape::Struct(&[field("row", I64), field("column", U32)]));
payload!(Turned => Shape::Struct(&[field("column", U32), field("row", U32)]));
payload!(Renamed => Shape::Struct(&[field("row", U32), field("col", U32)]));
payload!(Moves => Shape::Sequence(&Shape::Struct(&[field("to", Square::SHAPE)])));
payload!(WiderMoves => Shape::Sequence(&Shape::Struct(&[field("to", Wider::SHAPE)])));
payload!(Piece => Shape::Enum(&[variant("Pawn", &Shape::Unit), variant("King", U32)]));
payload!(OtherPiece => Shape::Enum(&[variant("Pawn", &Shape::Unit), variant("King", I64), variant("Rook", &Shape::Unit)]));
payload!(Hostile => Shape::Struct(&[field("\u{1b}[31m\n", U32)]));

#[test]
fn what_differs_is_named_by_its_path() {
    assert_eq!(differences::<Square, Square>(), [""; 0]);
    assert_eq!(differences::<u32, i64>(), ["the payload is u32 on `ann`, i64 on `ben`"]);
    assert_eq!(differences::<Square, Wider>(), ["`row` of the payload is u32 on `ann`, i64 on `ben`"]);
    assert_eq!(
        differences::<Moves, WiderMoves>(),
        ["`[].to.row` of the payload is u32 on `ann`, i64 on `ben`"]
    );
    assert_eq!(
        differences::<Square, Turned>(),
        ["the fields of the payload stand in another order on `ben` than on `ann`"]
    );
    assert_eq!(
        differences::<Square, Renamed>(),
        [
            "the field `column` of the payload is only on `ann`",
            "the field `col` of the payload is only on `ben`"
        ]
    );
    assert_eq!(
        differences::<Piece, OtherPiece>(),
        [
            "the variant `Rook` of the payload is only on `ben`",
            "`King` of the payload is u32 on `ann`, i64 on `ben`"
        ]
    );
    assert_eq!(
        differences::<(u8, Option<u32>), (u8, Option<i64>)>(),
        ["`1` of the payload is u32 on `ann`, i64 on `ben`"]
    );
    assert_eq!(
        differences::<Hostile, ()>(),
        ["the payload is { \\u{1b}[31m\\n: u32 } on `ann`, () on `ben`"]
    );
}

#[test]
fn kinds_responses_and_errors_are_compared() {
    let check = |a: Topic, b: Topic, expected: &[&str]| {
        assert_eq!(a.description().differences(&b.description(), ["ann", "ben"]), expected);
    };
    let request = Topic::request::<u32, Result<u8, String>>("t");
    check(Topic::one_way::<u32>("t"), request.clone(), &["it is one-way on `ann`, a request on `ben`"]);
    check(
        Topic::request::<u32, Result<char, u8>>("t"),
        request.clone(),
        &["the response is char on `ann`, u8 on `ben`", "the error is u8 on `ann`, String on `ben`"],
    );
    check(Topic::request::<u32, u8>("t"), request.clone(), &["only `ben` has an error of its own"]);
    assert_eq!(request.description().to_string(), "(u32) -> Result<u8, String>");
    assert_eq!(Topic::one_way::<(u8, char)>("t").description().to_string(), "(u8, char)");
    assert_eq!(Topic::request::<(), ()>("t").description().to_string(), "() -> ()");
}

#[test]
fn what_a_topic_says_of_itself_is_read_again() {
    let topics = [
        Topic::one_way::<()>("t"),
        Topic::one_way::<Vec<Option<[(i8, u128); 3]>>>("t"),
        Topic::request::<Square, Result<Piece, String>>("t"),
        Topic::request::<std::collections::BTreeMap<String, f64>, (bool, char)>("t"),
        Topic::request::<std::net::IpAddr, std::time::Duration>("t"),
    ];
    for topic in topics {
        let mut bytes = Vec::new();
        topic.describe(&mut bytes);
        let read = Description::read(&bytes, topic.fingerprint());
        assert_eq!(read, Some(topic.description()));
        // what is not the fingerprint's is not believed
        bytes.push(b'u');
        assert_eq!(Description::read(&bytes, topic.fingerprint()), None);
    }
}

#[test]
fn a_shape_of_any_size_is_a_short_text() {
    let mut shape = described::<u8>();
    for _ in 0..10 {
        shape = Described::Tuple(vec![shape.clone(), shape]);
    }
    assert!(shape.text().len() <= MAX_SHAPE_TEXT + 3);
    let fields = |name: &str| {
        Described::Struct((0..100).map(|index| (format!("{name}{index}"), Described::Bool)).collect())
    };
    let description = |payload| Description { kind: TopicKind::OneWay, payload, response: None, error: None };
    let found = description(fields("a")).differences(&description(fields("b")), ["ann", "ben"]);
    assert_eq!(found.len(), MAX_DIFFERENCES + 1);
    assert_eq!(found.last().map(String::as_str), Some("and more"));
}

#[test]
fn nesting_is_bounded() {
    let deep = |depth: usize| {
        let mut bytes = vec![b'1'];
        bytes.resize(depth, b'o');
        bytes.push(b'u');
        let fingerprint = bytes.iter().fold(FNV_OFFSET, |state, next| byte(state, *next));
        Description::read(&bytes, fingerprint)
    };
    assert!(deep(64).is_some());
    assert_eq!(deep(65), None);
    assert_eq!(deep(100_000), None);
}

proptest! {
    #[test]
    fn any_bytes_are_a_description_or_none(bytes in prop::collection::vec(
        prop_oneof![any::<u8>(), prop::sample::select(b"12Eubinfcthosapmre!\0\x01\x02".to_vec())], 0..60)
    ) {
        let fingerprint = bytes.iter().fold(FNV_OFFSET, |state, next| byte(state, *next));
        if let Some(description) = Description::read(&bytes, fingerprint) {
            let _ = description.to_string();
            prop_assert!(description.differences(&description.clone(), ["a", "b"]).is_empty());
        }
    }
}

//! The shapes of payloads are those that serde writes.

use systemge::Schema;
use systemge::payload::{Field, Shape, Variant};

#[systemge::payload]
struct Unit;

#[systemge::payload]
struct Newtype(u8);

#[systemge::payload]
struct Pair(u8, String);

#[systemge::payload]
#[serde(rename_all = "camelCase")]
struct Named {
    first_field: u8,
    #[serde(rename = "2nd")]
    second_field: Option<Vec<Newtype>>,
    #[serde(skip)]
    third_field: std::marker::PhantomData<u8>,
    r#type: (),
    #[schema(as = "String")]
    #[serde(with = "text")]
    number: u128,
}

mod text {
    use systemge::__private::serde::{self, Deserializer, Serializer, de::Error as _};

    pub(super) fn serialize<S: Serializer>(value: &u128, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&value.to_string())
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u128, D::Error> {
        let text = <String as serde::Deserialize>::deserialize(deserializer)?;
        text.parse().map_err(D::Error::custom)
    }
}

#[systemge::payload]
#[serde(rename_all = "SCREAMING_SNAKE_CASE", rename_all_fields = "camelCase")]
enum Several {
    UnitOne,
    NewtypeTwo(u8),
    TupleThree(u8, u8),
    StructFour {
        some_field: bool,
    },
    #[serde(rename = "five")]
    Five,
    #[serde(skip)]
    #[expect(dead_code, reason = "skipped")]
    Last,
}

#[systemge::payload]
#[serde(transparent)]
struct Transparent {
    inner: Pair,
}

#[systemge::payload]
enum Empty {}

#[systemge::payload]
#[derive(systemge::Application)]
#[schema(as = "u32")]
#[serde(from = "u32", into = "u32")]
#[derive(Clone)]
struct Id {
    value: u32,
}

impl From<u32> for Id {
    fn from(value: u32) -> Self {
        Self { value }
    }
}

impl From<Id> for u32 {
    fn from(id: Id) -> Self {
        id.value
    }
}

const U8: &Shape = &Shape::Unsigned(8);

#[test]
fn structs_have_the_shape_that_serde_writes() {
    assert_eq!(*Unit::SHAPE, Shape::Unit);
    assert_eq!(*Newtype::SHAPE, Shape::Unsigned(8));
    assert_eq!(*Pair::SHAPE, Shape::Tuple(&[U8, &Shape::Text]));
    assert_eq!(Transparent::SHAPE, Pair::SHAPE);
    assert_eq!(*Id::SHAPE, Shape::Unsigned(32));
    assert_eq!(
        *Named::SHAPE,
        Shape::Struct(&[
            Field { name: "firstField", shape: U8 },
            Field { name: "2nd", shape: &Shape::Option(&Shape::Sequence(U8)) },
            Field { name: "type", shape: &Shape::Unit },
            Field { name: "number", shape: &Shape::Text },
        ])
    );
}

#[test]
fn enums_have_the_shape_that_serde_writes() {
    assert_eq!(*Empty::SHAPE, Shape::Never);
    assert_eq!(
        *Several::SHAPE,
        Shape::Enum(&[
            Variant { name: "UNIT_ONE", shape: &Shape::Unit },
            Variant { name: "NEWTYPE_TWO", shape: U8 },
            Variant { name: "TUPLE_THREE", shape: &Shape::Tuple(&[U8, U8]) },
            Variant {
                name: "STRUCT_FOUR",
                shape: &Shape::Struct(&[Field { name: "someField", shape: &Shape::Bool }])
            },
            Variant { name: "five", shape: &Shape::Unit },
        ])
    );
}

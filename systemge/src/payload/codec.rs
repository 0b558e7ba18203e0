//! Payloads to bytes and back.

use postcard::ser_flavors::Flavor;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::protocol::frame::Encoding;

/// Appends a payload. What an error leaves behind is the caller's to take back.
#[inline]
pub(crate) fn encode<T: Serialize + ?Sized>(
    value: &T,
    encoding: Encoding,
    out: &mut Vec<u8>,
) -> Result<(), String> {
    match encoding {
        Encoding::Postcard => postcard::serialize_with_flavor(value, Append(out)).map_err(text),
        #[cfg(feature = "json")]
        Encoding::Json => serde_json::to_writer(out, value).map_err(text),
        #[cfg(not(feature = "json"))]
        Encoding::Json => Err(no_json()),
    }
}

/// Reads a payload, all of it. A user's `Deserialize` may panic; who calls this is ready for it.
#[inline]
pub(crate) fn decode<T: DeserializeOwned>(bytes: &[u8], encoding: Encoding) -> Result<T, String> {
    match encoding {
        Encoding::Postcard => match postcard::take_from_bytes(bytes) {
            Ok((value, [])) => Ok(value),
            Ok((_, rest)) => Err(left_over(rest)),
            Err(error) => Err(text(error)),
        },
        #[cfg(feature = "json")]
        Encoding::Json => serde_json::from_slice(bytes).map_err(text),
        #[cfg(not(feature = "json"))]
        Encoding::Json => Err(no_json()),
    }
}

/// A decoder may quote what it has read.
#[cold]
fn text(error: impl std::fmt::Display) -> String {
    crate::text::quoting(&error.to_string())
}

#[cold]
fn left_over(rest: &[u8]) -> String {
    format!("{} bytes are left over", rest.len())
}

#[cfg(not(feature = "json"))]
#[cold]
fn no_json() -> String {
    "this node speaks no JSON: it was built without systemge's feature `json`".to_owned()
}

/// Lets postcard write behind what a buffer holds already; its own flavours take the buffer away.
struct Append<'a>(&'a mut Vec<u8>);

impl Flavor for Append<'_> {
    type Output = ();

    #[inline]
    fn try_push(&mut self, byte: u8) -> postcard::Result<()> {
        self.0.push(byte);
        Ok(())
    }

    #[inline]
    fn try_extend(&mut self, bytes: &[u8]) -> postcard::Result<()> {
        self.0.extend_from_slice(bytes);
        Ok(())
    }

    fn finalize(self) -> postcard::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, HashMap};
    use std::fmt::Debug;

    use proptest::prelude::*;
    use serde::{Deserialize, Serialize};

    use super::*;
    use crate::Schema;
    use crate::payload::Shape;

    const ENCODINGS: &[Encoding] = &[
        Encoding::Postcard,
        #[cfg(feature = "json")]
        Encoding::Json,
    ];

    #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
    struct Everything {
        number: i64,
        text: String,
        maybe: Option<Box<(u8, char)>>,
        list: Vec<[u16; 3]>,
        map: BTreeMap<String, f32>,
        kind: Kind,
    }

    #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
    enum Kind {
        Nothing,
        One(u32),
        Two(bool, Vec<String>),
        Named { inside: Option<()> },
    }

    fn everything() -> impl Strategy<Value = Everything> {
        let kind = prop_oneof![
            Just(Kind::Nothing),
            any::<u32>().prop_map(Kind::One),
            (any::<bool>(), prop::collection::vec(".{0,5}", 0..4)).prop_map(|(a, b)| Kind::Two(a, b)),
            // in JSON, `Some(())` and `None` are the same
            Just(Kind::Named { inside: None }),
        ];
        let maybe = prop::option::of(any::<(u8, char)>().prop_map(Box::new));
        let map = prop::collection::btree_map(".{0,5}", -1e9f32..1e9, 0..5);
        (any::<i64>(), ".{0,40}", maybe, prop::collection::vec(any::<[u16; 3]>(), 0..6), map, kind).prop_map(
            |(number, text, maybe, list, map, kind)| Everything { number, text, maybe, list, map, kind },
        )
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(1000))]

        #[test]
        fn what_is_written_is_read_again_and_no_byte_more(value in everything()) {
            for encoding in ENCODINGS.iter().copied() {
                let mut bytes = vec![1, 2, 3];
                encode(&value, encoding, &mut bytes).expect("it can be written");
                prop_assert_eq!(&bytes[..3], &[1, 2, 3]);
                let read = decode::<Everything>(&bytes[3..], encoding);
                prop_assert_eq!(read.as_ref(), Ok(&value));
                bytes.push(b'0');
                prop_assert!(decode::<Everything>(&bytes[3..], encoding).is_err());
            }
        }

        #[test]
        fn any_bytes_are_a_value_or_an_error(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            for encoding in ENCODINGS.iter().copied() {
                let _ = decode::<Everything>(&bytes, encoding);
                let _ = decode::<HashMap<u64, Vec<Option<String>>>>(&bytes, encoding);
            }
        }
    }

    #[test]
    fn a_length_that_promises_more_than_there_is_is_an_error_at_once() {
        fn check<T: DeserializeOwned + Debug>() {
            let huge = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01];
            decode::<T>(&huge, Encoding::Postcard).expect_err("there are no such values");
        }
        check::<String>();
        check::<Vec<u64>>();
        check::<Vec<[u64; 32]>>();
        check::<HashMap<u64, u64>>();
        check::<BTreeMap<String, ()>>();
        check::<Vec<Vec<Vec<u8>>>>();
    }

    #[test]
    fn only_values_that_take_bytes_stand_in_a_sequence() {
        fn bounded<T: Schema>(expected: bool) {
            assert_eq!(T::SHAPE.is_bounded(), expected, "{}", T::SHAPE);
        }
        bounded::<Vec<u8>>(true);
        bounded::<Vec<()>>(false);
        bounded::<Vec<((), [u8; 0])>>(false);
        bounded::<Option<(u8, Vec<Vec<()>>)>>(false);
        bounded::<Vec<Option<()>>>(true);
        bounded::<BTreeMap<u8, ()>>(true);
        bounded::<BTreeMap<(), ()>>(false);
        bounded::<[(); 7]>(true);
        // a variant has a number, so that even an enum without values inside takes a byte
        const FLAG: Shape = Shape::Enum(&[crate::payload::Variant { name: "On", shape: &Shape::Unit }]);
        assert!(Shape::Sequence(&FLAG).is_bounded());
    }
}

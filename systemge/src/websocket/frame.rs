//! What a text frame holds: `{"topic": "...", "payload": "..."}`.

use std::any::{Any, TypeId};
use std::borrow::Cow;
use std::rc::Rc;
use std::sync::Arc;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use tokio_tungstenite::tungstenite::Utf8Bytes;

/// The topic under which a client learns what went wrong.
pub(super) const ERROR_TOPIC: &str = "error";
/// The topic that reaches no handler.
pub(super) const HEARTBEAT_TOPIC: &str = "heartbeat";

#[derive(Serialize)]
struct Outgoing<'a> {
    topic: &'a str,
    payload: &'a RawValue,
}

/// A frame for clients; cloning it shares the bytes.
pub(super) fn encode<T: Serialize + ?Sized>(
    topic: &str,
    payload: &T,
) -> Result<Utf8Bytes, serde_json::Error> {
    let mut json = serde_json::value::to_raw_value(payload)?;
    if !is_text::<T>() {
        json = serde_json::value::to_raw_value(json.get())?;
    }
    serde_json::to_string(&Outgoing { topic, payload: &json }).map(Utf8Bytes::from)
}

/// Whether a payload of the type is a text rather than JSON inside of one.
///
/// It is the type that decides, not the value: a client that reads the payloads of an enum as JSON must be able to do
/// so for each of its variants.
fn is_text<T: ?Sized>() -> bool {
    let this = typeid::of::<T>();
    [
        TypeId::of::<str>(),
        TypeId::of::<String>(),
        TypeId::of::<&str>(),
        TypeId::of::<&String>(),
        TypeId::of::<&&str>(),
        TypeId::of::<Box<str>>(),
        TypeId::of::<Arc<str>>(),
        TypeId::of::<Rc<str>>(),
        TypeId::of::<Cow<'static, str>>(),
    ]
    .contains(&this)
}

/// A frame of a client.
#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(borrow)]
    topic: Cow<'a, str>,
    #[serde(borrow, default)]
    payload: Option<&'a RawValue>,
}

/// The payload of a client's frame, whose type only its handler knows.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Payload {
    /// It was a string.
    Text(String),
    /// It was plain JSON; `null` if there was none.
    Json(String),
}

/// Takes a frame apart into its topic and its payload.
pub(super) fn decode(text: &str) -> Result<(Cow<'_, str>, Payload), serde_json::Error> {
    let Envelope { topic, payload } = serde_json::from_str(text)?;
    let payload = match payload.map(RawValue::get) {
        None => Payload::Json("null".to_owned()),
        Some(json) if json.starts_with('"') => Payload::Text(serde_json::from_str(json)?),
        Some(json) => Payload::Json(json.to_owned()),
    };
    Ok((topic, payload))
}

impl Payload {
    /// The payload as what the handler takes.
    pub(super) fn read<P: DeserializeOwned + 'static>(self) -> Result<P, String> {
        if TypeId::of::<P>() == TypeId::of::<String>() {
            let text = match self {
                Self::Json(json) if json == "null" => String::new(),
                Self::Text(text) | Self::Json(text) => text,
            };
            let mut text = Some(text);
            let same: &mut dyn Any = &mut text;
            return same
                .downcast_mut::<Option<P>>()
                .and_then(Option::take)
                .ok_or_else(|| "the payload is not a text".to_owned());
        }
        match self {
            Self::Json(json) => parse(&json),
            Self::Text(text) if text.trim().is_empty() => parse("null"),
            Self::Text(text) => parse(&text).or_else(|error| {
                // a plain JSON string, such as the name of an enum's variant, that nobody put into quotes twice
                serde_json::to_string(&text).ok().and_then(|json| parse(&json).ok()).ok_or(error)
            }),
        }
    }
}

fn parse<P: DeserializeOwned>(json: &str) -> Result<P, String> {
    let mut deserializer = serde_json::Deserializer::from_str(json);
    let value = serde_path_to_error::deserialize(&mut deserializer).map_err(|error| error.to_string())?;
    deserializer.end().map_err(|error| error.to_string())?;
    Ok(value)
}

#[cfg(test)]
mod tests {
    use std::fmt::Debug;

    use super::*;

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Cell {
        row: u32,
        column: u32,
    }

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    enum Color {
        Red,
    }

    #[test]
    fn a_text_goes_out_raw_and_all_else_as_json_inside_a_string() {
        fn check<T: Serialize + ?Sized>(payload: &T, expected: &str) {
            assert_eq!(encode("t", payload).unwrap().as_str(), expected);
        }
        check("a \"b\"", r#"{"topic":"t","payload":"a \"b\""}"#);
        check(&"a", r#"{"topic":"t","payload":"a"}"#);
        check(&String::from("a"), r#"{"topic":"t","payload":"a"}"#);
        check(&Cow::Borrowed("a"), r#"{"topic":"t","payload":"a"}"#);
        check(&Cell { row: 1, column: 2 }, r#"{"topic":"t","payload":"{\"row\":1,\"column\":2}"}"#);
        check(&Color::Red, r#"{"topic":"t","payload":"\"Red\""}"#);
        check(&Some("a"), r#"{"topic":"t","payload":"\"a\""}"#);
        check(&(), r#"{"topic":"t","payload":"null"}"#);
        check(&[1, 2][..], r#"{"topic":"t","payload":"[1,2]"}"#);
        let short_lived = "a".to_owned();
        check(&short_lived.as_str(), r#"{"topic":"t","payload":"a"}"#);
    }

    fn payload<P: DeserializeOwned + 'static>(frame: &str) -> Result<P, String> {
        decode(frame).unwrap().1.read()
    }

    #[test]
    fn a_payload_is_read_from_a_string_and_from_plain_json() {
        fn check<P: DeserializeOwned + Debug + PartialEq + 'static>(frame: &str, expected: P) {
            assert_eq!(payload::<P>(frame), Ok(expected), "{frame}");
        }
        check(r#"{"topic":"t","payload":"{\"row\":1,\"column\":2}"}"#, Cell { row: 1, column: 2 });
        check(r#"{"topic":"t","payload":{"row":1,"column":2}}"#, Cell { row: 1, column: 2 });
        check(r#"{"topic":"t","payload":"7"}"#, 7);
        check(r#"{"topic":"t","payload":7,"more":true}"#, 7);
        check(r#"{"topic":"t","payload":"\"Red\""}"#, Color::Red);
        check(r#"{"topic":"t","payload":"Red"}"#, Color::Red);
        check(r#"{"topic":"t","payload":""}"#, ());
        check(r#"{"topic":"t","payload":null}"#, ());
        check(r#"{"topic":"t"}"#, ());
        check(r#"{"topic":"t"}"#, None::<u8>);
        check(r#"{"topic":"t","payload":"[1] \n"}"#, "[1] \n".to_owned());
        check(r#"{"topic":"t","payload":""}"#, String::new());
        check(r#"{"topic":"t"}"#, String::new());
        check(r#"{"topic":"t","payload":[1]}"#, "[1]".to_owned());
    }

    #[test]
    fn a_payload_that_does_not_decode_says_where() {
        let error = payload::<Cell>(r#"{"topic":"t","payload":"{\"row\":1,\"column\":true}"}"#).unwrap_err();
        assert!(error.starts_with("column: invalid type: boolean"), "{error}");
        assert!(payload::<Cell>(r#"{"topic":"t","payload":"{} {}"}"#).is_err());
        assert!(payload::<u8>(r#"{"topic":"t"}"#).is_err());
    }

    #[test]
    fn a_frame_that_is_no_envelope_is_an_error() {
        for text in ["", "7", "[]", "{}", r#"{"payload":"a"}"#, r#"{"topic":1}"#, r#"{"topic":"a"} x"#] {
            assert!(decode(text).is_err(), "{text}");
        }
        let deep = format!(r#"{{"topic":"a","payload":{}"#, "[".repeat(100_000));
        assert!(decode(&deep).is_err());
    }
}

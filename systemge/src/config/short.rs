//! Entries of lists that are a text in the common case, and a table where more than that is to be said.

use std::fmt;

use serde::de::value::{MapAccessDeserializer, MapDeserializer};
use serde::de::{Deserializer, Error, MapAccess, Visitor};
use serde::forward_to_deserialize_any;

/// Reads a struct whose field `endpoint` may stand alone: `"tcp://127.0.0.1:60001"` is short for
/// `{ endpoint = "tcp://127.0.0.1:60001" }`.
pub(super) struct Short<D>(pub(super) D);

impl<'de, D: Deserializer<'de>> Deserializer<'de> for Short<D> {
    type Error = D::Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        self.0.deserialize_any(visitor)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, D::Error> {
        self.0.deserialize_struct(name, fields, TextOrTable { name, fields, visitor })
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit unit_struct
        newtype_struct seq tuple tuple_struct map enum identifier ignored_any
    }
}

struct TextOrTable<V> {
    name: &'static str,
    fields: &'static [&'static str],
    visitor: V,
}

impl<'de, V: Visitor<'de>> Visitor<'de> for TextOrTable<V> {
    type Value = V::Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an endpoint such as \"tcp://127.0.0.1:60001\", or a table with the key `endpoint`")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<V::Value, E> {
        self.visitor.visit_map(MapDeserializer::new([("endpoint", text)].into_iter()))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<V::Value, A::Error> {
        MapAccessDeserializer::new(map).deserialize_struct(self.name, self.fields, self.visitor)
    }
}

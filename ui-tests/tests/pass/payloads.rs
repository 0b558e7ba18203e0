//! What can be a payload, without any serde in this crate's Cargo.toml.
#![deny(warnings, missing_docs, private_interfaces, private_bounds, clippy::pedantic)]
#![allow(unreachable_pub, reason = "as a library would have it")]
#![allow(
    clippy::type_complexity,
    clippy::trivially_copy_pass_by_ref,
    reason = "many types, and what serde asks for"
)]

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::marker::PhantomData;
use std::net::{IpAddr, SocketAddr};
use std::num::{NonZeroU8, Wrapping};
use std::ops::{Bound, RangeInclusive};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use systemge::payload::Payload;

/// Many types of the standard library.
#[systemge::payload]
#[derive(Debug, Clone)]
pub struct Everything {
    /// Collections.
    pub collections: (VecDeque<u8>, BTreeSet<char>, HashMap<String, Vec<[u16; 32]>>),
    /// Owners.
    pub owners: (Box<str>, Arc<[u8]>, Cow<'static, str>, Box<(u8, Option<Box<u8>>)>),
    /// Numbers.
    pub numbers: (NonZeroU8, Wrapping<i64>, u128, f32),
    /// Times, addresses, paths.
    pub places: (Duration, SystemTime, IpAddr, SocketAddr, PathBuf),
    /// Ranges.
    pub ranges: (RangeInclusive<u8>, Bound<i8>),
    hidden: Hidden,
}

/// A type that only this module knows, in a field that only this module sees.
#[systemge::payload]
#[derive(Debug, Clone)]
struct Hidden {
    names: BTreeMap<String, Kind>,
}

#[systemge::payload]
#[derive(Debug, Clone)]
enum Kind {
    Nothing,
    One(Inner),
    Named { r#type: r#match, inner: Option<Inner> },
}

#[systemge::payload]
#[derive(Debug, Clone)]
struct Inner(u8);

#[systemge::payload]
#[derive(Debug, Clone)]
#[allow(non_camel_case_types)]
struct r#match;

/// With parameters.
#[systemge::payload]
#[derive(Debug, Clone)]
pub struct Page<T, K = u32> {
    /// Those of this page.
    pub items: Vec<T>,
    /// Where the next begins.
    pub next: Option<K>,
    /// What they are kept in.
    pub store: PhantomData<K>,
}

macro_rules! produced {
    ($name:ident: $($field:ident: $ty:ty),*) => {
        /// A payload that a macro has made.
        #[systemge::payload]
        #[derive(Debug, Clone)]
        pub struct $name {
            $(#[doc = "A field."] pub $field: $ty,)*
            /// Found through the crate.
            pub same: $crate::payloads::Page<u8>,
        }
    };
}

produced!(Produced: page: Page<Everything>, names: Vec<String>);

/// Serde's attributes that every format can carry, and the shape of another type.
#[systemge::payload]
#[derive(Debug, Clone, Default)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Attributed {
    /// Renamed.
    #[serde(rename = "n", alias = "number")]
    pub number: u8,
    /// Written by other code.
    #[serde(with = "as_text")]
    #[schema(as = "String")]
    pub id: u64,
    /// Not sent.
    #[serde(skip)]
    pub cache: Option<Arc<std::sync::Mutex<u8>>>,
}

mod as_text {
    use systemge::__private::serde::{self, Deserializer, Serializer, de::Error as _};

    pub(super) fn serialize<S: Serializer>(id: &u64, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(id)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
        let text = <String as serde::Deserialize>::deserialize(deserializer)?;
        text.parse().map_err(D::Error::custom)
    }
}

fn is_payload<T: Payload>() -> &'static str {
    std::any::type_name::<T>()
}

#[test]
fn they_are_payloads() {
    let names = [
        is_payload::<Everything>(),
        is_payload::<Kind>(),
        is_payload::<Page<Page<u8>, String>>(),
        is_payload::<Produced>(),
        is_payload::<Attributed>(),
    ];
    assert!(names.iter().all(|name| !name.is_empty()));
}

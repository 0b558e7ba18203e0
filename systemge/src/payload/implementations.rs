//! [`Schema`] for the types of the standard library that serde knows; `docs/payloads.md` lists them.

use std::borrow::Cow;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap, HashMap, HashSet, LinkedList, VecDeque};
use std::ffi::{CStr, CString};
use std::marker::PhantomData;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6};
use std::num::{
    NonZeroI8, NonZeroI16, NonZeroI32, NonZeroI64, NonZeroI128, NonZeroIsize, NonZeroU8, NonZeroU16,
    NonZeroU32, NonZeroU64, NonZeroU128, NonZeroUsize, Saturating, Wrapping,
};
use std::ops::{Bound, Range, RangeFrom, RangeInclusive, RangeTo};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use super::shape::{Field, Shape, Variant};
use super::{Never, Schema};

const IPV4: &Shape = &Shape::Array(&Shape::Unsigned(8), 4);
const IPV6: &Shape = &Shape::Array(&Shape::Unsigned(8), 16);
const PORT: &Shape = &Shape::Unsigned(16);

macro_rules! plain {
    ($($type:ty => $shape:expr),* $(,)?) => {$(
        impl Schema for $type {
            const SHAPE: &'static Shape = &$shape;
        }
    )*};
}

plain! {
    () => Shape::Unit,
    bool => Shape::Bool,
    i8 => Shape::Signed(8),
    i16 => Shape::Signed(16),
    i32 => Shape::Signed(32),
    i64 => Shape::Signed(64),
    i128 => Shape::Signed(128),
    // serde writes the size of a pointer as 64 bits everywhere
    isize => Shape::Signed(64),
    u8 => Shape::Unsigned(8),
    u16 => Shape::Unsigned(16),
    u32 => Shape::Unsigned(32),
    u64 => Shape::Unsigned(64),
    u128 => Shape::Unsigned(128),
    usize => Shape::Unsigned(64),
    f32 => Shape::Float(32),
    f64 => Shape::Float(64),
    char => Shape::Char,
    String => Shape::Text,
    Never => Shape::Never,
    str => Shape::Text,
    NonZeroI8 => Shape::Signed(8),
    NonZeroI16 => Shape::Signed(16),
    NonZeroI32 => Shape::Signed(32),
    NonZeroI64 => Shape::Signed(64),
    NonZeroI128 => Shape::Signed(128),
    NonZeroIsize => Shape::Signed(64),
    NonZeroU8 => Shape::Unsigned(8),
    NonZeroU16 => Shape::Unsigned(16),
    NonZeroU32 => Shape::Unsigned(32),
    NonZeroU64 => Shape::Unsigned(64),
    NonZeroU128 => Shape::Unsigned(128),
    NonZeroUsize => Shape::Unsigned(64),
    Path => Shape::Text,
    PathBuf => Shape::Text,
    // written as text in every format
    crate::config::Endpoint => Shape::Text,
    CStr => Shape::Sequence(&Shape::Unsigned(8)),
    CString => Shape::Sequence(&Shape::Unsigned(8)),
    Duration => Shape::Struct(&[
        Field { name: "secs", shape: &Shape::Unsigned(64) },
        Field { name: "nanos", shape: &Shape::Unsigned(32) },
    ]),
    SystemTime => Shape::Struct(&[
        Field { name: "secs_since_epoch", shape: &Shape::Unsigned(64) },
        Field { name: "nanos_since_epoch", shape: &Shape::Unsigned(32) },
    ]),
    // serde writes addresses as bytes in postcard and as text in JSON; the names are those of serde's variants
    Ipv4Addr => Shape::Readable(IPV4),
    Ipv6Addr => Shape::Readable(IPV6),
    IpAddr => Shape::Readable(&Shape::Enum(&[
        Variant { name: "V4", shape: IPV4 },
        Variant { name: "V6", shape: IPV6 },
    ])),
    SocketAddrV4 => Shape::Readable(&Shape::Tuple(&[IPV4, PORT])),
    SocketAddrV6 => Shape::Readable(&Shape::Tuple(&[IPV6, PORT])),
    SocketAddr => Shape::Readable(&Shape::Enum(&[
        Variant { name: "V4", shape: &Shape::Tuple(&[IPV4, PORT]) },
        Variant { name: "V6", shape: &Shape::Tuple(&[IPV6, PORT]) },
    ])),
}

// what serde writes like the value inside

macro_rules! wrappers {
    ($($name:ident<T $(: ?$sized:ident)?>),* $(,)?) => {$(
        impl<T: Schema $(+ ?$sized)?> Schema for $name<T> {
            const SHAPE: &'static Shape = T::SHAPE;
        }
    )*};
}

wrappers!(Box<T: ?Sized>, Arc<T: ?Sized>, Reverse<T>, Wrapping<T>, Saturating<T>);

impl<T: ToOwned<Owned: Schema> + ?Sized> Schema for Cow<'static, T> {
    const SHAPE: &'static Shape = <T::Owned as Schema>::SHAPE;
}

impl<T: ?Sized> Schema for PhantomData<T> {
    const SHAPE: &'static Shape = &Shape::Unit;
}

macro_rules! ranges {
    ($($name:ident { $($field:literal),+ }),* $(,)?) => {$(
        impl<T: Schema> Schema for $name<T> {
            const SHAPE: &'static Shape =
                &Shape::Struct(&[$(Field { name: $field, shape: T::SHAPE }),+]);
        }
    )*};
}

ranges! {
    Range { "start", "end" }, RangeInclusive { "start", "end" }, RangeFrom { "start" }, RangeTo { "end" },
}

impl<T: Schema> Schema for Bound<T> {
    const SHAPE: &'static Shape = &Shape::Enum(&[
        Variant { name: "Unbounded", shape: &Shape::Unit },
        Variant { name: "Included", shape: T::SHAPE },
        Variant { name: "Excluded", shape: T::SHAPE },
    ]);
}

impl<T: Schema> Schema for Option<T> {
    const SHAPE: &'static Shape = &Shape::Option(T::SHAPE);
}

macro_rules! sequences {
    ($($name:ident<T $(, $more:ident)*>),* $(,)?) => {$(
        impl<T: Schema $(, $more)*> Schema for $name<T $(, $more)*> {
            const SHAPE: &'static Shape = &Shape::Sequence(T::SHAPE);
        }
    )*};
}

sequences!(Vec<T>, VecDeque<T>, LinkedList<T>, BinaryHeap<T>, BTreeSet<T>, HashSet<T, S>);

impl<T: Schema> Schema for [T] {
    const SHAPE: &'static Shape = &Shape::Sequence(T::SHAPE);
}

impl<K: Schema, V: Schema> Schema for BTreeMap<K, V> {
    const SHAPE: &'static Shape = &Shape::Map(K::SHAPE, V::SHAPE);
}

impl<K: Schema, V: Schema, S> Schema for HashMap<K, V, S> {
    const SHAPE: &'static Shape = &Shape::Map(K::SHAPE, V::SHAPE);
}

// serde has no arrays that are longer

macro_rules! arrays {
    ($($length:literal)*) => {$(
        impl<T: Schema> Schema for [T; $length] {
            const SHAPE: &'static Shape = &Shape::Array(T::SHAPE, $length);
        }
    )*};
}

arrays!(0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30 31 32);

macro_rules! tuples {
    ($(($($name:ident),+)),* $(,)?) => {$(
        impl<$($name: Schema),+> Schema for ($($name,)+) {
            const SHAPE: &'static Shape = &Shape::Tuple(&[$($name::SHAPE),+]);
        }
    )*};
}

tuples! {
    (A), (A, B), (A, B, C), (A, B, C, D), (A, B, C, D, E), (A, B, C, D, E, F), (A, B, C, D, E, F, G),
    (A, B, C, D, E, F, G, H), (A, B, C, D, E, F, G, H, I), (A, B, C, D, E, F, G, H, I, J),
    (A, B, C, D, E, F, G, H, I, J, K), (A, B, C, D, E, F, G, H, I, J, K, L),
    (A, B, C, D, E, F, G, H, I, J, K, L, M), (A, B, C, D, E, F, G, H, I, J, K, L, M, N),
    (A, B, C, D, E, F, G, H, I, J, K, L, M, N, O), (A, B, C, D, E, F, G, H, I, J, K, L, M, N, O, P),
}

#[cfg(test)]
mod tests;

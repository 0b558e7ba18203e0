//! [`Schema`] for the types of the standard library.

use std::collections::{BTreeMap, BTreeSet, BinaryHeap, HashMap, HashSet, LinkedList, VecDeque};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::Duration;

use super::shape::{Field, Shape, Variant};
use super::{Never, Schema};

const IPV4: &Shape = &Shape::Array(&Shape::Unsigned(8), 4);
const IPV6: &Shape = &Shape::Array(&Shape::Unsigned(8), 16);

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
    std::num::NonZeroU8 => Shape::Unsigned(8),
    std::num::NonZeroU16 => Shape::Unsigned(16),
    std::num::NonZeroU32 => Shape::Unsigned(32),
    std::num::NonZeroU64 => Shape::Unsigned(64),
    std::path::PathBuf => Shape::Text,
    Duration => Shape::Struct(&[
        Field { name: "secs", shape: &Shape::Unsigned(64) },
        Field { name: "nanos", shape: &Shape::Unsigned(32) },
    ]),
    // serde writes addresses as bytes in postcard and as text in JSON; the names are those of serde's variants
    Ipv4Addr => Shape::Readable(IPV4),
    Ipv6Addr => Shape::Readable(IPV6),
    IpAddr => Shape::Readable(&Shape::Enum(&[
        Variant { name: "V4", shape: IPV4 },
        Variant { name: "V6", shape: IPV6 },
    ])),
}

impl<T: Schema> Schema for Option<T> {
    const SHAPE: &'static Shape = &Shape::Option(T::SHAPE);
}

impl<T: Schema> Schema for Box<T> {
    const SHAPE: &'static Shape = T::SHAPE;
}

macro_rules! sequences {
    ($($name:ident<T $(, $more:ident)*>),* $(,)?) => {$(
        impl<T: Schema $(, $more)*> Schema for $name<T $(, $more)*> {
            const SHAPE: &'static Shape = &Shape::Sequence(T::SHAPE);
        }
    )*};
}

sequences!(Vec<T>, VecDeque<T>, LinkedList<T>, BinaryHeap<T>, BTreeSet<T>, HashSet<T, S>);

impl<K: Schema, V: Schema> Schema for BTreeMap<K, V> {
    const SHAPE: &'static Shape = &Shape::Map(K::SHAPE, V::SHAPE);
}

impl<K: Schema, V: Schema, S> Schema for HashMap<K, V, S> {
    const SHAPE: &'static Shape = &Shape::Map(K::SHAPE, V::SHAPE);
}

impl<T: Schema, const N: usize> Schema for [T; N] {
    const SHAPE: &'static Shape = &Shape::Array(T::SHAPE, N);
}

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
}

//! The wire shape of a type: what two nodes compare before they exchange values of it.

use std::fmt;

use super::described::Described;

/// The wire shape of a type.
///
/// Two types with equal shapes look the same in postcard and in JSON. Names of fields and variants belong to
/// the shape, since JSON carries them; names and modules of types don't, so a type can be renamed and moved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Shape {
    /// No value: `()`, a unit struct.
    Unit,
    /// `bool`.
    Bool,
    /// A signed integer of so many bits.
    Signed(u8),
    /// An unsigned integer of so many bits.
    Unsigned(u8),
    /// A floating-point number of so many bits.
    Float(u8),
    /// `char`.
    Char,
    /// A string.
    Text,
    /// A string in JSON, and in postcard a value of the shape inside: an IP address, a UUID.
    Readable(&'static Self),
    /// A value that may be absent.
    Option(&'static Self),
    /// A sequence of any length.
    Sequence(&'static Self),
    /// A fixed number of values of one shape.
    Array(&'static Self, usize),
    /// A fixed number of values, each with its own shape.
    Tuple(&'static [&'static Self]),
    /// A map from keys to values.
    Map(&'static Self, &'static Self),
    /// Named fields.
    Struct(&'static [Field]),
    /// One of several variants.
    Enum(&'static [Variant]),
    /// A type that never has a value.
    Never,
}

/// A named field of a [`Shape::Struct`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "generated code builds it")]
pub struct Field {
    /// The name as serde writes it.
    pub name: &'static str,
    /// The shape of the value.
    pub shape: &'static Shape,
}

/// A variant of a [`Shape::Enum`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "generated code builds it")]
pub struct Variant {
    /// The name as serde writes it.
    pub name: &'static str,
    /// [`Shape::Unit`], [`Shape::Struct`], a [`Shape::Tuple`], or for a newtype variant the shape of its value.
    pub shape: &'static Shape,
}

impl Shape {
    /// The fingerprint of the shape: 64-bit FNV-1a over a canonical text of it.
    ///
    /// The algorithm is part of the wire protocol (`docs/PROTOCOL.md`, "Fingerprints").
    #[must_use]
    pub const fn fingerprint(&self) -> u64 {
        self.hash(FNV_OFFSET)
    }

    /// The fewest bytes that a value takes in postcard: 0 or, where it takes any, 1.
    const fn takes_bytes(&self) -> bool {
        match self {
            Self::Unit | Self::Never => false,
            Self::Readable(inner) => inner.takes_bytes(),
            Self::Array(inner, length) => *length > 0 && inner.takes_bytes(),
            Self::Tuple(items) => {
                let mut index = 0;
                while index < items.len() {
                    if items[index].takes_bytes() {
                        return true;
                    }
                    index += 1;
                }
                false
            }
            Self::Struct(fields) => {
                let mut index = 0;
                while index < fields.len() {
                    if fields[index].shape.takes_bytes() {
                        return true;
                    }
                    index += 1;
                }
                false
            }
            _ => true,
        }
    }

    /// Whether the work of decoding a value is bounded by the bytes that it takes: no sequence of values without
    /// bytes, of which a few bytes could promise any number.
    pub(crate) const fn is_bounded(&self) -> bool {
        match self {
            Self::Sequence(inner) => inner.takes_bytes() && inner.is_bounded(),
            Self::Map(key, value) => {
                (key.takes_bytes() || value.takes_bytes()) && key.is_bounded() && value.is_bounded()
            }
            Self::Option(inner) | Self::Array(inner, _) | Self::Readable(inner) => inner.is_bounded(),
            Self::Tuple(items) => {
                let mut index = 0;
                while index < items.len() {
                    if !items[index].is_bounded() {
                        return false;
                    }
                    index += 1;
                }
                true
            }
            Self::Struct(fields) => {
                let mut index = 0;
                while index < fields.len() {
                    if !fields[index].shape.is_bounded() {
                        return false;
                    }
                    index += 1;
                }
                true
            }
            Self::Enum(variants) => {
                let mut index = 0;
                while index < variants.len() {
                    if !variants[index].shape.is_bounded() {
                        return false;
                    }
                    index += 1;
                }
                true
            }
            _ => true,
        }
    }

    /// Continues a fingerprint with this shape.
    pub(crate) const fn hash(&self, state: u64) -> u64 {
        match self {
            Self::Unit => byte(state, b'u'),
            Self::Bool => byte(state, b'b'),
            Self::Signed(bits) => byte(byte(state, b'i'), *bits),
            Self::Unsigned(bits) => byte(byte(state, b'n'), *bits),
            Self::Float(bits) => byte(byte(state, b'f'), *bits),
            Self::Char => byte(state, b'c'),
            Self::Text => byte(state, b't'),
            Self::Readable(inner) => inner.hash(byte(state, b'h')),
            Self::Option(inner) => inner.hash(byte(state, b'o')),
            Self::Sequence(inner) => inner.hash(byte(state, b's')),
            Self::Array(inner, length) => inner.hash(number(byte(state, b'a'), *length as u64)),
            Self::Tuple(items) => {
                let mut state = number(byte(state, b'p'), items.len() as u64);
                let mut index = 0;
                while index < items.len() {
                    state = items[index].hash(state);
                    index += 1;
                }
                state
            }
            Self::Map(key, value) => value.hash(key.hash(byte(state, b'm'))),
            Self::Struct(fields) => {
                let mut state = number(byte(state, b'r'), fields.len() as u64);
                let mut index = 0;
                while index < fields.len() {
                    state = fields[index].shape.hash(text(state, fields[index].name));
                    index += 1;
                }
                state
            }
            Self::Enum(variants) => {
                let mut state = number(byte(state, b'e'), variants.len() as u64);
                let mut index = 0;
                while index < variants.len() {
                    state = variants[index].shape.hash(text(state, variants[index].name));
                    index += 1;
                }
                state
            }
            Self::Never => byte(state, b'!'),
        }
    }

    /// Writes what `hash` hashes, from which [`Described`] can be read.
    pub(crate) fn write(&self, out: &mut Vec<u8>) {
        let number = |out: &mut Vec<u8>, number: usize| out.extend_from_slice(&(number as u64).to_le_bytes());
        let name = |out: &mut Vec<u8>, name: &str| {
            number(out, name.len());
            out.extend_from_slice(name.as_bytes());
        };
        match self {
            Self::Unit => out.push(b'u'),
            Self::Bool => out.push(b'b'),
            Self::Signed(bits) => out.extend_from_slice(&[b'i', *bits]),
            Self::Unsigned(bits) => out.extend_from_slice(&[b'n', *bits]),
            Self::Float(bits) => out.extend_from_slice(&[b'f', *bits]),
            Self::Char => out.push(b'c'),
            Self::Text => out.push(b't'),
            Self::Readable(inner) => {
                out.push(b'h');
                inner.write(out);
            }
            Self::Option(inner) => {
                out.push(b'o');
                inner.write(out);
            }
            Self::Sequence(inner) => {
                out.push(b's');
                inner.write(out);
            }
            Self::Array(inner, length) => {
                out.push(b'a');
                number(out, *length);
                inner.write(out);
            }
            Self::Tuple(items) => {
                out.push(b'p');
                number(out, items.len());
                items.iter().for_each(|item| item.write(out));
            }
            Self::Map(key, value) => {
                out.push(b'm');
                key.write(out);
                value.write(out);
            }
            Self::Struct(fields) => {
                out.push(b'r');
                number(out, fields.len());
                for field in *fields {
                    name(out, field.name);
                    field.shape.write(out);
                }
            }
            Self::Enum(variants) => {
                out.push(b'e');
                number(out, variants.len());
                for variant in *variants {
                    name(out, variant.name);
                    variant.shape.write(out);
                }
            }
            Self::Never => out.push(b'!'),
        }
    }
}

impl fmt::Display for Shape {
    /// A readable form in the manner of Rust types, such as `{ row: u32, column: u32 }`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&Described::from(self), f)
    }
}

pub(crate) const FNV_OFFSET: u64 = 0xcbf2_9ce4_8422_2325;
const FNV_PRIME: u64 = 0x0000_0100_0000_01b3;

/// One step of FNV-1a (Fowler, Noll, Vo; draft-eastlake-fnv).
pub(crate) const fn byte(state: u64, byte: u8) -> u64 {
    (state ^ byte as u64).wrapping_mul(FNV_PRIME)
}

const fn number(state: u64, value: u64) -> u64 {
    let bytes = value.to_le_bytes();
    let mut state = state;
    let mut index = 0;
    while index < bytes.len() {
        state = byte(state, bytes[index]);
        index += 1;
    }
    state
}

const fn text(state: u64, text: &str) -> u64 {
    let bytes = text.as_bytes();
    let mut state = number(state, bytes.len() as u64);
    let mut index = 0;
    while index < bytes.len() {
        state = byte(state, bytes[index]);
        index += 1;
    }
    state
}

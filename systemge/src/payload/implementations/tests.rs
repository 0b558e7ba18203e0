//! Every shape is what serde writes: the bytes of postcard are walked along the shape to their end, and so is JSON.

use std::fmt::Debug;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::*;

/// Takes a value of the shape from the front of what postcard has written.
fn walk(shape: &Shape, bytes: &mut &[u8]) -> Option<()> {
    match shape {
        Shape::Unit => {}
        Shape::Bool => {
            take(bytes, 1)?.first().filter(|byte| **byte < 2)?;
        }
        Shape::Signed(8) | Shape::Unsigned(8) => {
            take(bytes, 1)?;
        }
        Shape::Signed(bits) | Shape::Unsigned(bits) => {
            number(bytes).filter(|(_, used)| *used <= usize::from(bits / 7 + 1))?;
        }
        Shape::Float(bits) => {
            take(bytes, usize::from(*bits) / 8)?;
        }
        Shape::Char | Shape::Text => {
            let length = number(bytes)?.0 as usize;
            std::str::from_utf8(take(bytes, length)?).ok()?;
        }
        Shape::Readable(inner) => walk(inner, bytes)?,
        Shape::Option(inner) => match take(bytes, 1)? {
            [0] => {}
            [1] => walk(inner, bytes)?,
            _ => return None,
        },
        Shape::Sequence(inner) => {
            for _ in 0..number(bytes)?.0 {
                walk(inner, bytes)?;
            }
        }
        Shape::Array(inner, length) => {
            for _ in 0..*length {
                walk(inner, bytes)?;
            }
        }
        Shape::Tuple(items) => items.iter().try_for_each(|item| walk(item, bytes))?,
        Shape::Map(key, value) => {
            for _ in 0..number(bytes)?.0 {
                walk(key, bytes)?;
                walk(value, bytes)?;
            }
        }
        Shape::Struct(fields) => fields.iter().try_for_each(|field| walk(field.shape, bytes))?,
        Shape::Enum(variants) => walk(variants.get(number(bytes)?.0 as usize)?.shape, bytes)?,
        Shape::Never => return None,
    }
    Some(())
}

fn take<'b>(bytes: &mut &'b [u8], count: usize) -> Option<&'b [u8]> {
    let (front, rest) = bytes.split_at_checked(count)?;
    *bytes = rest;
    Some(front)
}

/// A number of variable length, and how many bytes it took.
fn number(bytes: &mut &[u8]) -> Option<(u128, usize)> {
    let used = bytes.iter().position(|byte| byte & 0x80 == 0)? + 1;
    let digits = take(bytes, used)?;
    Some((digits.iter().rev().fold(0, |number, byte| number << 7 | u128::from(byte & 0x7f)), used))
}

/// Whether JSON has the shape.
fn fits(shape: &Shape, json: &Value) -> bool {
    match (shape, json) {
        (Shape::Unit, Value::Null) | (Shape::Bool, Value::Bool(_)) => true,
        (Shape::Signed(_) | Shape::Unsigned(_) | Shape::Float(_), Value::Number(_)) => true,
        (Shape::Char | Shape::Text | Shape::Readable(_), Value::String(_)) => true,
        (Shape::Option(inner), json) => json.is_null() || fits(inner, json),
        (Shape::Sequence(inner), Value::Array(items)) => items.iter().all(|item| fits(inner, item)),
        (Shape::Array(inner, length), Value::Array(items)) => {
            items.len() == *length && items.iter().all(|item| fits(inner, item))
        }
        (Shape::Tuple(shapes), Value::Array(items)) => {
            items.len() == shapes.len() && shapes.iter().zip(items).all(|(shape, item)| fits(shape, item))
        }
        (Shape::Map(_, value), Value::Object(entries)) => entries.values().all(|entry| fits(value, entry)),
        (Shape::Struct(fields), Value::Object(entries)) => {
            entries.len() == fields.len()
                && fields
                    .iter()
                    .all(|field| entries.get(field.name).is_some_and(|entry| fits(field.shape, entry)))
        }
        (Shape::Enum(variants), Value::String(name)) => {
            variants.iter().any(|variant| variant.name == name && *variant.shape == Shape::Unit)
        }
        (Shape::Enum(variants), Value::Object(entry)) => {
            entry.len() == 1
                && variants
                    .iter()
                    .any(|variant| entry.get(variant.name).is_some_and(|value| fits(variant.shape, value)))
        }
        _ => false,
    }
}

/// A payload is written as its shape says, and read again.
#[track_caller]
fn check<T: Schema + Serialize + DeserializeOwned + PartialEq + Debug>(value: T) {
    check_written(&value);
    let bytes = postcard::to_stdvec(&value).expect("it can be written");
    assert_eq!(postcard::from_bytes::<T>(&bytes).as_ref(), Ok(&value));
    let json = serde_json::to_string(&value).expect("it can be written");
    assert_eq!(serde_json::from_str::<T>(&json).ok().as_ref(), Some(&value), "{json}");
}

/// A payload is written as its shape says.
#[track_caller]
fn check_written<T: Schema + Serialize>(value: &T) {
    let bytes = postcard::to_stdvec(value).expect("it can be written");
    let mut rest = &bytes[..];
    assert_eq!(walk(T::SHAPE, &mut rest), Some(()), "{bytes:?} is no {}", T::SHAPE);
    assert!(rest.is_empty(), "{bytes:?} is more than {}", T::SHAPE);
    let json = serde_json::to_value(value).expect("it can be written");
    assert!(fits(T::SHAPE, &json), "{json} is no {}", T::SHAPE);
}

#[test]
fn numbers_and_texts() {
    check(());
    check((true, false, 'x', '\u{1f600}', String::from("hä"), 1.5f32, -2.5f64));
    check((u8::MAX, u16::MAX, u32::MAX, u64::MAX, usize::MAX));
    check((i8::MIN, i16::MIN, i32::MIN, i64::MIN, isize::MIN));
    check((u128::from(u64::MAX), i128::from(i64::MIN)));
    check((
        NonZeroU8::MAX,
        NonZeroU16::MAX,
        NonZeroU32::MAX,
        NonZeroU64::MAX,
        NonZeroUsize::MAX,
        NonZeroU128::MIN,
    ));
    check((
        NonZeroI8::MIN,
        NonZeroI16::MIN,
        NonZeroI32::MIN,
        NonZeroI64::MIN,
        NonZeroIsize::MIN,
        NonZeroI128::MAX.min(NonZeroI128::new(1).expect("one")),
    ));
    check((Wrapping(200u8), Saturating(-3i64), Reverse(7u16)));
    check((PathBuf::from("/a/b"), CString::from(c"c")));
}

#[test]
fn owners_and_collections() {
    check((Box::new(1u8), Arc::new(2u16), Box::<str>::from("b"), Arc::<str>::from("a")));
    check((Box::<[u16]>::from([1, 300]), Arc::<[u8]>::from([1, 2]), Box::<Path>::from(Path::new("p"))));
    check((Cow::<'static, str>::Owned("c".to_owned()), Cow::<'static, [u32]>::Owned(vec![1, 2])));
    check(Box::<CStr>::from(c"c"));
    check((vec![1u32, 2], VecDeque::from([1u8]), LinkedList::from([(1u8, 'c')])));
    check((BTreeSet::from([1u16]), HashSet::from(["a".to_owned()])));
    check_written(&BinaryHeap::from([1u8, 2]));
    check((BTreeMap::from([("k".to_owned(), 1u8)]), HashMap::from([(7u32, Some(false))])));
    check((Some(1u8), None::<String>, [1u16; 4], [[(); 0]; 3]));
    check((PhantomData::<u8>, ((((((1u8,),),),),),)));
    check((1u8, 2u8, 3u8, 4u8, 5u8, 6u8, 7u8, 8u8, 9u8, 10u8, 11u8, 12u8));
    check_written(&(1u8, 2u8, 3u8, 4u8, 5u8, 6u8, 7u8, 8u8, 9u8, 10u8, 11u8, 12u8, 13u8, 14u8, 15u8, 'p'));
}

#[test]
fn ranges_times_and_addresses() {
    check((1u8..3, 1u32..=3, Bound::Included(1u8), Bound::Excluded('x'), Bound::<u8>::Unbounded));
    check((1u8.., ..7i64));
    check((Duration::new(1, 500), SystemTime::UNIX_EPOCH + Duration::new(1_800_000_000, 7)));
    for text in ["1.2.3.4", "2001:db8::1"] {
        check(text.parse::<IpAddr>().expect("an address"));
    }
    check((Ipv4Addr::LOCALHOST, Ipv6Addr::LOCALHOST));
    for text in ["1.2.3.4:80", "[2001:db8::1]:65535"] {
        check(text.parse::<SocketAddr>().expect("an address"));
    }
    check(SocketAddrV4::new(Ipv4Addr::LOCALHOST, 300));
    check(SocketAddrV6::new(Ipv6Addr::LOCALHOST, 300, 0, 0));
}

#[cfg(feature = "uuid")]
#[test]
fn uuids() {
    check(uuid::Uuid::from_u128(0x0123_4567_89ab_cdef_0123_4567_89ab_cdef));
    check(vec![Some(uuid::NonNilUuid::new(uuid::Uuid::max()).expect("it is not nil"))]);
}

#[cfg(feature = "chrono")]
#[test]
fn times_of_chrono() {
    use chrono::{DateTime, FixedOffset, Month, NaiveDate, TimeDelta, Utc, Weekday};

    let date = NaiveDate::from_ymd_opt(2026, 11, 23).expect("a date");
    let point = date.and_hms_nano_opt(9, 30, 0, 5).expect("a time");
    check((date, point.time(), point, Weekday::Mon, Month::November));
    check((
        TimeDelta::new(-3, 7).expect("a duration"),
        DateTime::<Utc>::from_naive_utc_and_offset(point, Utc),
    ));
    let offset = FixedOffset::east_opt(3600).expect("an offset");
    check(DateTime::<FixedOffset>::from_naive_utc_and_offset(point, offset));
}

#[cfg(feature = "time")]
#[test]
fn times_of_time() {
    use time::{Date, Duration, Month, OffsetDateTime, PrimitiveDateTime, Time, UtcOffset, Weekday};

    let date = Date::from_calendar_date(2026, Month::November, 23).expect("a date");
    let time = Time::from_hms_nano(9, 30, 0, 5).expect("a time");
    let offset = UtcOffset::from_hms(-3, -30, 0).expect("an offset");
    check((date, time, offset, Month::November, Weekday::Monday));
    check((PrimitiveDateTime::new(date, time), OffsetDateTime::new_in_offset(date, time, offset)));
    check((Duration::new(-3, -7), Duration::new(3, 7)));
}

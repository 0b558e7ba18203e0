//! [`Schema`] for types of other crates, each behind the feature of its name.

use super::Schema;
use super::shape::Shape;

macro_rules! plain {
    ($($type:ty => $shape:expr),* $(,)?) => {$(
        impl Schema for $type {
            const SHAPE: &'static Shape = &$shape;
        }
    )*};
}

#[cfg(feature = "uuid")]
plain! {
    uuid::Uuid => Shape::Readable(&Shape::Sequence(&Shape::Unsigned(8))),
    uuid::NonNilUuid => Shape::Readable(&Shape::Sequence(&Shape::Unsigned(8))),
}

// chrono writes text in every format
#[cfg(feature = "chrono")]
plain! {
    chrono::NaiveDate => Shape::Text,
    chrono::NaiveTime => Shape::Text,
    chrono::NaiveDateTime => Shape::Text,
    chrono::Weekday => Shape::Text,
    chrono::Month => Shape::Text,
    chrono::TimeDelta => Shape::Tuple(&[&Shape::Signed(64), &Shape::Signed(32)]),
    chrono::DateTime<chrono::Utc> => Shape::Text,
    chrono::DateTime<chrono::FixedOffset> => Shape::Text,
}

// with its feature `serde-human-readable`, which ours asks for, time writes text in JSON and numbers in postcard
#[cfg(feature = "time")]
mod time_shapes {
    use super::Shape;

    pub(super) const DATE: [&Shape; 2] = [&Shape::Signed(32), &Shape::Unsigned(16)];
    pub(super) const TIME: [&Shape; 4] =
        [&Shape::Unsigned(8), &Shape::Unsigned(8), &Shape::Unsigned(8), &Shape::Unsigned(32)];
    pub(super) const OFFSET: [&Shape; 3] = [&Shape::Signed(8), &Shape::Signed(8), &Shape::Signed(8)];

    /// The parts of a point in time, one after the other.
    pub(super) const fn together<const N: usize>(parts: &[&[&'static Shape]]) -> [&'static Shape; N] {
        let mut all = [&Shape::Unit as &'static Shape; N];
        let (mut count, mut part) = (0, 0);
        while part < parts.len() {
            let mut index = 0;
            while index < parts[part].len() {
                all[count] = parts[part][index];
                count += 1;
                index += 1;
            }
            part += 1;
        }
        all
    }
}

#[cfg(feature = "time")]
plain! {
    time::Date => Shape::Readable(&Shape::Tuple(&time_shapes::DATE)),
    time::Time => Shape::Readable(&Shape::Tuple(&time_shapes::TIME)),
    time::UtcOffset => Shape::Readable(&Shape::Tuple(&time_shapes::OFFSET)),
    time::PrimitiveDateTime => Shape::Readable(&Shape::Tuple(
        &const { time_shapes::together::<6>(&[&time_shapes::DATE, &time_shapes::TIME]) }
    )),
    time::OffsetDateTime => Shape::Readable(&Shape::Tuple(
        &const { time_shapes::together::<9>(&[&time_shapes::DATE, &time_shapes::TIME, &time_shapes::OFFSET]) }
    )),
    time::Duration => Shape::Readable(&Shape::Tuple(&[&Shape::Signed(64), &Shape::Signed(32)])),
    time::Month => Shape::Readable(&Shape::Unsigned(8)),
    time::Weekday => Shape::Readable(&Shape::Unsigned(8)),
}

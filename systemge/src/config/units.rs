//! Values with units: durations, sizes and addresses, with errors that say how they are written.

use std::fmt;
use std::net::SocketAddr;
use std::ops::RangeInclusive;
use std::time::Duration;

use humantime_serde::re::humantime;
use ipnet::IpNet;
use serde::de::{Deserialize, Deserializer, Error, Unexpected, Visitor};

use crate::access::parse_network;

use super::web::Rate;

/// A duration with its unit.
pub(super) fn duration<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    deserializer.deserialize_str(Text {
        expected: "a duration with its unit, such as \"250ms\", \"10s\" or \"5m\"",
        parse: |text| humantime::parse_duration(text).ok(),
    })
}

/// A duration with its unit, if it is one.
#[cfg(feature = "dashboard")]
pub(crate) fn parse_duration(text: &str) -> Option<Duration> {
    humantime::parse_duration(text).ok()
}

/// An address and a port.
pub(super) fn socket_address<'de, D: Deserializer<'de>>(deserializer: D) -> Result<SocketAddr, D::Error> {
    deserializer.deserialize_str(Text {
        expected: "an IP address and a port, such as \"127.0.0.1:8080\" or \"[::1]:8080\"",
        parse: |text| text.parse().ok(),
    })
}

/// Something that is read in a way of its own, or nothing.
macro_rules! optional {
    ($(#[$doc:meta])* $name:ident: $read:ident -> $type:ty) => {
        $(#[$doc])*
        pub(super) fn $name<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<$type>, D::Error> {
            struct Inside($type);
            impl<'de> Deserialize<'de> for Inside {
                fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                    $read(deserializer).map(Self)
                }
            }
            Ok(Option::<Inside>::deserialize(deserializer)?.map(|inside| inside.0))
        }
    };
}

optional! {
    /// A duration with its unit, or nothing.
    optional_duration: duration -> Duration
}
optional! {
    /// An address and a port, or nothing.
    optional_socket_address: socket_address -> SocketAddr
}
optional! {
    /// A size in bytes, or nothing.
    optional_bytes: bytes -> usize
}
optional! {
    /// The size of a frame in bytes, or nothing.
    optional_frame_bytes: frame_bytes -> u32
}
optional! {
    /// Addresses and ranges of addresses, or nothing.
    optional_networks: networks -> Vec<IpNet>
}

/// Addresses and ranges of addresses.
pub(super) fn networks<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<IpNet>, D::Error> {
    struct Network(IpNet);
    impl<'de> Deserialize<'de> for Network {
        fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            deserializer.deserialize_str(NetworkText)
        }
    }
    struct NetworkText;
    impl Visitor<'_> for NetworkText {
        type Value = Network;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an address or a range of addresses, such as \"192.0.2.7\" or \"10.0.0.0/8\"")
        }

        fn visit_str<E: Error>(self, text: &str) -> Result<Network, E> {
            parse_network(text).map(Network).map_err(E::custom)
        }
    }
    let networks = Vec::<Network>::deserialize(deserializer)?;
    Ok(networks.into_iter().map(|network| network.0).collect())
}

/// How often something may happen.
pub(super) fn rate<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Rate, D::Error> {
    deserializer.deserialize_str(Text {
        expected: "a number and a time, such as \"100/1s\" or \"1/500ms\", or \"off\"",
        parse: parse_rate,
    })
}

fn parse_rate(text: &str) -> Option<Rate> {
    if text == "off" {
        return Some(Rate::UNLIMITED);
    }
    let (count, per) = text.split_once('/')?;
    let rate = Rate { count: count.trim().parse().ok()?, per: humantime::parse_duration(per.trim()).ok()? };
    (!rate.is_unlimited()).then_some(rate)
}

/// A size in bytes.
pub(super) fn bytes<'de, D: Deserializer<'de>>(deserializer: D) -> Result<usize, D::Error> {
    let bytes = deserializer.deserialize_any(Size { range: 0..=usize::MAX as u64 })?;
    usize::try_from(bytes).map_err(Error::custom)
}

/// The size of a frame in bytes.
pub(super) fn frame_bytes<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u32, D::Error> {
    let range = u64::from(*FRAME_BYTES.start())..=u64::from(*FRAME_BYTES.end());
    let bytes = deserializer.deserialize_any(Size { range })?;
    u32::try_from(bytes).map_err(Error::custom)
}

/// What `limits.frame_bytes` may be: a handshake fits into the smallest, and the largest is 256 MiB.
pub(super) const FRAME_BYTES: RangeInclusive<u32> = 8192..=256 * 1024 * 1024;

/// What is written as a text, and read by a function.
pub(super) struct Text<T> {
    pub(super) expected: &'static str,
    pub(super) parse: fn(&str) -> Option<T>,
}

impl<T> Visitor<'_> for Text<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.expected)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<T, E> {
        (self.parse)(text).ok_or_else(|| E::invalid_value(Unexpected::Str(text), &self))
    }
}

struct Size {
    range: RangeInclusive<u64>,
}

impl Visitor<'_> for Size {
    type Value = u64;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a size in bytes")?;
        if *self.range.end() < usize::MAX as u64 {
            write!(f, " from {} to {}", self.range.start(), self.range.end())?;
        }
        write!(f, ", as a whole number or with a unit such as \"64KiB\" or \"16MiB\"")
    }

    fn visit_u64<E: Error>(self, size: u64) -> Result<u64, E> {
        if self.range.contains(&size) {
            Ok(size)
        } else {
            Err(E::invalid_value(Unexpected::Unsigned(size), &self))
        }
    }

    fn visit_i64<E: Error>(self, size: i64) -> Result<u64, E> {
        match u64::try_from(size) {
            Ok(size) => self.visit_u64(size),
            Err(_) => Err(E::invalid_value(Unexpected::Signed(size), &self)),
        }
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<u64, E> {
        parse_size(text)
            .filter(|size| self.range.contains(size))
            .ok_or_else(|| E::invalid_value(Unexpected::Str(text), &self))
    }
}

/// A whole number and a unit: `B`, `KiB`, `MiB` or `GiB`. Units of a thousand are left out, since nobody agrees on
/// what `MB` is.
fn parse_size(text: &str) -> Option<u64> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at(digits);
    let factor: u64 = match unit.trim_start() {
        "B" | "" => 1,
        "KiB" => 1 << 10,
        "MiB" => 1 << 20,
        "GiB" => 1 << 30,
        _ => return None,
    };
    number.parse::<u64>().ok()?.checked_mul(factor)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_has_a_number_and_a_time() {
        let check = |text: &str, expected: Option<(u32, u64)>| {
            let expected = expected.map(|(count, millis)| Rate { count, per: Duration::from_millis(millis) });
            assert_eq!(parse_rate(text), expected, "{text}");
        };
        check("100/1s", Some((100, 1000)));
        check("1 / 500ms", Some((1, 500)));
        check("off", Some((0, 0)));
        for wrong in ["", "100", "0/1s", "1/0s", "-1/1s", "1/1", "1/s", "99999999999/1s", "1/1s/1s"] {
            check(wrong, None);
        }
    }

    #[test]
    fn a_size_has_a_number_and_a_unit_of_powers_of_two() {
        let check = |text: &str, expected: Option<u64>| assert_eq!(parse_size(text), expected, "{text}");
        check("8192", Some(8192));
        check("8192 B", Some(8192));
        check("64KiB", Some(65_536));
        check("16 MiB", Some(16 << 20));
        check("2GiB", Some(2 << 30));
        check("16MB", None);
        check("MiB", None);
        check("", None);
        check("-1", None);
        check("1.5MiB", None);
        check("99999999999GiB", None);
        check("٣", None);
    }
}

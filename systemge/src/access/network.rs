//! Ranges of addresses as people write them.

use std::net::{IpAddr, Ipv6Addr};

use ipnet::{IpNet, Ipv4Net};

/// Why a text is no range of addresses. The caller's or the configuration's mistake.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NetworkError {
    /// It is neither an address nor one with a prefix.
    #[error(
        "`{0}` is neither an address nor a range of addresses; they read `192.0.2.7`, `10.0.0.0/8`, `2001:db8::/32`"
    )]
    Unreadable(String),
    /// The address goes on after its prefix, so that it is not clear which of the two is meant.
    #[error("`{text}` has an address that goes on after its prefix; did you mean `{range}` or `{address}`?")]
    HostBits {
        /// What was read.
        text: String,
        /// The whole range.
        range: IpNet,
        /// The address alone.
        address: IpAddr,
    },
}

/// Reads an address, or a range of addresses: `192.0.2.7`, `10.0.0.0/8`, `2001:db8::/32`.
///
/// IPv4 addresses within IPv6 (`::ffff:192.0.2.7`) become the IPv4 addresses that they are, as those of peers do.
///
/// # Errors
///
/// If it is neither, or if the address goes on after its prefix (`10.1.2.3/8`), where it is not clear what is meant.
pub fn parse_network(text: &str) -> Result<IpNet, NetworkError> {
    if let Ok(address) = text.parse::<IpAddr>() {
        return Ok(address.to_canonical().into());
    }
    let network: IpNet = text.parse().map_err(|_| NetworkError::Unreadable(text.to_owned()))?;
    if network.trunc() != network {
        let (range, address) = (network.trunc(), network.addr());
        return Err(NetworkError::HostBits { text: text.to_owned(), range, address });
    }
    Ok(canonical(network))
}

/// A range without host bits, and within IPv4 if it lies within the IPv4 addresses of IPv6.
pub(super) fn canonical(network: IpNet) -> IpNet {
    let network = network.trunc();
    if let IpNet::V6(v6) = network
        && v6.prefix_len() >= MAPPED_PREFIX
        && let Some(v4) = v6.network().to_ipv4_mapped()
        && let Ok(v4) = Ipv4Net::new(v4, v6.prefix_len() - MAPPED_PREFIX)
    {
        return IpNet::V4(v4);
    }
    network
}

/// How many bits stand before an IPv4 address within IPv6 (RFC 4291, section 2.5.5.2).
const MAPPED_PREFIX: u8 = 96;
const _: () = assert!(MAPPED_PREFIX as u32 + u32::BITS == Ipv6Addr::BITS);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_is_read_or_says_why_not() {
        let check = |text: &str, expected: Result<&str, &str>| {
            let parsed = parse_network(text);
            let parsed = parsed.map(|network| network.to_string()).map_err(|error| error.to_string());
            match expected {
                Ok(network) => assert_eq!(parsed.as_deref(), Ok(network), "{text}"),
                Err(part) => assert!(parsed.as_ref().is_err_and(|why| why.contains(part)), "{parsed:?}"),
            }
        };
        check("192.0.2.7", Ok("192.0.2.7/32"));
        check("10.0.0.0/8", Ok("10.0.0.0/8"));
        check("0.0.0.0/0", Ok("0.0.0.0/0"));
        check("2001:db8::/32", Ok("2001:db8::/32"));
        check("::1", Ok("::1/128"));
        check("::ffff:192.0.2.7", Ok("192.0.2.7/32"));
        check("::ffff:10.0.0.0/104", Ok("10.0.0.0/8"));
        check("10.1.2.3/8", Err("did you mean `10.0.0.0/8` or `10.1.2.3`"));
        check("10.0.0.0/33", Err("neither"));
        check("example.org", Err("neither"));
        check("10.0.0.0/8 ", Err("neither"));
        check("", Err("neither"));
    }
}

//! How many handshakes may be under way at the same time.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Bounds the handshakes that are under way at the same time, in all and from one address.
#[derive(Debug)]
pub(crate) struct Handshakes {
    all: Arc<Semaphore>,
    per_address: usize,
    /// Only addresses with a handshake under way, so that there are never more than handshakes.
    by_address: Mutex<HashMap<IpAddr, usize>>,
}

/// A handshake that is under way. Dropping it makes its place free.
#[derive(Debug)]
pub(crate) struct Handshake {
    _permit: OwnedSemaphorePermit,
    of: Option<(Arc<Handshakes>, IpAddr)>,
}

/// Why a handshake may not begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Crowded {
    /// There are too many in all.
    InAll,
    /// There are too many from that address.
    FromAddress,
}

impl Handshakes {
    pub(crate) fn new(all: usize, per_address: usize) -> Arc<Self> {
        let all = Arc::new(Semaphore::new(all.min(Semaphore::MAX_PERMITS)));
        Arc::new(Self { all, per_address, by_address: Mutex::default() })
    }

    /// Begins one; somebody without an address, within the process, counts only in all.
    pub(crate) fn begin(self: &Arc<Self>, address: Option<IpAddr>) -> Result<Handshake, Crowded> {
        let permit = self.all.clone().try_acquire_owned().map_err(|_| Crowded::InAll)?;
        let Some(origin) = address.map(origin) else { return Ok(Handshake { _permit: permit, of: None }) };
        let mut by_address = self.by_address();
        let count = by_address.entry(origin).or_default();
        if *count >= self.per_address {
            return Err(Crowded::FromAddress);
        }
        *count += 1;
        drop(by_address);
        Ok(Handshake { _permit: permit, of: Some((self.clone(), origin)) })
    }

    fn by_address(&self) -> MutexGuard<'_, HashMap<IpAddr, usize>> {
        // nothing that panics runs under the lock
        self.by_address.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Handshake {
    fn drop(&mut self) {
        let Some((handshakes, origin)) = &self.of else { return };
        let mut by_address = handshakes.by_address();
        if let Some(count) = by_address.get_mut(origin) {
            *count -= 1;
            if *count == 0 {
                by_address.remove(origin);
            }
        }
    }
}

/// What counts as one address: of IPv6 a network of 64 bits, since whoever has one address there has all of it.
fn origin(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits() & !u128::from(u64::MAX))),
        v4 @ IpAddr::V4(_) => v4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> Option<IpAddr> {
        Some(text.parse().expect("an address"))
    }

    #[test]
    fn one_address_cannot_take_all_places() {
        let handshakes = Handshakes::new(4, 2);
        let first = handshakes.begin(address("192.0.2.1")).expect("a place");
        let _second = handshakes.begin(address("::ffff:192.0.2.1")).expect("a place");
        assert_eq!(handshakes.begin(address("192.0.2.1")).err(), Some(Crowded::FromAddress));
        let _other = handshakes.begin(address("192.0.2.2")).expect("a place");
        drop(first);
        let _again = handshakes.begin(address("192.0.2.1")).expect("the place is free again");
        let _local = handshakes.begin(None).expect("the last place");
        assert_eq!(handshakes.begin(address("192.0.2.3")).err(), Some(Crowded::InAll));
        assert_eq!(handshakes.begin(None).err(), Some(Crowded::InAll));
    }

    #[test]
    fn a_network_of_ipv6_is_one_address() {
        let handshakes = Handshakes::new(4, 1);
        let first = handshakes.begin(address("2001:db8:0:1::1")).expect("a place");
        assert_eq!(handshakes.begin(address("2001:db8:0:1:ffff::2")).err(), Some(Crowded::FromAddress));
        let _other = handshakes.begin(address("2001:db8:0:2::1")).expect("a place");
        drop(first);
        assert_eq!(handshakes.by_address().len(), 1, "who is gone is forgotten");
    }
}

//! Lists of who may connect and who may not.

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

use ipnet::IpNet;
use tokio::sync::watch;

use super::network::canonical;

/// Who may connect and who may not, by address.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct AccessRules {
    /// Who may connect. Default: `None`, which is everyone; an empty list is nobody.
    pub allow: Option<Vec<IpNet>>,
    /// Who may not, whatever `allow` says. Default: nobody.
    pub deny: Vec<IpNet>,
}

impl AccessRules {
    /// Lists of that content; `None` allows everyone.
    #[must_use]
    pub fn new(allow: Option<Vec<IpNet>>, deny: Vec<IpNet>) -> Self {
        let canonical = |networks: Vec<IpNet>| networks.into_iter().map(canonical).collect();
        Self { allow: allow.map(canonical), deny: canonical(deny) }
    }

    /// Whether an address may connect. An IPv4 address within IPv6 counts as what it is.
    #[must_use]
    pub fn allows(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        let contains = |networks: &[IpNet]| networks.iter().any(|network| network.contains(&address));
        !contains(&self.deny) && self.allow.as_deref().is_none_or(contains)
    }
}

impl fmt::Display for AccessRules {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let list = |f: &mut fmt::Formatter<'_>, networks: &[IpNet]| {
            networks.iter().try_for_each(|network| write!(f, " {network}"))
        };
        f.write_str("allow")?;
        match self.allow.as_deref() {
            None => f.write_str(" everyone")?,
            Some([]) => f.write_str(" nobody")?,
            Some(networks) => list(f, networks)?,
        }
        if !self.deny.is_empty() {
            f.write_str("; deny")?;
            list(f, &self.deny)?;
        }
        Ok(())
    }
}

/// Who may connect to a listener, changeable while it listens. Cloning is cheap; all clones are the same lists.
///
/// A change holds at once, for newcomers and for whoever is connected already: a peer whose address may no longer
/// connect is disconnected. It lasts as long as the program, across stops and starts of the node, and is written
/// nowhere.
#[derive(Debug, Clone)]
pub struct AccessList {
    rules: Arc<watch::Sender<Arc<AccessRules>>>,
}

impl AccessList {
    /// Lists that begin with these rules.
    #[must_use]
    pub fn new(rules: AccessRules) -> Self {
        Self { rules: Arc::new(watch::Sender::new(Arc::new(rules))) }
    }

    /// What holds now.
    #[must_use]
    pub fn rules(&self) -> Arc<AccessRules> {
        self.rules.borrow().clone()
    }

    /// Whether an address may connect.
    #[must_use]
    pub fn allows(&self, address: IpAddr) -> bool {
        self.rules.borrow().allows(address)
    }

    /// Puts other rules in the place of all.
    pub fn set(&self, rules: AccessRules) {
        let AccessRules { allow, deny } = rules;
        self.rules.send_replace(Arc::new(AccessRules::new(allow, deny)));
    }

    /// Adds to those who may connect. Where everyone was allowed, only these are from now on. Returns whether that
    /// changes anything.
    pub fn add_allowed(&self, network: IpNet) -> bool {
        self.change(|rules| add(rules.allow.get_or_insert_default(), network))
    }

    /// Removes from those who may connect; if it was the last, nobody may. Returns whether it was there.
    pub fn remove_allowed(&self, network: IpNet) -> bool {
        self.change(|rules| rules.allow.as_mut().is_some_and(|allow| remove(allow, network)))
    }

    /// Adds to those who may not connect. Returns whether that changes anything.
    pub fn add_denied(&self, network: IpNet) -> bool {
        self.change(|rules| add(&mut rules.deny, network))
    }

    /// Removes from those who may not connect. Returns whether it was there.
    pub fn remove_denied(&self, network: IpNet) -> bool {
        self.change(|rules| remove(&mut rules.deny, network))
    }

    /// Waits until an address may not connect any more; at once, if it may not now.
    ///
    /// Cancel safe.
    pub async fn denied(&self, address: IpAddr) {
        let mut rules = self.rules.subscribe();
        // the sender lives as long as this list, so that waiting never fails
        let _ = rules.wait_for(|rules| !rules.allows(address)).await;
    }

    fn change(&self, change: impl FnOnce(&mut AccessRules) -> bool) -> bool {
        self.rules.send_if_modified(|rules| change(Arc::make_mut(rules)))
    }
}

impl Default for AccessList {
    /// Lists that begin with everyone.
    fn default() -> Self {
        Self::new(AccessRules::default())
    }
}

fn add(networks: &mut Vec<IpNet>, network: IpNet) -> bool {
    let network = canonical(network);
    let is_new = !networks.contains(&network);
    if is_new {
        networks.push(network);
    }
    is_new
}

fn remove(networks: &mut Vec<IpNet>, network: IpNet) -> bool {
    let (network, before) = (canonical(network), networks.len());
    networks.retain(|other| *other != network);
    networks.len() != before
}

#[cfg(test)]
mod tests {
    use super::super::parse_network;
    use super::*;

    fn network(text: &str) -> IpNet {
        parse_network(text).expect("a range")
    }

    fn rules(allow: Option<&[&str]>, deny: &[&str]) -> AccessRules {
        let networks = |texts: &[&str]| texts.iter().map(|text| network(text)).collect();
        AccessRules::new(allow.map(networks), networks(deny))
    }

    #[test]
    fn deny_goes_before_allow_and_an_empty_list_is_nobody() {
        let check = |allow: Option<&[&str]>, deny: &[&str], address: &str, expected: bool| {
            let address = address.parse().expect("an address");
            assert_eq!(rules(allow, deny).allows(address), expected, "{allow:?} {deny:?} {address}");
        };
        check(None, &[], "192.0.2.7", true);
        check(None, &["192.0.2.0/24"], "192.0.2.7", false);
        check(None, &["192.0.2.0/24"], "192.0.3.7", true);
        check(Some(&[]), &[], "192.0.2.7", false);
        check(Some(&["192.0.2.0/24"]), &[], "192.0.2.7", true);
        check(Some(&["192.0.2.0/24"]), &[], "192.0.3.7", false);
        check(Some(&["192.0.2.0/24"]), &["192.0.2.7"], "192.0.2.7", false);
        check(Some(&["192.0.2.0/24"]), &["192.0.2.7"], "192.0.2.8", true);
        // the same address in IPv6
        check(None, &["192.0.2.0/24"], "::ffff:192.0.2.7", false);
        check(None, &["::ffff:192.0.2.0/120"], "192.0.2.7", false);
        check(Some(&["2001:db8::/32"]), &[], "2001:db8::1", true);
        check(Some(&["2001:db8::/32"]), &[], "192.0.2.7", false);
        check(None, &["::/0"], "192.0.2.7", true);
    }

    #[test]
    fn a_change_says_whether_it_changed_anything() {
        let list = AccessList::default();
        assert!(list.add_denied(network("192.0.2.0/24")));
        assert!(!list.add_denied(network("::ffff:192.0.2.0/120")), "it is the same");
        assert!(list.add_allowed(network("10.0.0.0/8")));
        assert_eq!(list.rules().to_string(), "allow 10.0.0.0/8; deny 192.0.2.0/24");
        assert!(list.remove_denied(network("192.0.2.0/24")) && !list.remove_denied(network("192.0.2.0/24")));
        assert!(list.remove_allowed(network("10.0.0.0/8")));
        assert_eq!(list.rules().to_string(), "allow nobody");
        list.set(AccessRules::default());
        assert_eq!(list.rules().to_string(), "allow everyone");
        assert!(!list.remove_allowed(network("10.0.0.0/8")));
    }

    #[tokio::test]
    async fn who_is_denied_later_is_told_then() {
        let list = AccessList::default();
        let mut denied = std::pin::pin!(list.denied([192, 0, 2, 7].into()));
        assert!(futures_util::poll!(&mut denied).is_pending());
        list.add_denied(network("192.0.2.8"));
        assert!(futures_util::poll!(&mut denied).is_pending());
        list.add_denied(network("192.0.2.0/28"));
        assert!(futures_util::poll!(&mut denied).is_ready());
        list.denied([192, 0, 2, 9].into()).await;
    }
}

//! What single peers may do.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use serde::Deserialize;
use serde::de::{Deserializer, Error, Visitor};

use super::{NodeConfig, Secret};

/// What one peer may do, and how it proves who it is: `[nodes.NAME.peers.PEER]`. The section `[nodes.NAME.peers."*"]` is
/// for all peers that have none of their own, and for those that have not proved who they are.
///
/// As soon as one section has a list, that list is in force for every peer: what is not allowed is refused.
///
/// ```toml
/// [nodes.life]
/// secret_file = "secret"
///
/// [nodes.life.peers.gateway]
/// may_send = ["game/*", "chat"]
///
/// [nodes.life.peers."*"]
/// may_send = ["chat"]
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct PeerConfig {
    /// The topics that the peer may send to this node. Default: those of `"*"`; if that has no list either, nothing
    /// where any other section has one, and everything otherwise.
    pub may_send: Option<Vec<TopicPattern>>,
    /// The topics that this node accepts from the peer's announcements. Default: as with `may_send`.
    pub may_announce: Option<Vec<TopicPattern>>,
    /// The secret that this node shares with that peer alone. Default: that of the listener or of the node.
    pub secret: Option<Secret>,
    /// The file of that secret.
    pub secret_file: Option<PathBuf>,
}

impl PeerConfig {
    /// A section that says nothing.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the topics that the peer may send to this node.
    #[must_use]
    pub fn may_send(mut self, topics: impl IntoIterator<Item = TopicPattern>) -> Self {
        self.may_send = Some(topics.into_iter().collect());
        self
    }

    /// Sets the topics that this node accepts from the peer's announcements.
    #[must_use]
    pub fn may_announce(mut self, topics: impl IntoIterator<Item = TopicPattern>) -> Self {
        self.may_announce = Some(topics.into_iter().collect());
        self
    }

    /// Sets the secret that this node shares with that peer alone.
    #[must_use]
    pub fn secret(mut self, secret: Secret) -> Self {
        self.secret = Some(secret);
        self
    }

    pub(super) const fn has_secret(&self) -> bool {
        self.secret.is_some() || self.secret_file.is_some()
    }
}

impl NodeConfig {
    pub(super) const fn has_secret(&self) -> bool {
        self.secret.is_some() || self.secret_file.is_some()
    }

    /// The topics that a peer may send; `None` for all. Without a proof of its name, it is any peer.
    pub(crate) fn may_send(&self, identity: Option<&str>) -> Option<&[TopicPattern]> {
        self.allowed(identity, |peer| peer.may_send.as_deref())
    }

    /// The topics that a peer may announce; `None` for all. Without a proof of its name, it is any peer.
    pub(crate) fn may_announce(&self, identity: Option<&str>) -> Option<&[TopicPattern]> {
        self.allowed(identity, |peer| peer.may_announce.as_deref())
    }

    fn allowed<'a>(
        &'a self,
        identity: Option<&str>,
        list: impl Fn(&'a PeerConfig) -> Option<&'a [TopicPattern]>,
    ) -> Option<&'a [TopicPattern]> {
        if self.peers.values().all(|peer| list(peer).is_none()) {
            return None;
        }
        let of = |name: &str| self.peers.get(name).and_then(&list);
        // `*` is no name that a peer can have
        Some(identity.and_then(of).or_else(|| of(ANY)).unwrap_or_default())
    }
}

/// The name of the section for all peers that have none.
pub(super) const ANY: &str = "*";

/// The name of a topic, or how the names of several begin: `chat`, `game/*`, `*`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TopicPattern {
    start: String,
    /// Whether anything may follow.
    open: bool,
}

impl TopicPattern {
    /// Whether a topic of that name is meant.
    #[must_use]
    pub fn matches(&self, topic: &str) -> bool {
        if self.open { topic.starts_with(&self.start) } else { topic == self.start }
    }
}

/// Why a text is no pattern of topics. The caller's or the configuration's mistake.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is neither the name of a topic nor the start of one with `*` behind it, such as `chat` or `game/*`"
)]
pub struct TopicPatternError(String);

impl FromStr for TopicPattern {
    type Err = TopicPatternError;

    fn from_str(text: &str) -> Result<Self, TopicPatternError> {
        let (start, open) = match text.strip_suffix('*') {
            Some(start) => (start, true),
            None => (text, false),
        };
        if crate::topic::is_topic_name(start) || (open && start.is_empty()) {
            Ok(Self { start: start.to_owned(), open })
        } else {
            Err(TopicPatternError(text.to_owned()))
        }
    }
}

impl fmt::Display for TopicPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.start, if self.open { "*" } else { "" })
    }
}

impl<'de> Deserialize<'de> for TopicPattern {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct PatternVisitor;
        impl Visitor<'_> for PatternVisitor {
            type Value = TopicPattern;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("the name of a topic, or the start of one with `*` behind it")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<TopicPattern, E> {
                text.parse().map_err(E::custom)
            }
        }
        deserializer.deserialize_str(PatternVisitor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn patterns(texts: &[&str]) -> Vec<TopicPattern> {
        texts.iter().map(|text| text.parse().expect("a pattern")).collect()
    }

    #[test]
    fn a_pattern_is_a_name_or_the_start_of_one() {
        let check = |pattern: &str, topic: &str, expected: bool| {
            assert_eq!(patterns(&[pattern])[0].matches(topic), expected, "{pattern} {topic}");
        };
        check("chat", "chat", true);
        check("chat", "chats", false);
        check("game/*", "game/1/move", true);
        check("game/*", "game", false);
        check("*", "anything", true);
        for wrong in ["", "a*b", "**", "a b", "game/?"] {
            assert!(wrong.parse::<TopicPattern>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_list_in_one_section_is_in_force_for_every_peer() {
        let gateway = PeerConfig::new().may_send(patterns(&["game/*"]));
        let config = NodeConfig::new().peer("gateway", gateway);
        assert_eq!(config.may_announce(Some("gateway")), None, "no section has such a list");
        assert_eq!(config.may_send(Some("gateway")), Some(&patterns(&["game/*"])[..]));
        assert_eq!(config.may_send(Some("other")), Some(&[][..]));
        assert_eq!(config.may_send(None), Some(&[][..]));

        let config = config.peer("*", PeerConfig::new().may_send(patterns(&["chat"])));
        let config = config.peer("player", PeerConfig::new().secret(Secret::new("correct horse battery")));
        assert_eq!(config.may_send(Some("gateway")), Some(&patterns(&["game/*"])[..]));
        for other in [Some("player"), Some("other"), None, Some("*")] {
            assert_eq!(config.may_send(other), Some(&patterns(&["chat"])[..]), "{other:?}");
        }
        assert_eq!(NodeConfig::new().may_send(Some("gateway")), None);
    }
}

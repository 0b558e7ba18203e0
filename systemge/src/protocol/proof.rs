//! How two nodes prove to each other that they know the same secret, without ever sending it.
//!
//! Challenge and response in both directions, by HMAC-SHA256 (RFC 2104, FIPS 180-4) over all that makes this handshake
//! what it is: both nonces, both names and instances, the role of the one who proves, and what binds it to the channel
//! below. A proof that was heard once is worth nothing in another handshake, nor for the other role.

use crate::config::Secret;

/// Random bytes that a side has chosen for this handshake alone.
pub(crate) type Nonce = [u8; 32];
/// HMAC-SHA256 of a handshake.
pub(crate) type Tag = [u8; 32];

/// What makes a handshake what it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Transcript {
    pub(crate) dialling: Party,
    pub(crate) accepting: Party,
    /// What both ends of the channel below know and nobody else (RFC 9266), if it has such a thing.
    pub(crate) binding: Option<[u8; 32]>,
}

/// One side of a handshake.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Party {
    pub(crate) nonce: Nonce,
    pub(crate) instance: u128,
    pub(crate) name: String,
}

/// Who proves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    Dialling = 0,
    Accepting = 1,
}

impl Transcript {
    /// The bytes of which a proof is the HMAC. Every part has one length, or says it, so that no two handshakes have
    /// the same.
    pub(crate) fn bytes(&self, role: Role) -> Vec<u8> {
        let Self { dialling, accepting, binding } = self;
        let mut bytes = b"systemge/1 proof".to_vec();
        bytes.push(role as u8);
        for party in [dialling, accepting] {
            bytes.extend_from_slice(&party.nonce);
            bytes.extend_from_slice(&party.instance.to_le_bytes());
            super::wire::put_short_text(&mut bytes, &party.name);
        }
        bytes.push(u8::from(binding.is_some()));
        bytes.extend(binding.iter().flatten());
        bytes
    }

    /// The proof of a side that knows the secret; `None` in a build without the feature `secret`.
    #[cfg(feature = "secret")]
    pub(crate) fn prove(&self, secret: &Secret, role: Role) -> Option<Tag> {
        use hmac::Mac as _;
        Some(mac(secret)?.chain_update(self.bytes(role)).finalize().into_bytes().into())
    }

    /// Whether a proof is that of a side that knows the secret. Takes as long for a wrong proof as for a right one.
    #[cfg(feature = "secret")]
    pub(crate) fn is_proved(&self, secret: &Secret, role: Role, proof: &Tag) -> bool {
        use hmac::Mac as _;
        mac(secret).is_some_and(|mac| mac.chain_update(self.bytes(role)).verify_slice(proof).is_ok())
    }

    #[cfg(not(feature = "secret"))]
    pub(crate) fn prove(&self, _: &Secret, role: Role) -> Option<Tag> {
        let _ = self.bytes(role);
        None
    }

    #[cfg(not(feature = "secret"))]
    pub(crate) fn is_proved(&self, _: &Secret, role: Role, _: &Tag) -> bool {
        let _ = self.bytes(role);
        false
    }
}

#[cfg(feature = "secret")]
fn mac(secret: &Secret) -> Option<hmac::Hmac<sha2::Sha256>> {
    use hmac::KeyInit as _;
    // HMAC takes keys of every length
    hmac::Hmac::new_from_slice(secret.reveal().as_bytes()).ok()
}

/// A nonce; `None` if the operating system has no random bytes, or in a build without the feature `secret`.
#[cfg(feature = "secret")]
pub(crate) fn nonce() -> Option<Nonce> {
    let mut nonce = [0; 32];
    getrandom::fill(&mut nonce).ok().map(|()| nonce)
}

#[cfg(not(feature = "secret"))]
pub(crate) const fn nonce() -> Option<Nonce> {
    None
}

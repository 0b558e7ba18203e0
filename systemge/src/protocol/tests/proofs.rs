//! Two sessions that share a secret, and those that don't.

use std::time::Instant;

use proptest::prelude::*;

use super::pair::settings;
use crate::config::Secret;
use crate::protocol::MAGIC;
use crate::protocol::frame::{Challenge, Frame, Violation};
use crate::protocol::proof::{Party, Role, Transcript};
use crate::protocol::session::{Event, Session, Step};

/// One side that shares a secret, or doesn't.
struct Side {
    session: Session,
    secret: Option<Secret>,
    nonce: [u8; 32],
    binding: Option<[u8; 32]>,
    out: Vec<u8>,
    /// Whether it is let in, or has let the other in.
    is_in: bool,
}

impl Side {
    fn new(dialler: bool, secret: Option<&str>) -> Self {
        let (mut out, now) = (Vec::new(), Instant::now());
        let session = if dialler {
            Session::dial(settings(), "player", 7, now, &mut out)
        } else {
            Session::accept(settings(), now)
        };
        let nonce = [if dialler { 1 } else { 2 }; 32];
        Self { session, secret: secret.map(Secret::new), nonce, binding: None, out, is_in: false }
    }

    /// Takes bytes, and answers as a node does.
    fn take(&mut self, mut bytes: &[u8]) -> Result<(), Violation> {
        loop {
            let (event, used) = match self.session.step(bytes, &mut self.out)? {
                Step::Incomplete(_) => return Ok(()),
                Step::Used(used) => (None, used),
                Step::Event(event, used) => (Some(event), used),
            };
            bytes = &bytes[used..];
            let Self { session, secret, nonce, binding, out, is_in } = self;
            match (event, secret) {
                (Some(Event::Hello { name, instance }), Some(secret)) => {
                    session.challenge(secret.clone(), *nonce, ("life", 9), (name, instance), *binding, out);
                }
                (Some(Event::Hello { .. } | Event::Proved), _) => {
                    session.welcome("life", 9, std::iter::empty(), out);
                    *is_in = true;
                }
                (Some(Event::Challenged { .. }), Some(secret)) => {
                    session.prove(secret.clone(), *nonce, *binding, out)?;
                }
                (Some(Event::Challenged { .. }), None) => return Err(Violation::Unproven),
                (Some(Event::Welcome { .. }), secret) => {
                    if secret.is_some() && !session.is_proved() {
                        return Err(Violation::Unproven);
                    }
                    *is_in = true;
                }
                _ => {}
            }
        }
    }
}

/// Carries what both say until nobody has anything to say, or somebody has enough.
fn meet(dialler: &mut Side, acceptor: &mut Side) -> Result<(), Violation> {
    while !(dialler.out.is_empty() && acceptor.out.is_empty()) {
        acceptor.take(&std::mem::take(&mut dialler.out))?;
        dialler.take(&std::mem::take(&mut acceptor.out))?;
    }
    Ok(())
}

const SECRET: &str = "correct horse battery staple";

fn pair(dialler: Option<&str>, acceptor: Option<&str>) -> (Side, Side) {
    (Side::new(true, dialler), Side::new(false, acceptor))
}

#[test]
fn both_sides_know_the_secret_or_nobody_is_in() {
    let check = |dialler: Option<&str>, acceptor: Option<&str>, expected: bool| {
        let (mut dialler, mut acceptor) = pair(dialler, acceptor);
        let met = meet(&mut dialler, &mut acceptor);
        assert_eq!(met.is_ok(), expected, "{met:?}");
        assert_eq!(dialler.is_in, expected);
        if expected {
            let secret = dialler.secret.is_some();
            assert!(dialler.session.is_open() && acceptor.session.is_open());
            assert_eq!((dialler.session.is_proved(), acceptor.session.is_proved()), (secret, secret));
        }
        acceptor.is_in
    };
    assert!(check(None, None, true));
    assert!(check(Some(SECRET), Some(SECRET), true));
    assert!(!check(Some("another secret of ours"), Some(SECRET), false));
    assert!(!check(None, Some(SECRET), false));
    // the accepting side asks for nothing, and lets everyone in; the dialling side doesn't stay
    assert!(check(Some(SECRET), None, false));
}

#[test]
fn whoever_knocks_gets_nothing_to_try_secrets_on() {
    let mut acceptor = Side::new(false, Some(SECRET));
    let mut dialler = Side::new(true, None);
    acceptor.take(&std::mem::take(&mut dialler.out)).expect("a hello");
    let mut expected = MAGIC.to_vec();
    Frame::Challenge(Challenge { nonce: [2; 32], instance: 9, name: "life" }).write(&mut expected);
    assert_eq!(acceptor.out, expected, "a challenge, and nothing that depends on the secret");
}

/// What a dialling side says that answers a challenge, after its first words.
fn proof_for(challenge: &Side, secret: &str) -> Vec<u8> {
    let mut dialler = Side::new(true, Some(secret));
    dialler.out.clear();
    dialler.take(&challenge.out).expect("a challenge");
    dialler.out
}

/// An accepting side that has said its challenge to `player`.
fn challenging(nonce: [u8; 32]) -> Side {
    let mut acceptor = Side::new(false, Some(SECRET));
    acceptor.nonce = nonce;
    acceptor.take(&Side::new(true, None).out).expect("a hello");
    acceptor
}

#[test]
fn a_proof_is_worth_nothing_a_second_time() {
    let mut first = challenging([2; 32]);
    let proof = proof_for(&first, SECRET);
    first.take(&proof).expect("it knows the secret");
    assert!(first.is_in);
    let mut second = challenging([3; 32]);
    assert_eq!(second.take(&proof), Err(Violation::Unproven));
    assert!(!second.is_in);
}

#[test]
fn a_proof_is_worth_nothing_in_the_other_direction() {
    // whoever doesn't know the secret lets the node prove, and sends that back
    let acceptor = challenging([2; 32]);
    let transcript = Transcript {
        dialling: Party { nonce: [2; 32], instance: 7, name: "player".to_owned() },
        accepting: Party { nonce: [2; 32], instance: 9, name: "life".to_owned() },
        binding: None,
    };
    let secret = Secret::new(SECRET);
    let proof = transcript.prove(&secret, Role::Accepting).expect("the feature is on");
    let mut reflected = Vec::new();
    Frame::Proof { nonce: [2; 32], proof }.write(&mut reflected);
    let mut acceptor = acceptor;
    assert_eq!(acceptor.take(&reflected), Err(Violation::Unproven));

    let mut dialler = Side::new(true, Some(SECRET));
    dialler.take(&challenging([2; 32]).out).expect("a challenge");
    let Ok(crate::protocol::frame::Front::Frame(said)) =
        crate::protocol::frame::front(&dialler.out[MAGIC.len()..], 1024)
    else {
        panic!("a hello")
    };
    let said = &dialler.out[MAGIC.len() + 4 + said.len()..];
    let Ok(Frame::Proof { proof, .. }) = Frame::parse(&said[4..]) else { panic!("a proof") };
    let mut reflected = Vec::new();
    Frame::CounterProof(proof).write(&mut reflected);
    assert_eq!(dialler.take(&reflected), Err(Violation::Unproven));
    assert!(!dialler.is_in);
}

#[test]
fn a_proof_is_worth_nothing_on_another_channel() {
    let (mut dialler, mut acceptor) = pair(Some(SECRET), Some(SECRET));
    (dialler.binding, acceptor.binding) = (Some([1; 32]), Some([1; 32]));
    meet(&mut dialler, &mut acceptor).expect("the same channel");
    for other in [None, Some([2; 32])] {
        let (mut dialler, mut acceptor) = pair(Some(SECRET), Some(SECRET));
        (dialler.binding, acceptor.binding) = (Some([1; 32]), other);
        assert_eq!(meet(&mut dialler, &mut acceptor), Err(Violation::Unproven));
        assert!(!dialler.is_in && !acceptor.is_in);
    }
}

#[test]
fn the_welcome_is_that_of_the_node_that_proved() {
    let mut dialler = Side::new(true, Some(SECRET));
    let mut acceptor = Side::new(false, Some(SECRET));
    acceptor.take(&std::mem::take(&mut dialler.out)).expect("a hello");
    dialler.take(&std::mem::take(&mut acceptor.out)).expect("a challenge");
    acceptor.take(&std::mem::take(&mut dialler.out)).expect("a proof");
    // 4 bytes of length, a kind, 32 bytes of proof, then the welcome, whose name is made another one
    let name = acceptor.out.windows(4).position(|bytes| bytes == b"life").expect("the name");
    acceptor.out[name..name + 4].copy_from_slice(b"evil");
    assert_eq!(dialler.take(&acceptor.out), Err(Violation::Unproven));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn no_proof_but_the_right_one_lets_anybody_in(nonce in any::<[u8; 32]>(), proof in any::<[u8; 32]>()) {
        let mut acceptor = challenging([2; 32]);
        let mut bytes = Vec::new();
        Frame::Proof { nonce, proof }.write(&mut bytes);
        prop_assert_eq!(acceptor.take(&bytes), Err(Violation::Unproven));
        prop_assert!(!acceptor.is_in);
    }

    #[test]
    fn one_wrong_byte_anywhere_keeps_the_dialling_side_out(place in any::<prop::sample::Index>(), bit in 0..8u8) {
        let mut acceptor = challenging([2; 32]);
        let mut proof = proof_for(&acceptor, SECRET);
        let place = place.index(proof.len());
        proof[place] ^= 1 << bit;
        // a longer length makes it wait for the rest
        let _ = acceptor.take(&proof);
        prop_assert!(!acceptor.is_in);
    }

    #[test]
    fn a_session_that_waits_for_a_proof_survives_any_bytes(
        dialler in any::<bool>(),
        bytes in prop::collection::vec(any::<u8>(), 0..300),
    ) {
        let mut side = if dialler {
            let mut dialler = Side::new(true, Some(SECRET));
            dialler.take(&challenging([2; 32]).out).expect("a challenge");
            dialler
        } else {
            challenging([2; 32])
        };
        let _ = side.take(&bytes);
        prop_assert!(!side.is_in);
    }
}

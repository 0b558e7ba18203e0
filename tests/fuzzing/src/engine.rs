//! A small fuzzing engine for stable Rust: it changes known inputs at random, and keeps those that lead to something new.
//!
//! It sees less than libFuzzer does, since it knows no coverage: something new is a new number that a target returns.

use std::collections::HashSet;

use fastrand::Rng;

use crate::Target;

/// How many inputs are kept at most.
const KEPT: usize = 20_000;

/// Numbers that are often at an edge.
const EDGES: [u64; 12] =
    [0, 1, 0x7f, 0x80, 0xff, 0x100, 0x7fff, 0xffff, 0x7fff_ffff, 0xffff_ffff, u64::MAX >> 1, u64::MAX];

/// Makes inputs for a target.
#[derive(Debug)]
pub struct Engine {
    target: Target,
    random: Rng,
    inputs: Vec<Vec<u8>>,
    seen: HashSet<u64>,
    input: Vec<u8>,
}

impl Engine {
    /// An engine that begins with these inputs.
    #[must_use]
    pub fn new(target: Target, inputs: Vec<Vec<u8>>, seed: u64) -> Self {
        let mut engine = Self {
            target,
            random: Rng::with_seed(seed),
            inputs: Vec::new(),
            seen: HashSet::new(),
            input: Vec::new(),
        };
        engine.inputs = inputs
            .into_iter()
            .map(|mut input| {
                input.truncate(target.longest);
                input
            })
            .collect();
        if engine.inputs.is_empty() {
            engine.inputs.push(Vec::new());
        }
        engine
    }

    /// The next input.
    pub fn next_input(&mut self) -> &[u8] {
        let random = &mut self.random;
        let from = &self.inputs[random.usize(0..self.inputs.len())];
        self.input.clear();
        self.input.extend_from_slice(from);
        for _ in 0..1 << random.u32(0..4) {
            let other = &self.inputs[random.usize(0..self.inputs.len())];
            change(&mut self.input, other, self.target.words, random);
        }
        self.input.truncate(self.target.longest);
        &self.input
    }

    /// What came of the last input.
    pub fn came_of_it(&mut self, number: u64) {
        if self.seen.insert(number) && self.inputs.len() < KEPT {
            self.inputs.push(self.input.clone());
        }
    }

    /// How many kinds of cases there were.
    #[must_use]
    pub fn kinds(&self) -> usize {
        self.seen.len()
    }
}

/// Changes an input in one of many ways.
fn change(input: &mut Vec<u8>, other: &[u8], words: &[&str], random: &mut Rng) {
    let place = random.usize(0..=input.len());
    let rest = input.len() - place;
    match random.u8(0..12) {
        0 => {
            if let Some(byte) = input.get_mut(place) {
                *byte ^= 1 << random.u8(0..8);
            }
        }
        1 => {
            if let Some(byte) = input.get_mut(place) {
                *byte = random.u8(..);
            }
        }
        2 => {
            if let Some(byte) = input.get_mut(place) {
                *byte = byte.wrapping_add(random.u8(0..16)).wrapping_sub(8);
            }
        }
        3 => input.insert(place, random.u8(..)),
        4 => drop(input.drain(place..place + random.usize(0..=rest.min(32)))),
        // a part of it twice
        5 => {
            let part = input[place..place + random.usize(0..=rest.min(64))].to_vec();
            insert(input, random.usize(0..=input.len()), &part);
        }
        // a part of another one
        6 => {
            let start = random.usize(0..=other.len());
            let part = &other[start..start + random.usize(0..=(other.len() - start).min(128))];
            insert(input, place, part);
        }
        7 => {
            input.truncate(place);
            input.extend_from_slice(&other[random.usize(0..=other.len())..]);
        }
        // a number, as the protocol's frames have it
        8 => {
            let number = edge(random).to_le_bytes();
            let bytes = &number[..[1, 2, 4, 8][random.usize(0..4)]];
            for (byte, new) in input[place..].iter_mut().zip(bytes) {
                *byte = *new;
            }
        }
        // a number, as postcard has it
        9 => {
            let mut number = edge(random);
            let mut bytes = Vec::new();
            while number >= 0x80 {
                bytes.push(number as u8 | 0x80);
                number >>= 7;
            }
            bytes.push(number as u8);
            insert(input, place, &bytes);
        }
        10 => {
            if let Some(word) = random.choice(words) {
                insert(input, place, word.as_bytes());
            }
        }
        // one byte, again and again
        _ => {
            let byte = if random.bool() {
                random.u8(..)
            } else {
                *random.choice(b"[{(\"'\x00\xff\x01. ").unwrap_or(&0)
            };
            insert(input, place, &vec![byte; random.usize(1..400)]);
        }
    }
}

fn edge(random: &mut Rng) -> u64 {
    let edge = EDGES[random.usize(0..EDGES.len())];
    if random.bool() { edge } else { edge.wrapping_add(random.u64(0..8)).wrapping_sub(4) }
}

fn insert(input: &mut Vec<u8>, place: usize, part: &[u8]) {
    input.splice(place..place, part.iter().copied());
}

//! What reads what strangers send, as functions from bytes: the engine in `main.rs`, the property tests and the targets
//! of cargo-fuzz in `fuzz/` drive the same.
//!
//! Each function panics if something is wrong, and returns a number that tells kinds of cases apart.

pub mod engine;
mod sample;
pub mod seeds;

use std::cell::RefCell;
use std::hash::{DefaultHasher, Hasher as _};

use systemge::config::SystemConfig;
use systemge::testing::fuzz::Decoders;

pub use systemge::testing::fuzz::protocol;

/// Something to be fuzzed.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Target {
    /// Its name; its corpus is in `fuzz/corpus/NAME`.
    pub name: &'static str,
    /// What is driven.
    pub run: fn(&[u8]) -> u64,
    /// The longest input, in bytes.
    pub longest: usize,
    /// How much memory a case may take at the same time: so many bytes, and so many for each byte of the input. A map
    /// reserves what its length promises before its entries are read, up to a bound of serde's: about 2 MiB for each
    /// level of maps within maps, which is given back at once if the entries are not there.
    pub memory: (u64, u64),
    /// Words that often matter in an input.
    pub words: &'static [&'static str],
}

/// All targets.
pub const TARGETS: &[Target] = &[
    Target { name: "protocol", run: protocol, longest: 2048, memory: (128 * 1024, 64), words: &["SYSTEMGE"] },
    Target {
        name: "decoders",
        run: decoders,
        longest: 1024,
        memory: (5 * 1024 * 1024, 256),
        words: sample::WORDS,
    },
    Target {
        name: "config",
        run: config,
        longest: 640,
        memory: (512 * 1024, 512),
        words: seeds::CONFIG_WORDS,
    },
];

/// Every decoder that the macros have generated for a node with payloads of all kinds. The first byte says which, the
/// second whether the rest is JSON or postcard.
#[must_use]
pub fn decoders(input: &[u8]) -> u64 {
    thread_local! {
        static DECODERS: RefCell<Decoders> = RefCell::new(sample::decoders());
    }
    let [topic, json, payload @ ..] = input else { return 0 };
    DECODERS.with_borrow_mut(|decoders| {
        let topic = usize::from(*topic) % decoders.count();
        let decoded = decoders.decode(topic, json & 1 == 1, payload);
        kind(topic as u64 * 2 + u64::from(json & 1), decoded.err().as_deref().unwrap_or("decoded"))
    })
}

/// How many topics the sample node has.
#[must_use]
pub fn topics() -> usize {
    sample::decoders().count()
}

/// The reader of configurations. The first byte says whether the rest is JSON or TOML.
#[must_use]
pub fn config(input: &[u8]) -> u64 {
    let Some((json, text)) = input.split_first() else { return 0 };
    let text = String::from_utf8_lossy(text);
    let read = if json & 1 == 1 {
        SystemConfig::from_json(&text, "fuzzed.json")
    } else {
        SystemConfig::from_toml(&text, "fuzzed.toml")
    };
    let number = u64::from(json & 1);
    match read {
        Ok(config) => {
            config.check().expect("what was read is checked");
            kind(number, "a configuration")
        }
        Err(error) => {
            let findings = error.findings();
            assert!(!findings.is_empty(), "an error says what is wrong");
            let shown = error.to_string();
            assert!(
                !shown.chars().any(|letter| letter.is_control() && letter != '\n'),
                "errors are escaped: {shown:?}"
            );
            // the beginnings, lest every unknown word is a kind of its own
            let beginning = |text: &str| text.chars().take(20).collect::<String>();
            findings
                .iter()
                .take(3)
                .fold(number, |number, finding| kind(number, &beginning(finding.message())))
        }
    }
}

/// A number that stands for a text, but for the numbers and names in it.
fn kind(number: u64, text: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    hasher.write_u64(number);
    let mut quoted = false;
    for letter in text.bytes() {
        match letter {
            b'`' | b'"' => quoted = !quoted,
            _ if quoted || letter.is_ascii_digit() => {}
            letter => hasher.write_u8(letter),
        }
    }
    hasher.finish()
}

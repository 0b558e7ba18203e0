//! `#[post("/x", body = "1MiB", timeout = "5s", concurrency = 16, rate = "100/1s")]`: the limits of a route.

use std::time::Duration;

use proc_macro2::TokenStream;
use syn::{Lit, LitInt, LitStr};

use super::model::Limits;
use crate::attributes::{self, Argument, ArgumentKind};
use crate::errors::{Mistake, Sink};
use crate::topic::duration;

/// The options, and how each is written.
const OPTIONS: &[(&str, &str, &str)] = &[
    ("body", "a size, such as \"64KiB\" or 1024", "body = \"1MiB\""),
    ("timeout", "a time with its unit, such as \"250ms\", \"5s\" or \"1m\"", "timeout = \"5s\""),
    ("concurrency", "a number of requests, at least one", "concurrency = 16"),
    ("rate", "a number of requests and a time, such as \"100/1s\"", "rate = \"100/1s\""),
];

/// Reads the options that stand behind the path of a route.
pub(super) fn read(verb: &str, arguments: &[Argument], sink: &Sink<'_>) -> Limits {
    let mut limits = Limits::default();
    let mut seen: Vec<String> = Vec::new();
    for argument in arguments {
        let (ArgumentKind::Word(word) | ArgumentKind::Value(word, _) | ArgumentKind::List(word, _)) =
            &argument.kind
        else {
            continue;
        };
        let Some((name, what, example)) = OPTIONS.iter().find(|(name, ..)| word == name) else {
            let names: Vec<&str> = OPTIONS.iter().map(|(name, ..)| *name).collect();
            attributes::unknown_option(word, verb, &names, sink);
            continue;
        };
        if seen.contains(&(*name).to_owned()) {
            attributes::given_twice(word, sink);
            continue;
        }
        seen.push((*name).to_owned());
        let value = match &argument.kind {
            ArgumentKind::Value(_, tokens) => limits.set(name, tokens),
            _ => None,
        };
        if value.is_none() {
            let mistake = Mistake::new(530, format!("`{name}` takes {what}"));
            sink.on(&argument.tokens, mistake.help(format!("write `{example}`")));
        }
    }
    if verb == "get" && limits.body.is_some() {
        let place = arguments
            .iter()
            .find(|argument| matches!(&argument.kind, ArgumentKind::Value(word, _) if word == "body"));
        let mistake = Mistake::new(503, "a GET request has no body");
        sink.on(place.map(|argument| &argument.tokens), mistake.help("remove `body`, or use `#[post(..)]`"));
    }
    limits
}

impl Limits {
    /// Sets a limit; `None` if the value is none.
    fn set(&mut self, name: &str, tokens: &TokenStream) -> Option<()> {
        let literal = syn::parse2::<Lit>(tokens.clone()).ok()?;
        match (name, &literal) {
            ("body", Lit::Int(number)) => self.body = Some(whole(number)?),
            ("body", Lit::Str(text)) => self.body = Some(size(&text.value())?),
            ("timeout", Lit::Str(text)) => self.timeout = Some(duration(&text.value())?),
            ("concurrency", Lit::Int(number)) => {
                self.concurrency = Some(whole(number).filter(|number| *number > 0)?);
            }
            ("rate", Lit::Str(text)) => self.rate = Some(rate(text)?),
            _ => return None,
        }
        Some(())
    }
}

/// A number that fits where the program may run.
fn whole(number: &LitInt) -> Option<u64> {
    number.base10_parse::<u32>().ok().map(u64::from)
}

fn size(text: &str) -> Option<u64> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at(digits);
    let factor: u64 = match unit.trim_start() {
        "B" => 1,
        "KiB" => 1 << 10,
        "MiB" => 1 << 20,
        "GiB" => 1 << 30,
        _ => return None,
    };
    number.parse::<u64>().ok()?.checked_mul(factor).filter(|size| *size <= u64::from(u32::MAX))
}

fn rate(text: &LitStr) -> Option<(u32, Duration)> {
    let text = text.value();
    let (count, per) = text.split_once('/')?;
    let count = count.trim().parse::<u32>().ok().filter(|count| *count > 0)?;
    Some((count, duration(per)?))
}

#[cfg(test)]
mod tests {
    use proc_macro2::Span;

    use super::*;

    #[test]
    fn a_size_has_a_unit_and_a_rate_has_a_time() {
        for (text, expected) in
            [("64KiB", Some(65_536)), ("1 MiB", Some(1 << 20)), ("64", None), ("MiB", None), ("5GiB", None)]
        {
            assert_eq!(size(text), expected, "{text}");
        }
        let seconds = Duration::from_secs;
        for (text, expected) in [
            ("100/1s", Some((100, seconds(1)))),
            ("1 / 2m", Some((1, seconds(120)))),
            ("0/1s", None),
            ("1/s", None),
            ("1", None),
            ("-1/1s", None),
        ] {
            assert_eq!(rate(&LitStr::new(text, Span::call_site())), expected, "{text}");
        }
    }
}

//! `#[topic("name", options)]`: the attribute that node and WebSocket blocks share.

use std::time::Duration;

use proc_macro2::{Ident, TokenStream};
use quote::ToTokens;
use syn::ext::IdentExt as _;
use syn::{Attribute, Lit, LitStr, Type};

use crate::attributes::{self, Argument, ArgumentKind};
use crate::block::{self, ValidSignature, replace_self};
use crate::errors::{Mistake, Sink};
use crate::names;
use crate::suggest;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    OneWay,
    Request,
}

/// The name of a topic: text, or the path of a constant as an expression.
#[derive(Debug, Clone)]
pub(crate) enum TopicName {
    Literal(LitStr),
    Constant(TokenStream),
    /// An expression for the name that a contract declares.
    Declared(TokenStream),
}

impl TopicName {
    /// The name where `Self` is another type, such as in the client.
    pub(crate) fn outside_of(self, self_type: &Type) -> Self {
        match self {
            Self::Literal(literal) => Self::Literal(literal),
            Self::Constant(path) => Self::Constant(replace_self(path, self_type)),
            Self::Declared(name) => Self::Declared(name),
        }
    }

    /// The name, where the macro can see it.
    pub(crate) fn text(&self) -> Option<String> {
        match self {
            Self::Literal(literal) => Some(literal.value()),
            Self::Constant(_) | Self::Declared(_) => None,
        }
    }
}

impl ToTokens for TopicName {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        match self {
            Self::Literal(literal) => literal.to_tokens(tokens),
            Self::Constant(name) | Self::Declared(name) => name.to_tokens(tokens),
        }
    }
}

/// What stands in a `#[topic(..)]`; the name is missing where it is wrong.
#[derive(Debug, Default)]
pub(crate) struct TopicAttribute {
    pub(crate) name: Option<TopicName>,
    /// The options in the order of their places; each is one of the allowed ones and there only once, but for `alias`.
    pub(crate) options: Vec<Ident>,
    /// The time limit of a call.
    pub(crate) timeout: Option<Duration>,
    /// Other names of the topic.
    pub(crate) aliases: Vec<TopicName>,
}

/// How an option is written that takes a value.
const VALUES: &[(&str, &str)] = &[("timeout", "timeout = \"250ms\""), ("alias", "alias = \"oldName\"")];

impl TopicAttribute {
    /// Reads the attribute of the method `method` and reports everything that is wrong with it.
    pub(crate) fn read(attribute: &Attribute, method: &Ident, options: &[&str], sink: &Sink<'_>) -> Self {
        Self::read_keyed(attribute, method, options, &[], sink)
    }

    /// The same where names may have these keys in them.
    pub(crate) fn read_keyed(
        attribute: &Attribute,
        method: &Ident,
        options: &[&str],
        keys: &[String],
        sink: &Sink<'_>,
    ) -> Self {
        let mut read = Self::default();
        let mut name_given = false;
        let word = block::attribute_name(attribute);
        for (index, argument) in attributes::arguments_of(attribute, sink).iter().enumerate() {
            if let Some(option) = allowed_option(argument, options) {
                if option != "alias" && read.options.contains(option) {
                    attributes::given_twice(option, sink);
                } else {
                    read.option(option, argument, keys, sink);
                    read.options.push(option.clone());
                }
                continue;
            }
            if !is_name(argument, index) {
                refuse(argument, &word, index, method, options, sink);
                // a bare word in the place of the name is a name, although a wrong one
                name_given |= index == 0;
            } else if name_given {
                let mistake = Mistake::new(7, format!("the topic of `{method}` has a second name"));
                let text = argument.tokens.to_string();
                let help = match options.iter().find(|option| text.trim_matches('"') == **option) {
                    Some(option) => format!("for the option, write `{option}` without quotes"),
                    None if word == "push" => "one push, one topic: declare a second one".to_owned(),
                    None => "one handler, one topic: write a second handler".to_owned(),
                };
                sink.on(&argument.tokens, mistake.help(help));
            } else {
                name_given = true;
                read.name = name(argument, keys, sink);
            }
        }
        if !name_given {
            let mistake = Mistake::new(5, format!("the topic of `{method}` has no name"));
            let rest: String = read.options.iter().map(|option| format!(", {option}")).collect();
            sink.on(
                attribute.path(),
                mistake.help(format!("write `#[{word}(\"{}\"{rest})]`", camel_case(method))),
            );
        }
        read
    }

    /// Reads the attribute of a handler whose name and kind are said elsewhere; gives those, too, should they stand there:
    /// their tokens, and what they are.
    pub(crate) fn read_options(
        attribute: &Attribute,
        method: &Ident,
        sink: &Sink<'_>,
    ) -> (Self, Vec<(TokenStream, &'static str)>) {
        const OPTIONS: &[&str] = &["spawn", "blocking", "timeout"];
        let mut read = Self::default();
        let mut repeated = Vec::new();
        for argument in attributes::arguments_of(attribute, sink) {
            if let Some(option) = allowed_option(&argument, OPTIONS) {
                if read.options.contains(option) {
                    attributes::given_twice(option, sink);
                } else {
                    read.option(option, &argument, &[], sink);
                    read.options.push(option.clone());
                }
            } else if allowed_option(&argument, &["oneway", "request"]).is_some() {
                repeated.push((argument.tokens, "kind"));
            } else if allowed_option(&argument, &["alias"]).is_some() || is_name(&argument, 0) {
                repeated.push((argument.tokens, "name"));
            } else {
                refuse(&argument, "topic", 1, method, OPTIONS, sink);
            }
        }
        (read, repeated)
    }

    /// Whether an option is given.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.option_named(name).is_some()
    }

    /// The option of that name, for its place.
    pub(crate) fn option_named(&self, name: &str) -> Option<&Ident> {
        self.options.iter().find(|option| *option == name)
    }

    /// Reads the value of an option, or sees that it has none.
    fn option(&mut self, option: &Ident, argument: &Argument, keys: &[String], sink: &Sink<'_>) {
        let example = VALUES.iter().find(|(name, _)| option == name).map(|(_, example)| *example);
        let refuse = |what: &str, instead: &str| {
            let mistake = Mistake::new(11, format!("`{option}` takes {what}"));
            sink.on(&argument.tokens, mistake.help(format!("write `{instead}`")));
        };
        let (Some(example), value) = (example, value_of(argument)) else {
            if !matches!(argument.kind, ArgumentKind::Word(_)) {
                let mistake = Mistake::new(11, format!("`{option}` takes no value"));
                sink.on(&argument.tokens, mistake.help(format!("write `{option}` alone")));
            }
            return;
        };
        match &value {
            Some(value) if option == "timeout" => {
                self.timeout = text_of(value).and_then(|text| duration(&text.value()));
                if self.timeout.is_none() {
                    refuse("a time with its unit, such as \"250ms\", \"2s\" or \"1m\"", example);
                }
            }
            Some(value) if is_name(value, 0) => self.aliases.extend(name(value, keys, sink)),
            Some(_) => refuse("the other name of the topic", example),
            None if option == "timeout" => refuse("a time", example),
            None => refuse("the other name of the topic", example),
        }
    }
}

/// The option that the argument is, if it is one of the allowed ones.
fn allowed_option<'a>(argument: &'a Argument, options: &[&str]) -> Option<&'a Ident> {
    let (ArgumentKind::Word(word) | ArgumentKind::Value(word, _) | ArgumentKind::List(word, _)) =
        &argument.kind
    else {
        return None;
    };
    options.iter().any(|option| word == option).then_some(word)
}

/// What stands behind the `=` of an option, or alone in its parentheses.
fn value_of(argument: &Argument) -> Option<Argument> {
    let tokens = match &argument.kind {
        ArgumentKind::Value(_, tokens) => tokens.clone(),
        ArgumentKind::List(_, group) => group.stream(),
        _ => return None,
    };
    match attributes::split(tokens).as_slice() {
        [only] => Some(only.clone()),
        _ => None,
    }
}

fn text_of(argument: &Argument) -> Option<LitStr> {
    match &argument.kind {
        ArgumentKind::Literal(Lit::Str(text)) => Some(text.clone()),
        _ => None,
    }
}

/// A time with its unit: a whole number and `us`, `ms`, `s`, `m`, `min` or `h`; more than nothing.
pub(crate) fn duration(text: &str) -> Option<Duration> {
    let text = text.trim();
    let end = text.find(|c: char| !c.is_ascii_digit())?;
    let (number, unit) = text.split_at(end);
    let number: u64 = number.parse().ok().filter(|number| *number > 0)?;
    match unit.trim_start() {
        "us" => Some(Duration::from_micros(number)),
        "ms" => Some(Duration::from_millis(number)),
        "s" => Some(Duration::from_secs(number)),
        "m" | "min" => number.checked_mul(60).map(Duration::from_secs),
        "h" => number.checked_mul(3600).map(Duration::from_secs),
        _ => None,
    }
}

/// Whether the argument stands for a name: text, or the path of a constant.
fn is_name(argument: &Argument, index: usize) -> bool {
    match &argument.kind {
        ArgumentKind::Literal(literal) => matches!(literal, Lit::Str(_)),
        ArgumentKind::Path(_) => true,
        // `#[topic(MOVE)]` is a constant, `#[topic(move)]` is text without quotes
        ArgumentKind::Word(word) => index == 0 && word.to_string().chars().any(char::is_uppercase),
        _ => false,
    }
}

fn name(argument: &Argument, keys: &[String], sink: &Sink<'_>) -> Option<TopicName> {
    match &argument.kind {
        ArgumentKind::Literal(Lit::Str(literal)) => {
            let child = sink.child();
            names::check_keyed_topic(&literal.value(), keys, literal.span(), &child);
            (!child.failed()).then(|| TopicName::Literal(literal.clone()))
        }
        ArgumentKind::Path(path) => Some(TopicName::Constant(path.to_token_stream())),
        ArgumentKind::Word(word) => Some(TopicName::Constant(word.to_token_stream())),
        _ => None,
    }
}

fn refuse(
    argument: &Argument,
    attribute: &str,
    index: usize,
    method: &Ident,
    options: &[&str],
    sink: &Sink<'_>,
) {
    match &argument.kind {
        ArgumentKind::Literal(literal) => {
            let mistake = Mistake::new(6, format!("`{}` is no name of a topic", literal.to_token_stream()));
            sink.on(
                literal,
                mistake.help(format!("a name is a string: `#[{attribute}(\"{}\")]`", camel_case(method))),
            );
        }
        ArgumentKind::Word(word) if index == 0 => {
            let mistake = Mistake::new(6, format!("the topic's name `{word}` has no quotes"));
            let near = suggest::nearest(&word.to_string(), options.iter().copied());
            let near = near
                .map(|option| format!("; the option `{option}` goes behind the name"))
                .unwrap_or_default();
            let help =
                format!("write `#[{attribute}(\"{}\")]`, or the path of a constant{near}", word.unraw());
            sink.at(word.span(), mistake.help(help));
        }
        ArgumentKind::Value(key, value) if key == "name" => {
            let mistake = Mistake::new(8, format!("`{attribute}` has no option `name`"));
            sink.at(key.span(), mistake.help(format!("the name stands alone: `#[{attribute}({value})]`")));
        }
        ArgumentKind::Word(word) | ArgumentKind::Value(word, _) | ArgumentKind::List(word, _) => {
            attributes::unknown_option(word, attribute, options, sink);
        }
        _ => {
            // `one-way` is three tokens
            let text = argument.tokens.to_string().replace(' ', "");
            let near = suggest::nearest(&text, options.iter().copied()).filter(|_| index > 0);
            if let Some(near) = near {
                let mistake = Mistake::new(8, format!("`{attribute}` has no option `{text}`"));
                sink.on(&argument.tokens, mistake.help(format!("did you mean `{near}`?")));
            } else if index == 0 && text.contains("!(") {
                let mistake = Mistake::new(6, format!("`{}` is no name of a topic", argument.tokens));
                let help = format!(
                    "a name is a string, or the path of a constant: `const NAME: &str = ..;` and `#[{attribute}(NAME)]`"
                );
                sink.on(&argument.tokens, mistake.help(help));
            } else {
                let example = format!("#[{attribute}(\"{}\")]", camel_case(method));
                attributes::unreadable(argument, attribute, &example, sink);
            }
        }
    }
}

/// `set_grid` as `setGrid`, the way topics are usually written.
pub(crate) fn camel_case(name: &Ident) -> String {
    let mut text = String::new();
    for (index, word) in name.unraw().to_string().split('_').filter(|word| !word.is_empty()).enumerate() {
        let mut letters = word.chars();
        match letters.next() {
            Some(first) if index > 0 => text.extend(first.to_uppercase()),
            Some(first) => text.push(first),
            None => {}
        }
        text.push_str(letters.as_str());
    }
    text
}

/// Decides whether a topic is one-way or a request, and reports a contradiction.
pub(crate) fn kind(attribute: &TopicAttribute, signature: &ValidSignature, sink: &Sink<'_>) -> Kind {
    match (attribute.option_named("oneway"), attribute.option_named("request")) {
        (Some(one_way), Some(request)) => {
            let mistake = Mistake::new(217, "a topic is one-way or a request, not both");
            let last = if attribute.options.last() == Some(request) { request } else { one_way };
            sink.at(last.span(), mistake.help("remove `oneway` or `request`"));
            Kind::Request
        }
        (Some(_), None) => {
            if let Some(output) = &signature.output
                && let Some(value) = unreceived(output)
            {
                let value = block::type_text(value);
                let mistake =
                    Mistake::new(216, format!("nobody would receive the `{value}` of a one-way topic"));
                sink.on(output, mistake.help("return nothing or `Result<(), E>`, or remove `oneway`"));
            }
            Kind::OneWay
        }
        (None, Some(_)) => Kind::Request,
        (None, None) if signature.output.as_ref().is_some_and(|ty| !is_unit(ty)) => Kind::Request,
        (None, None) => Kind::OneWay,
    }
}

/// The success value in a return type that is a `Result` with something in it, as far as the tokens tell.
fn unreceived(output: &Type) -> Option<&Type> {
    let segment = block::last_segment(output)?;
    let syn::PathArguments::AngleBracketed(arguments) = &segment.arguments else { return None };
    match arguments.args.first() {
        Some(syn::GenericArgument::Type(success)) if segment.ident == "Result" && !is_unit(success) => {
            Some(success)
        }
        _ => None,
    }
}

pub(crate) fn is_unit(ty: &Type) -> bool {
    matches!(block::ungroup(ty), Type::Tuple(tuple) if tuple.elems.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_a_number_and_a_unit() {
        for (text, milliseconds) in [
            ("250ms", 250),
            ("2s", 2000),
            (" 2 s ", 2000),
            ("1m", 60_000),
            ("1min", 60_000),
            ("1h", 3_600_000),
        ] {
            assert_eq!(duration(text), Some(Duration::from_millis(milliseconds)), "{text}");
        }
        for text in
            ["", "250", "0ms", "ms", "-1s", "1.5s", "1d", "99999999999999999999s", "18446744073709551615h"]
        {
            assert_eq!(duration(text), None, "{text}");
        }
    }
}

//! `#[topic("name", options)]`: the attribute that node and WebSocket blocks share.

use proc_macro2::{Ident, TokenStream};
use quote::ToTokens;
use syn::ext::IdentExt as _;
use syn::{Attribute, Lit, LitStr, Type};

use crate::attributes::{self, Argument, ArgumentKind};
use crate::block::replace_self;
use crate::errors::{Mistake, Sink};
use crate::names;
use crate::suggest;

/// The name of a topic: text, or the path of a constant as an expression.
#[derive(Debug, Clone)]
pub(crate) enum TopicName {
    Literal(LitStr),
    Constant(TokenStream),
}

impl TopicName {
    /// The name where `Self` is another type, such as in the client.
    pub(crate) fn outside_of(self, self_type: &Type) -> Self {
        match self {
            Self::Literal(literal) => Self::Literal(literal),
            Self::Constant(path) => Self::Constant(replace_self(path, self_type)),
        }
    }

    /// The name, where the macro can see it.
    pub(crate) fn text(&self) -> Option<String> {
        match self {
            Self::Literal(literal) => Some(literal.value()),
            Self::Constant(_) => None,
        }
    }
}

impl ToTokens for TopicName {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        match self {
            Self::Literal(literal) => literal.to_tokens(tokens),
            Self::Constant(path) => path.to_tokens(tokens),
        }
    }
}

/// What stands in a `#[topic(..)]`; the name is missing where it is wrong.
#[derive(Debug, Default)]
pub(crate) struct TopicAttribute {
    pub(crate) name: Option<TopicName>,
    /// The options in the order of their places; each is one of the allowed ones and there only once.
    pub(crate) options: Vec<Ident>,
}

impl TopicAttribute {
    /// Reads the attribute of the method `method` and reports everything that is wrong with it.
    pub(crate) fn read(attribute: &Attribute, method: &Ident, options: &[&str], sink: &Sink<'_>) -> Self {
        let mut read = Self::default();
        let mut name_given = false;
        for (index, argument) in attributes::arguments_of(attribute, sink).iter().enumerate() {
            if let Some(option) = read.option(argument, options, sink) {
                if read.options.contains(&option) {
                    attributes::given_twice(&option, sink);
                } else {
                    read.options.push(option);
                }
                continue;
            }
            if !is_name(argument, index) {
                refuse(argument, index, method, options, sink);
                // a bare word in the place of the name is a name, although a wrong one
                name_given |= index == 0;
            } else if name_given {
                let mistake = Mistake::new(7, format!("the topic of `{method}` has a second name"));
                sink.on(&argument.tokens, mistake.help("one handler, one topic: write a second handler"));
            } else {
                name_given = true;
                read.name = name(argument, sink);
            }
        }
        if !name_given {
            let mistake = Mistake::new(5, format!("the topic of `{method}` has no name"));
            let rest: String = read.options.iter().map(|option| format!(", {option}")).collect();
            sink.on(
                attribute.path(),
                mistake.help(format!("write `#[topic(\"{}\"{rest})]`", camel_case(method))),
            );
        }
        read
    }

    fn option(&self, argument: &Argument, options: &[&str], sink: &Sink<'_>) -> Option<Ident> {
        let (ArgumentKind::Word(word) | ArgumentKind::Value(word, _) | ArgumentKind::List(word, _)) =
            &argument.kind
        else {
            return None;
        };
        if !options.iter().any(|option| word == option) {
            return None;
        }
        if !matches!(argument.kind, ArgumentKind::Word(_)) {
            let mistake = Mistake::new(11, format!("`{word}` takes no value"));
            sink.on(&argument.tokens, mistake.help(format!("write `{word}` alone")));
        }
        Some(word.clone())
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

fn name(argument: &Argument, sink: &Sink<'_>) -> Option<TopicName> {
    match &argument.kind {
        ArgumentKind::Literal(Lit::Str(literal)) => {
            let child = sink.child();
            names::check_topic(&literal.value(), literal.span(), &child);
            (!child.failed()).then(|| TopicName::Literal(literal.clone()))
        }
        ArgumentKind::Path(path) => Some(TopicName::Constant(path.to_token_stream())),
        ArgumentKind::Word(word) => Some(TopicName::Constant(word.to_token_stream())),
        _ => None,
    }
}

fn refuse(argument: &Argument, index: usize, method: &Ident, options: &[&str], sink: &Sink<'_>) {
    match &argument.kind {
        ArgumentKind::Literal(literal) => {
            let mistake = Mistake::new(6, format!("`{}` is no name of a topic", literal.to_token_stream()));
            sink.on(
                literal,
                mistake.help(format!("a name is a string: `#[topic(\"{}\")]`", camel_case(method))),
            );
        }
        ArgumentKind::Word(word) if index == 0 => {
            let mistake = Mistake::new(6, format!("the topic's name `{word}` has no quotes"));
            let near = suggest::nearest(&word.to_string(), options.iter().copied());
            let near = near
                .map(|option| format!("; the option `{option}` goes behind the name"))
                .unwrap_or_default();
            let help = format!("write `#[topic(\"{}\")]`, or the path of a constant{near}", word.unraw());
            sink.at(word.span(), mistake.help(help));
        }
        ArgumentKind::Value(key, value) if key == "name" => {
            let mistake = Mistake::new(8, "`topic` has no option `name`");
            sink.at(key.span(), mistake.help(format!("the name stands alone: `#[topic({value})]`")));
        }
        ArgumentKind::Word(word) | ArgumentKind::Value(word, _) | ArgumentKind::List(word, _) => {
            attributes::unknown_option(word, "topic", options, sink);
        }
        _ => {
            let example = format!("#[topic(\"{}\")]", camel_case(method));
            attributes::unreadable(argument, "topic", &example, sink);
        }
    }
}

/// `set_grid` as `setGrid`, the way topics are usually written.
fn camel_case(name: &Ident) -> String {
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

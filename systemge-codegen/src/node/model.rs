//! A node block that is known to be right; what is wrong with it was reported on the way here.

use std::time::Duration;

use proc_macro2::{Ident, Span};
use quote::format_ident;
use syn::ext::IdentExt as _;
use syn::spanned::Spanned as _;

use crate::attributes::{self, ArgumentKind, BlockArguments, Carried};
use crate::block::{RawBlock, ValidSignature};
use crate::client::ClientMethod;
use crate::errors::{Mistake, Sink};
use crate::hook::Hook;
use crate::topic::{Kind, TopicName};

/// A valid node block.
#[derive(Debug)]
pub(crate) struct Node<'b> {
    pub(crate) block: &'b RawBlock,
    pub(crate) client_name: Ident,
    /// Whether the block says the name of its client.
    pub(crate) is_named: bool,
    pub(crate) topics: Vec<Topic>,
    /// The handlers whose signature is right, even if their attribute is not: so that uses of the client make no
    /// noise beside the error.
    pub(crate) client_methods: Vec<ClientMethod>,
    pub(crate) on_start: Vec<Hook>,
    pub(crate) on_stop: Vec<Hook>,
    /// What is probably a mistake: a place and a text.
    pub(crate) warnings: Vec<(Span, String)>,
}

impl<'b> Node<'b> {
    /// A node without any handler yet.
    pub(crate) fn empty(block: &'b RawBlock, arguments: &NodeArguments) -> Self {
        Self {
            block,
            client_name: arguments.client_name(block),
            is_named: arguments.client.is_some(),
            topics: Vec::new(),
            client_methods: Vec::new(),
            on_start: Vec::new(),
            on_stop: Vec::new(),
            warnings: Vec::new(),
        }
    }
}

/// A handler of a topic.
#[derive(Debug)]
pub(crate) struct Topic {
    pub(crate) name: TopicName,
    pub(crate) kind: Kind,
    pub(crate) options: TopicOptions,
    pub(crate) signature: ValidSignature,
    pub(crate) carried: Carried,
}

/// How a topic is handled.
#[derive(Debug, Default)]
pub(crate) struct TopicOptions {
    /// In a task of its own.
    pub(crate) spawn: bool,
    /// On a thread that may block.
    pub(crate) blocking: bool,
    /// How long a call may take.
    pub(crate) timeout: Option<Duration>,
    /// Other names of the topic.
    pub(crate) aliases: Vec<TopicName>,
}

/// What stands in `#[systemge::node(..)]`.
#[derive(Debug, Default)]
pub(crate) struct NodeArguments {
    /// The name of the client, where it isn't that of the type with `Client` behind it.
    client: Option<Ident>,
}

impl NodeArguments {
    pub(crate) fn read(arguments: &BlockArguments, sink: &Sink<'_>) -> Self {
        let mut client: Option<Ident> = None;
        for argument in &arguments.rest {
            match &argument.kind {
                ArgumentKind::Value(key, value) if key == "client" => {
                    match syn::parse2::<Ident>(value.clone()) {
                        Ok(_) if client.is_some() => attributes::given_twice(key, sink),
                        Ok(name) => client = Some(name),
                        Err(_) => {
                            let mistake = Mistake::new(11, "`client` takes the name of a type");
                            sink.on(
                                value,
                                mistake.help("write `client = LifeCaller`, for example, without quotes"),
                            );
                        }
                    }
                }
                ArgumentKind::Word(word) | ArgumentKind::Value(word, _) | ArgumentKind::List(word, _) => {
                    attributes::unknown_option(word, "node", &["client", "crate"], sink);
                }
                _ => attributes::unreadable(argument, "node", "#[systemge::node(client = LifeCaller)]", sink),
            }
        }
        Self { client }
    }

    pub(crate) fn client_name(&self, block: &RawBlock) -> Ident {
        self.client.clone().unwrap_or_else(|| match block.type_name() {
            Some(name) => format_ident!("{}Client", name.unraw(), span = name.span()),
            // such a block is refused, so nobody sees this name
            None => Ident::new("Client", block.self_type.span()),
        })
    }
}

//! From the raw block to the valid one; every method is judged for itself.

use syn::ext::IdentExt as _;
use syn::{Attribute, LitStr, Type};

use super::duplicates;
use super::model::{Node, NodeArguments, Topic, TopicOptions};
use crate::attributes::Carried;
use crate::block::{self, RawBlock, RawItem, RawMethod, Rules, ValidSignature};
use crate::client::{self, ClientMethod};
use crate::errors::{Mistake, Sink};
use crate::hook;
use crate::topic::{TopicAttribute, TopicName, kind};

/// The options of `#[topic]` in a node block.
const OPTIONS: &[&str] = &["oneway", "request", "spawn", "blocking", "timeout", "alias"];

pub(super) const TOPIC: Rules =
    Rules { what: "topic handler", client: false, values: true, owned_output: true };
pub(super) const HOOK: Rules = Rules { what: "hook", client: false, values: false, owned_output: false };

impl<'b> Node<'b> {
    /// Judges the block. Gives a node even where some methods are wrong; `None` only if the block itself is.
    pub(crate) fn validate(block: &'b RawBlock, arguments: &NodeArguments, sink: &Sink<'_>) -> Option<Self> {
        let head = sink.child();
        block.check_head("node", &head);
        let mut node = Self::empty(block, arguments);
        let mut some = false;
        for item in &block.items {
            match item {
                RawItem::Method(method) => {
                    some |= !method.inert.is_empty();
                    node.method(method, &sink.child());
                }
                RawItem::Other { inert, tokens, .. } => {
                    some |= !inert.is_empty();
                    block::refuse_on_other(inert, tokens, sink);
                }
            }
        }
        if !some && !sink.failed() {
            let mistake =
                Mistake::new(12, format!("`{}` has no topic and no hook here", block.plain_type_name()));
            sink.on(
                &block.self_type,
                mistake.help("put `#[topic(\"name\")]`, `#[on_start]` or `#[on_stop]` on a method"),
            );
        }
        duplicates::refuse(&mut node.topics, "handler", sink);
        node.warnings = duplicates::similar(&node.topics);
        (!head.failed()).then_some(node)
    }

    fn method(&mut self, method: &RawMethod, sink: &Sink<'_>) {
        let Some(attribute) = block::only_attribute(method, sink) else { return };
        let carried = Carried::of(&method.attributes);
        let hooks = match block::attribute_name(attribute).as_str() {
            "topic" => return self.topic(method, attribute, carried, sink),
            "on_start" => &mut self.on_start,
            _ => &mut self.on_stop,
        };
        hooks.extend(hook::read(method, attribute, carried, HOOK, !hooks.is_empty(), sink));
    }

    fn topic(&mut self, method: &RawMethod, attribute: &Attribute, carried: Carried, sink: &Sink<'_>) {
        let name = &method.signature.ident;
        let attribute_sink = sink.child();
        let mut attribute = TopicAttribute::read(attribute, name, OPTIONS, &attribute_sink);
        attribute.name = attribute.name.map(|name| name.outside_of(&self.block.self_type));
        let signature = ValidSignature::read(&method.signature, TOPIC, &sink.child());
        let Some(signature) = signature else { return };
        let kind = kind(&attribute, &signature, sink);
        let options = options(&mut attribute, &signature, &self.block.self_type, sink);
        if client::is_taken(name, sink) {
            return;
        }
        if let Some(topic) = &attribute.name
            && !sink.failed()
        {
            self.topics.push(Topic {
                name: topic.clone(),
                kind,
                options,
                signature: signature.clone(),
                carried: carried.clone(),
            });
        }
        let fallback = || TopicName::Literal(LitStr::new(&name.unraw().to_string(), name.span()));
        self.client_methods.push(ClientMethod {
            name: attribute.name.unwrap_or_else(fallback),
            kind,
            signature,
            carried,
            visibility: method.visibility.clone(),
        });
    }
}

/// Takes the options that say how the topic is handled, and reports those that this handler can't have.
pub(super) fn options(
    attribute: &mut TopicAttribute,
    signature: &ValidSignature,
    self_type: &Type,
    sink: &Sink<'_>,
) -> TopicOptions {
    let name = &signature.name;
    let refuse = |option: &str, message: String, help: String| {
        if let Some(place) = attribute.option_named(option) {
            sink.at(place.span(), Mistake::new(219, message).help(help));
        }
    };
    if attribute.has("blocking") && signature.is_async {
        let message = format!("`blocking` is for a plain `fn`, but `{name}` is `async`");
        refuse("blocking", message, format!("write `fn {name}`, or remove `blocking`"));
    }
    if attribute.has("blocking") && attribute.has("spawn") {
        let message = "`blocking` gives every call a thread of its own already".to_owned();
        refuse("spawn", message, "remove `spawn`".to_owned());
    }
    if attribute.has("timeout") && !signature.is_async {
        let message = format!("`timeout` ends a call where it waits, but `{name}` is no `async fn`");
        refuse("timeout", message, format!("write `async fn {name}`, or remove `timeout`"));
    }
    let aliases = std::mem::take(&mut attribute.aliases);
    TopicOptions {
        spawn: attribute.has("spawn"),
        blocking: attribute.has("blocking"),
        timeout: attribute.timeout,
        aliases: aliases.into_iter().map(|name| name.outside_of(self_type)).collect(),
    }
}

//! From the raw block to the valid one; every method is judged for itself.

use std::collections::HashMap;

use syn::ext::IdentExt as _;
use syn::{Attribute, LitStr, Type};

use super::model::{ClientMethod, Kind, Node, NodeArguments, Topic, TopicOptions};
use crate::attributes::Carried;
use crate::block::{self, RawBlock, RawItem, RawMethod, Rules, ValidSignature};
use crate::errors::{Mistake, Sink};
use crate::hook;
use crate::topic::{TopicAttribute, TopicName};

/// The options of `#[topic]` in a node block.
const OPTIONS: &[&str] = &["oneway", "request", "spawn", "blocking", "timeout", "alias"];

/// What the generated client is called with anyway, so that no handler can have these names.
const CLIENT_METHODS: &[&str] = &["new", "to", "any", "wait_for_provider"];

const TOPIC: Rules = Rules { what: "topic handler", client: false, values: true, owned_output: true };
const HOOK: Rules = Rules { what: "hook", client: false, values: false, owned_output: false };

impl<'b> Node<'b> {
    /// Judges the block. Gives a node even where some methods are wrong; `None` only if the block itself is.
    pub(crate) fn validate(block: &'b RawBlock, arguments: &NodeArguments, sink: &Sink<'_>) -> Option<Self> {
        let head = sink.child();
        block.check_head("node", &head);
        let mut node = Self {
            block,
            client_name: arguments.client_name(block),
            topics: Vec::new(),
            client_methods: Vec::new(),
            on_start: Vec::new(),
            on_stop: Vec::new(),
            warnings: Vec::new(),
        };
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
        node.duplicates(sink);
        node.similar();
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
        if CLIENT_METHODS.iter().any(|reserved| name == reserved) {
            let mistake = Mistake::new(110, format!("the generated client has a method `{name}` of its own"));
            sink.at(name.span(), mistake.help("rename the handler; the name of the topic can stay"));
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

    /// Reports topics of the same name. Where a `#[cfg]` stands on one of them, both may be right; then, and for
    /// names that are constants, the compiler's coherence finds them.
    fn duplicates(&mut self, sink: &Sink<'_>) {
        let mut seen: HashMap<String, TopicName> = HashMap::new();
        self.topics.retain(|topic| {
            let Some(name) = topic.name.text() else { return true };
            if !topic.carried.cfgs.is_empty() {
                return true;
            }
            let Some(first) = seen.get(&name) else {
                seen.insert(name, topic.name.clone());
                return true;
            };
            let mistake = Mistake::new(106, format!("the topic `{name}` has two handlers"));
            let help = "one node handles a topic once: rename one, or do both things in one handler";
            sink.on(&topic.name, mistake.help(help));
            sink.note(first, &format!("the first handler of `{name}` is here"));
            false
        });
        let unconditional = self.topics.iter_mut().filter(|topic| topic.carried.cfgs.is_empty());
        for alias in unconditional.flat_map(|topic| &mut topic.options.aliases) {
            let Some(name) = alias.text() else { continue };
            let Some(first) = seen.get(&name) else {
                seen.insert(name, alias.clone());
                continue;
            };
            let mistake = Mistake::new(109, format!("the alias `{name}` is the name of a topic, too"));
            sink.on(&*alias, mistake.help("remove the alias, or rename the topic that has taken its name"));
            sink.note(first, &format!("`{name}` is here already"));
        }
    }
}

impl Node<'_> {
    /// Notes topics whose names differ only in case: allowed, but probably a slip.
    fn similar(&mut self) {
        let mut seen: HashMap<String, String> = HashMap::new();
        for topic in &self.topics {
            let TopicName::Literal(literal) = &topic.name else { continue };
            let name = literal.value();
            match seen.get(&name.to_ascii_lowercase()) {
                Some(other) if *other != name => {
                    let text = format!("[SGE0107] the topics `{other}` and `{name}` differ only in case");
                    self.warnings.push((literal.span(), text));
                }
                _ => {
                    seen.insert(name.to_ascii_lowercase(), name);
                }
            }
        }
    }
}

/// Decides whether a topic is one-way or a request, and reports a contradiction.
fn kind(attribute: &TopicAttribute, signature: &ValidSignature, sink: &Sink<'_>) -> Kind {
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

/// Takes the options that say how the topic is handled, and reports those that this handler can't have.
fn options(
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

fn is_unit(ty: &Type) -> bool {
    matches!(block::ungroup(ty), Type::Tuple(tuple) if tuple.elems.is_empty())
}

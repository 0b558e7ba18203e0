//! From the raw WebSocket block to the valid one.

use std::collections::HashMap;

use syn::{Attribute, Type};

use super::model::{Topic, WebSocket};
use super::push;
use crate::attributes::Carried;
use crate::block::{self, RawBlock, RawItem, RawMethod, Rules, ValidSignature};
use crate::errors::{Mistake, Sink};
use crate::hook;
use crate::topic::{TopicAttribute, TopicName};

const TOPIC: Rules = Rules { what: "topic handler", client: true, values: true, owned_output: false };
const HOOK: Rules = Rules { what: "hook", client: true, values: false, owned_output: false };

impl<'b> WebSocket<'b> {
    /// Judges the block; handlers with mistakes are left out.
    pub(crate) fn validate(block: &'b RawBlock, sink: &Sink<'_>) -> Option<Self> {
        let head = sink.child();
        block.check_head("websocket", &head);
        let mut websocket = Self {
            block,
            topics: Vec::new(),
            pushes: Vec::new(),
            on_connect: Vec::new(),
            on_disconnect: Vec::new(),
        };
        let mut some = false;
        for item in &block.items {
            match item {
                RawItem::Method(method) => {
                    some |= !method.inert.is_empty();
                    websocket.method(method, &sink.child());
                }
                RawItem::Other { inert, tokens, .. } => {
                    some |= !inert.is_empty();
                    block::refuse_on_other(inert, tokens, sink);
                }
            }
        }
        if !some && !sink.failed() {
            let mistake = Mistake::new(
                12,
                format!("`{}` has no topic, no push and no hook here", block.plain_type_name()),
            );
            let help = "put `#[topic(\"name\")]`, `#[on_connect]` or `#[on_disconnect]` on a method, or declare a \
                        `#[push(\"name\")]`";
            sink.on(&block.self_type, mistake.help(help));
        }
        websocket.duplicates(sink);
        push::duplicates(&websocket.pushes, sink);
        (!head.failed()).then_some(websocket)
    }

    fn method(&mut self, method: &RawMethod, sink: &Sink<'_>) {
        let Some(attribute) = block::only_attribute(method, sink) else { return };
        let carried = Carried::of(&method.attributes);
        let hooks = match block::attribute_name(attribute).as_str() {
            "topic" => {
                return self.topics.extend(topic(&self.block.self_type, method, attribute, carried, sink));
            }
            "push" => {
                return self.pushes.extend(push::read(
                    &self.block.self_type,
                    method,
                    attribute,
                    carried,
                    sink,
                ));
            }
            "on_connect" => &mut self.on_connect,
            _ => &mut self.on_disconnect,
        };
        hooks.extend(hook::read(method, attribute, carried, HOOK, !hooks.is_empty(), sink));
    }

    fn duplicates(&mut self, sink: &Sink<'_>) {
        let mut seen: HashMap<String, TopicName> = HashMap::new();
        self.topics.retain(|topic| {
            let Some(name) = topic.name.text().filter(|_| topic.carried.cfgs.is_empty()) else { return true };
            let Some(first) = seen.get(&name) else {
                seen.insert(name, topic.name.clone());
                return true;
            };
            let mistake = Mistake::new(106, format!("the topic `{name}` has two handlers"));
            sink.on(&topic.name, mistake.help("rename one, or do both things in one handler"));
            sink.note(first, &format!("the first handler of `{name}` is here"));
            false
        });
    }
}

fn topic(
    self_type: &Type,
    method: &RawMethod,
    attribute: &Attribute,
    carried: Carried,
    sink: &Sink<'_>,
) -> Option<Topic> {
    let attribute = TopicAttribute::read(attribute, &method.signature.ident, &[], &sink.child());
    let signature = ValidSignature::read(&method.signature, TOPIC, &sink.child())?;
    let name = attribute.name.filter(|_| !sink.failed())?.outside_of(self_type);
    (!is_reserved(&name, sink)).then_some(Topic { name, signature, carried })
}

/// Whether a topic belongs to the component; reports it.
pub(super) fn is_reserved(name: &TopicName, sink: &Sink<'_>) -> bool {
    let reserved = name.text().is_some_and(|name| name == "heartbeat" || name == "error");
    if reserved {
        let mistake =
            Mistake::new(108, "the topics `heartbeat` and `error` belong to the WebSocket component");
        sink.on(name, mistake.help("choose another name"));
    }
    reserved
}

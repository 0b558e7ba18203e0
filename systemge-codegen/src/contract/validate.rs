//! From the raw trait to a contract; every method is judged for itself.

use proc_macro2::Ident;
use quote::ToTokens;
use syn::ext::IdentExt as _;
use syn::{Attribute, LitStr};

use super::model::{self, Contract};
use crate::attributes::Carried;
use crate::block::{self, RawItem, RawMethod, RawTrait, Receiver, Role, Rules, ValidSignature};
use crate::client::{self, ClientMethod};
use crate::errors::{Mistake, Sink};
use crate::key::Key;
use crate::names;
use crate::node::duplicates;
use crate::node::model::{Topic, TopicOptions};
use crate::topic::{TopicAttribute, TopicName, camel_case, kind};

/// The options of `#[topic]` in a contract.
const OPTIONS: &[&str] = &["oneway", "request", "alias"];

/// Those that belong to the handler.
pub(crate) const HANDLER_OPTIONS: &[&str] = &["spawn", "blocking", "timeout"];

const METHOD: Rules = Rules { what: "method of a contract", client: false, values: true, owned_output: true };

impl<'b> Contract<'b> {
    /// Judges the trait. Gives a contract even where something is wrong.
    pub(crate) fn validate(raw: &'b RawTrait, keys: Option<Vec<Key>>, sink: &Sink<'_>) -> Self {
        head(raw, sink);
        let keys_known = keys.is_some();
        let mut contract = Self {
            raw,
            client_name: model::client_name(&raw.name),
            keys: keys.unwrap_or_default(),
            keys_known,
            topics: Vec::new(),
            client_methods: Vec::new(),
            warnings: Vec::new(),
        };
        for item in &raw.items {
            match item {
                RawItem::Method(method) => contract.method(method, &sink.child()),
                RawItem::Other { tokens, .. } => {
                    if let Some(word) = block::item_keyword(tokens) {
                        let mistake = Mistake::new(405, format!("a contract has no `{word}`"));
                        sink.on(tokens, mistake.help("a contract declares topics; put this beside it"));
                    }
                }
            }
        }
        if raw.items.is_empty() && !sink.failed() {
            let mistake = Mistake::new(12, format!("the contract `{}` has no topic", raw.name.unraw()));
            let help = "declare one: `#[topic(\"move\")] async fn play(&self, mv: Move) -> Played;`";
            sink.at(raw.name.span(), mistake.help(help));
        }
        duplicates::refuse(&mut contract.topics, "method", sink);
        contract.warnings = duplicates::similar(&contract.topics);
        contract
    }

    fn method(&mut self, method: &RawMethod, sink: &Sink<'_>) {
        let name = &method.signature.ident;
        let Some(attribute) = block::only_attribute(method, sink) else {
            let mistake = Mistake::new(406, format!("`{name}` is in a contract, but declares no topic"));
            let help = format!("write `#[topic(\"{}\")]` above it", camel_case(name));
            sink.at(name.span(), mistake.help(help));
            return;
        };
        if let Some(body) = body(method) {
            handler_only(&body, format!("`{name}` has a body"), "end the declaration with `;`", sink);
        }
        let keys: Vec<String> = if self.keys_known {
            self.keys.iter().map(Key::text).collect()
        } else {
            // what is wrong with the keys was reported, so those of the name may be right
            names::placeholders(&attribute.meta.to_token_stream().to_string()).unwrap_or_default()
        };
        let attribute = read(attribute, name, &keys, sink);
        let Some(signature) = ValidSignature::read(&method.signature, METHOD, &sink.child()) else { return };
        handler_parameters(method, &signature, sink);
        let kind = kind(&attribute, &signature, sink);
        if client::is_taken(name, sink) {
            return;
        }
        let carried = Carried::of(&method.attributes);
        if let Some(topic) = &attribute.name
            && !sink.failed()
        {
            let options = TopicOptions { aliases: attribute.aliases, ..TopicOptions::default() };
            let (signature, carried) = (signature.clone(), carried.clone());
            self.topics.push(Topic { name: topic.clone(), kind, options, signature, carried });
        }
        let fallback = || TopicName::Literal(LitStr::new(&name.unraw().to_string(), name.span()));
        self.client_methods.push(ClientMethod {
            name: attribute.name.unwrap_or_else(fallback),
            kind,
            signature,
            carried,
            visibility: self.raw.visibility.clone(),
        });
    }
}

/// Reports what a trait may have and a contract can't.
fn head(raw: &RawTrait, sink: &Sink<'_>) {
    let refuse = |tokens: &dyn ToTokens, what: &str, help: &str| {
        let mistake = Mistake::new(405, format!("a contract has no {what}"));
        sink.on(tokens, mistake.help(help));
    };
    if let Some(word) = &raw.qualifier {
        refuse(word, &format!("`{word}`"), "write `trait` alone");
    }
    if !raw.generics.params.is_empty() {
        let help = "every topic has one type: name it, or write one contract for each";
        refuse(&raw.generics.params, "type parameters", help);
    }
    if !raw.supertraits.is_empty() {
        refuse(&raw.supertraits, "supertraits", "an application lists each contract that it handles");
    }
    if let Some(clause) = &raw.generics.where_clause {
        refuse(clause, "conditions", "it declares topics, nothing else");
    }
}

/// Reads the attribute; what belongs to the handler is reported.
fn read(attribute: &Attribute, name: &Ident, keys: &[String], sink: &Sink<'_>) -> TopicAttribute {
    let known: Vec<&str> = OPTIONS.iter().chain(HANDLER_OPTIONS).copied().collect();
    let read = TopicAttribute::read_keyed(attribute, name, &known, keys, &sink.child());
    for option in read.options.iter().filter(|option| HANDLER_OPTIONS.iter().any(|other| option == other)) {
        let help = format!("write `#[topic({option})]` at the handler, in the `#[systemge::node]` block");
        handler_only(option, format!("`{option}` says how a topic is handled"), &help, sink);
    }
    read
}

/// Reports parameters that only a handler has.
fn handler_parameters(method: &RawMethod, signature: &ValidSignature, sink: &Sink<'_>) {
    let name = &signature.name;
    if signature.receiver == Receiver::Exclusive
        && let Some(receiver) = method.signature.receiver()
    {
        let what = format!("`{name}` takes `&mut self`");
        handler_only(receiver, what, "write `&self`; the handler may take `&mut self` all the same", sink);
    }
    for parameter in signature.parameters.iter().filter(|parameter| parameter.role == Role::Context) {
        let help = "remove it; the handler may take `&Context` all the same";
        handler_only(&parameter.ty, format!("`{name}` takes a context"), help, sink);
    }
}

fn handler_only(place: &dyn ToTokens, what: String, help: &str, sink: &Sink<'_>) {
    let mistake = Mistake::new(409, format!("{what}, which is the handler's business, not the contract's"));
    sink.on(place, mistake.help(help));
}

/// The body of a method that has one.
fn body(method: &RawMethod) -> Option<proc_macro2::TokenStream> {
    let mut trees = method.body.clone().into_iter();
    match trees.next() {
        Some(proc_macro2::TokenTree::Group(_)) => Some(method.body.clone()),
        _ => None,
    }
}

//! From the raw HTTP block to the valid one.

use std::collections::HashMap;

use proc_macro2::TokenStream;
use quote::ToTokens as _;
use syn::ext::IdentExt as _;
use syn::{Attribute, Lit, LitStr};

use super::model::{Folder, Http, Route, Value};
use super::{limits, path};
use crate::attributes::{self, Argument, ArgumentKind, BlockArguments, Carried};
use crate::block::{self, RawBlock, RawItem, RawMethod, Rules, ValidSignature};
use crate::errors::{Mistake, Sink};
use crate::suggest;

const HANDLER: Rules = Rules { what: "handler", client: false, values: true, owned_output: false };

impl<'b> Http<'b> {
    /// Judges the block; routes with mistakes are left out.
    pub(crate) fn validate(block: &'b RawBlock, arguments: &BlockArguments, sink: &Sink<'_>) -> Option<Self> {
        let head = sink.child();
        block.check_head("http", &head);
        let (filters, rest): (Vec<_>, Vec<_>) =
            arguments.rest.iter().partition(|argument| is_filter(argument));
        let filters = filters.into_iter().filter_map(|argument| filter(argument, &sink.child())).collect();
        let folders: Vec<Folder> =
            rest.into_iter().filter_map(|argument| folder(argument, &sink.child())).collect();
        let mut routes: Vec<Route> = Vec::new();
        let mut some = !arguments.rest.is_empty();
        for item in &block.items {
            match item {
                RawItem::Method(method) => {
                    some |= !method.inert.is_empty();
                    routes.extend(route(method, &sink.child()));
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
                format!("`{}` has no route, no folder and no filter here", block.plain_type_name()),
            );
            let help =
                "put `#[get(\"/path\")]` on a method, or write `#[systemge::http(folder(\"/\", \"page\"))]`";
            sink.on(&block.self_type, mistake.help(help));
        }
        duplicates(&mut routes, sink);
        (!head.failed()).then_some(Self { block, routes, folders, filters })
    }
}

fn is_filter(argument: &Argument) -> bool {
    matches!(
        &argument.kind,
        ArgumentKind::Word(word) | ArgumentKind::Value(word, _) | ArgumentKind::List(word, _) if word == "filter"
    )
}

/// `filter(Self::more)`: the function that makes a filter.
fn filter(argument: &Argument, sink: &Sink<'_>) -> Option<TokenStream> {
    if let ArgumentKind::List(_, group) = &argument.kind
        && let [only] = attributes::split(group.stream()).as_slice()
        && matches!(only.kind, ArgumentKind::Word(_) | ArgumentKind::Path(_))
    {
        return Some(only.tokens.clone());
    }
    let mistake = Mistake::new(11, "`filter` takes the function that makes the filter");
    sink.on(&argument.tokens, mistake.help("write `filter(Self::more)`, for example"));
    None
}

fn folder(argument: &Argument, sink: &Sink<'_>) -> Option<Folder> {
    let example = "folder(\"/\", \"page\")";
    match &argument.kind {
        ArgumentKind::List(word, group) if word == "folder" => {
            let parts = attributes::split(group.stream());
            let [prefix, folder] = parts.as_slice() else {
                let mistake = Mistake::new(11, "`folder` takes the prefix of the URL and the folder");
                sink.on(&argument.tokens, mistake.help(format!("write `{example}`")));
                return None;
            };
            let text = |part: &Argument| match &part.kind {
                ArgumentKind::Literal(Lit::Str(text)) => Some(text.clone()),
                _ => {
                    let mistake = Mistake::new(11, format!("`{}` is no string", part.tokens));
                    sink.on(&part.tokens, mistake.help(format!("write `{example}`")));
                    None
                }
            };
            let folder = match &folder.kind {
                ArgumentKind::Literal(_) => text(folder).map(|text| text.to_token_stream()),
                _ => Some(folder.tokens.clone()),
            };
            let (prefix, folder) = (text(prefix)?, folder?);
            if !prefix.value().starts_with('/') {
                let mistake =
                    Mistake::new(501, format!("the prefix `{}` does not start with `/`", prefix.value()));
                sink.on(&prefix, mistake.help(format!("write `\"/{}\"`", prefix.value())));
            }
            (!sink.failed()).then_some(Folder { prefix, folder })
        }
        ArgumentKind::Word(word) | ArgumentKind::Value(word, _) if word == "folder" => {
            let mistake = Mistake::new(11, "`folder` takes the prefix of the URL and the folder");
            sink.on(&argument.tokens, mistake.help(format!("write `{example}`")));
            None
        }
        ArgumentKind::Word(word) | ArgumentKind::Value(word, _) | ArgumentKind::List(word, _) => {
            attributes::unknown_option(word, "http", &["folder", "filter", "crate"], sink);
            None
        }
        _ => {
            attributes::unreadable(argument, "http", &format!("#[systemge::http({example})]"), sink);
            None
        }
    }
}

fn route(method: &RawMethod, sink: &Sink<'_>) -> Option<Route> {
    let attribute = block::only_attribute(method, sink)?;
    let verb = block::attribute_name(attribute);
    let arguments = attributes::arguments_of(attribute, sink);
    let path = path_of(attribute, &arguments, &verb, method, sink);
    let limits = limits::read(&verb, arguments.get(1..).unwrap_or_default(), &sink.child());
    let signature = ValidSignature::read(&method.signature, HANDLER, &sink.child());
    let (path, signature) = (path?, signature?);
    let child = sink.child();
    let placeholders = path::placeholders(&path, &child);
    if child.failed() {
        return None;
    }
    let values = values(&signature, &placeholders, &verb, sink);
    missing(&placeholders, &signature, &path, sink);
    (!sink.failed()).then(|| Route {
        method: verb,
        path,
        limits,
        values,
        signature,
        carried: Carried::of(&method.attributes),
    })
}

fn path_of(
    attribute: &Attribute,
    arguments: &[Argument],
    verb: &str,
    method: &RawMethod,
    sink: &Sink<'_>,
) -> Option<LitStr> {
    let example = format!("#[{verb}(\"/{}\")]", method.signature.ident.unraw());
    let mut path: Option<LitStr> = None;
    let mut given = false;
    for argument in arguments {
        match &argument.kind {
            ArgumentKind::Literal(Lit::Str(text)) if !given => path = Some(text.clone()),
            ArgumentKind::Literal(Lit::Str(_)) => {
                let message = format!("the route of `{}` has a second path", method.signature.ident);
                sink.on(
                    &argument.tokens,
                    Mistake::new(7, message).help("one handler, one path: write a second method"),
                );
            }
            // an option, which is judged elsewhere
            ArgumentKind::Word(_) | ArgumentKind::Value(..) | ArgumentKind::List(..) if given => {}
            _ => {
                let mistake = Mistake::new(6, format!("`{}` is no path of a route", argument.tokens));
                sink.on(&argument.tokens, mistake.help(format!("a path is a string: `{example}`")));
            }
        }
        given = true;
    }
    if !given {
        let mistake = Mistake::new(5, format!("the route of `{}` has no path", method.signature.ident));
        sink.on(attribute.path(), mistake.help(format!("write `{example}`")));
    }
    path
}

fn values(signature: &ValidSignature, placeholders: &[String], verb: &str, sink: &Sink<'_>) -> Vec<Value> {
    let mut values = Vec::new();
    for parameter in signature.values() {
        let name = parameter.name.as_ref().map(|name| name.unraw().to_string()).unwrap_or_default();
        if placeholders.contains(&name) {
            values.push(Value::Segment { name, ty: parameter.ty.clone() });
            continue;
        }
        if verb == "get" && block::last_segment(&parameter.ty).is_some_and(|segment| segment.ident == "Json")
        {
            let mistake = Mistake::new(503, "a GET request has no body");
            let ty = block::type_text(&parameter.ty);
            let help =
                format!("use `#[post(..)]`, or take `{name}` from the query: `{}`", query(&ty.to_string()));
            sink.on(&parameter.ty, mistake.help(help));
        }
        values.push(Value::Request { ty: parameter.ty.clone() });
    }
    values
}

/// `Json<Cell>` as `Query<Cell>`.
fn query(ty: &str) -> String {
    ty.replace(' ', "").replacen("Json<", "Query<", 1)
}

/// Reports placeholders that no parameter takes.
fn missing(placeholders: &[String], signature: &ValidSignature, path: &LitStr, sink: &Sink<'_>) {
    let names: Vec<String> = signature
        .values()
        .filter_map(|parameter| parameter.name.as_ref().map(|name| name.unraw().to_string()))
        .collect();
    for placeholder in placeholders.iter().filter(|placeholder| !names.contains(placeholder)) {
        let others =
            names.iter().map(String::as_str).filter(|name| !placeholders.iter().any(|other| other == name));
        let near = suggest::nearest(placeholder, others);
        let near = near.map(|name| format!("; did you mean `{{{name}}}`?")).unwrap_or_default();
        let mistake =
            Mistake::new(501, format!("`{}` has no parameter for `{{{placeholder}}}`", signature.name));
        sink.on(
            path,
            mistake.help(format!("add the parameter `{placeholder}: String`, or another type{near}")),
        );
    }
}

fn duplicates(routes: &mut Vec<Route>, sink: &Sink<'_>) {
    let mut seen: HashMap<(String, String), LitStr> = HashMap::new();
    routes.retain(|route| {
        if !route.carried.cfgs.is_empty() {
            return true;
        }
        let key = (route.method.clone(), path::normalized(&route.path.value()));
        let Some(first) = seen.get(&key) else {
            seen.insert(key, route.path.clone());
            return true;
        };
        let message = format!(
            "there are two routes for {} `{}`",
            route.method.to_ascii_uppercase(),
            route.path.value()
        );
        sink.on(&route.path, Mistake::new(502, message).help("change the path of one of them"));
        sink.note(first, "the first route is here");
        false
    });
}

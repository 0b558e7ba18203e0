//! From the raw block of commands to the valid one.

use std::collections::HashMap;

use syn::ext::IdentExt as _;
use syn::{Attribute, Lit, LitStr};

use super::model::{Argument, Command, Commands, Presence};
use crate::attributes::{self, ArgumentKind, Carried};
use crate::block::{self, RawBlock, RawItem, RawMethod, Rules, ValidSignature};
use crate::errors::{Mistake, Sink};
use crate::names;

const COMMAND: Rules = Rules { what: "command", client: false, values: true, owned_output: false };

impl<'b> Commands<'b> {
    /// Judges the block; commands with mistakes are left out.
    pub(crate) fn validate(block: &'b RawBlock, sink: &Sink<'_>) -> Option<Self> {
        let head = sink.child();
        block.check_head("commands", &head);
        let mut commands: Vec<Command> = Vec::new();
        let mut some = false;
        for item in &block.items {
            match item {
                RawItem::Method(method) if !method.inert.is_empty() => {
                    some = true;
                    commands.extend(command(method, &sink.child()));
                }
                RawItem::Method(_) => {}
                RawItem::Other { inert, tokens, .. } => {
                    some |= !inert.is_empty();
                    block::refuse_on_other(inert, tokens, sink);
                }
            }
        }
        if !some && !sink.failed() {
            let mistake = Mistake::new(12, format!("`{}` has no command here", block.plain_type_name()));
            sink.on(&block.self_type, mistake.help("put `#[command(\"name\")]` on a method"));
        }
        duplicates(&mut commands, sink);
        (!head.failed()).then_some(Self { block, commands })
    }
}

fn command(method: &RawMethod, sink: &Sink<'_>) -> Option<Command> {
    let attribute = block::only_attribute(method, sink)?;
    let name = name(attribute, method, sink);
    let signature = ValidSignature::read(&method.signature, COMMAND, &sink.child())?;
    let arguments = arguments(&signature, sink);
    let name = name?;
    (!sink.failed()).then(|| Command { name, arguments, signature, carried: Carried::of(&method.attributes) })
}

fn name(attribute: &Attribute, method: &RawMethod, sink: &Sink<'_>) -> Option<LitStr> {
    let suggestion = format!("#[command(\"{}\")]", method.signature.ident.unraw());
    let mut name: Option<LitStr> = None;
    let mut given = false;
    for argument in attributes::arguments_of(attribute, sink) {
        match &argument.kind {
            ArgumentKind::Literal(Lit::Str(_)) if given => {
                let message = format!("the command `{}` has a second name", method.signature.ident);
                sink.on(
                    &argument.tokens,
                    Mistake::new(7, message).help("one method, one command: write a second method"),
                );
            }
            ArgumentKind::Literal(Lit::Str(literal)) => {
                given = true;
                let child = sink.child();
                names::check_command(&literal.value(), literal.span(), &child);
                name = (!child.failed()).then(|| literal.clone());
            }
            ArgumentKind::Word(_) | ArgumentKind::Path(_) | ArgumentKind::Literal(_) if !given => {
                given = true;
                let mistake = Mistake::new(6, format!("`{}` is no name of a command", argument.tokens));
                sink.on(&argument.tokens, mistake.help(format!("a name is a string: `{suggestion}`")));
            }
            ArgumentKind::Word(word) | ArgumentKind::Value(word, _) | ArgumentKind::List(word, _) => {
                attributes::unknown_option(word, "command", &[], sink);
            }
            _ => attributes::unreadable(&argument, "command", &suggestion, sink),
        }
    }
    if !given {
        let mistake = Mistake::new(5, format!("the command `{}` has no name", method.signature.ident));
        sink.on(attribute.path(), mistake.help(format!("write `{suggestion}`")));
    }
    name
}

/// The arguments by their types: `Option<T>` may be missing, `Vec<T>` takes all that is left.
fn arguments(signature: &ValidSignature, sink: &Sink<'_>) -> Vec<Argument> {
    let mut arguments: Vec<Argument> = Vec::new();
    for parameter in signature.values() {
        let (ty, presence) = if let Some(inner) = block::only_argument(&parameter.ty, "Option") {
            (inner, Presence::Optional)
        } else if let Some(inner) = block::only_argument(&parameter.ty, "Vec") {
            (inner, Presence::Rest)
        } else {
            (&parameter.ty, Presence::Required)
        };
        let name = parameter.name.as_ref().map(|name| name.unraw().to_string()).unwrap_or_default();
        match arguments.last() {
            Some(last) if last.presence == Presence::Rest => {
                let mistake = Mistake::new(
                    510,
                    format!("`{name}` stands behind `{}`, which takes all that is left", last.name),
                );
                sink.on(&parameter.ty, mistake.help(format!("move `{}: Vec<..>` to the end", last.name)));
            }
            Some(last) if last.presence == Presence::Optional && presence == Presence::Required => {
                let message = format!("the required `{name}` stands behind the optional `{}`", last.name);
                let ty = block::type_text(&parameter.ty);
                let help = format!("move it in front of `{}`, or write `Option<{ty}>`", last.name);
                sink.on(&parameter.ty, Mistake::new(509, message).help(help));
            }
            _ => {}
        }
        arguments.push(Argument { name, ty: ty.clone(), presence });
    }
    arguments
}

fn duplicates(commands: &mut Vec<Command>, sink: &Sink<'_>) {
    let mut seen: HashMap<String, LitStr> = HashMap::new();
    commands.retain(|command| {
        let name = command.name.value();
        if !command.carried.cfgs.is_empty() {
            return true;
        }
        let Some(first) = seen.get(&name) else {
            seen.insert(name, command.name.clone());
            return true;
        };
        let mistake = Mistake::new(505, format!("there are two commands `{name}`"));
        sink.on(&command.name, mistake.help("rename one of them"));
        sink.note(first, &format!("the first command `{name}` is here"));
        false
    });
}

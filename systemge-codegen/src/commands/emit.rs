//! The hidden constant of a block of commands.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens as _, quote_spanned};

use super::model::{Argument, Command, Commands, Presence};
use crate::block;
use crate::crate_path::CratePath;
use crate::emit::{self, Condition, Conditions};

/// `const __SYSTEMGE_COMMANDS`, in an `impl` block of its own.
pub(crate) fn block(block: &Commands<'_>, krate: &CratePath) -> TokenStream {
    let span = Span::mixed_site();
    let commands = &block.commands;
    let exclusive = emit::exclusive(commands.iter().map(|command| (&command.signature, &command.carried)));
    let entries = commands.iter().map(|command| entry(command, krate));
    let table = if commands.is_empty() {
        quote_spanned! {span=> _ }
    } else {
        quote_spanned! {span=> table }
    };
    let constant = quote_spanned! {span=>
        #[doc(hidden)]
        pub const __SYSTEMGE_COMMANDS: ::core::option::Option<#krate::__private::CommandBlock<Self>> =
            ::core::option::Option::Some(#krate::__private::CommandBlock {
                exclusive: #exclusive,
                commands: |#table| { #(#entries)* },
            });
    };
    let conditions: Vec<Conditions<'_>> = commands.iter().map(conditions).collect();
    emit::constant(block.block, "commands", &conditions, |_| false, krate, &constant)
}

fn entry(command: &Command, krate: &CratePath) -> TokenStream {
    let Command { name, arguments, signature, carried } = command;
    let span = signature.name.span().resolved_at(Span::mixed_site());
    let cfgs = &carried.cfgs;
    let help = carried.documentation();
    let specs = arguments.iter().map(|Argument { name, ty, presence }| {
        let type_name = ty.to_token_stream().to_string().replace(' ', "");
        let presence = Ident::new(
            match presence {
                Presence::Required => "Required",
                Presence::Optional => "Optional",
                Presence::Rest => "Rest",
            },
            span,
        );
        quote_spanned! {span=>
            #krate::__private::ArgumentSpec {
                name: #name,
                type_name: #type_name,
                presence: #krate::__private::Presence::#presence,
            }
        }
    });
    let (locals, _) = emit::values(arguments.len());
    let reads = arguments.iter().zip(&locals).map(|(Argument { name, ty, presence }, local)| {
        let method = Ident::new(
            match presence {
                Presence::Required => "required",
                Presence::Optional => "optional",
                Presence::Rest => "rest",
            },
            span,
        );
        quote_spanned! {span=> let #local = arguments.#method::<#ty>(#name)?; }
    });
    let mutable = (!arguments.is_empty()).then(|| quote_spanned! {span=> mut });
    let call = emit::call(signature, &locals, emit::Threading::Async, krate);
    quote_spanned! {span=>
        #(#cfgs)*
        table.command(
            #krate::__private::CommandSpec { name: #name, help: #help, arguments: &[#(#specs),*] },
            |invocation, #mutable arguments| async move {
                #(#reads)*
                arguments.finish()?;
                #call
                let _ = (state, context);
                #krate::command::CommandReply::into_text(reply)
            },
        );
    }
}

fn conditions(command: &Command) -> Conditions<'_> {
    let arguments = command.arguments.iter().map(|argument| {
        let called_context = block::is_called(&argument.ty, "Context");
        let condition = if called_context { Condition::ContextArgument } else { Condition::CommandArgument };
        (condition, argument.ty.to_token_stream())
    });
    let reply = command.signature.output.iter().map(|ty| (Condition::CommandReply, ty.to_token_stream()));
    Conditions {
        carried: &command.carried,
        list: arguments.chain(reply).chain(emit::contexts(&command.signature)).collect(),
    }
}

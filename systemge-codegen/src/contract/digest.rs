//! What a contract tells the blocks that handle it: its topics, as tokens between two macros.
//!
//! Only names, kinds and signatures go this way, for messages and to find which topic a handler is for. Types don't: they
//! would mean something else where the block stands.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::ext::IdentExt as _;
use syn::parse::{Parse, ParseStream};
use syn::{LitBool, LitInt, ReturnType, Signature, Token};

use super::model::Contract;
use crate::topic::Kind;

/// A contract as a block of handlers sees it.
#[derive(Debug)]
pub(crate) struct Digest {
    pub(crate) name: Ident,
    /// The names of its keys.
    pub(crate) keys: Vec<Ident>,
    pub(crate) topics: Vec<DigestTopic>,
}

/// One topic of it.
#[derive(Debug)]
pub(crate) struct DigestTopic {
    /// Its place among the topics of the contract.
    pub(crate) index: usize,
    pub(crate) kind: Kind,
    /// Whether it is under a `#[cfg]` of the contract's crate.
    pub(crate) conditional: bool,
    pub(crate) signature: Signature,
}

/// The tokens that [`Digest`] is read from.
pub(super) fn tokens(contract: &Contract<'_>) -> TokenStream {
    let name = &contract.raw.name;
    let topics = contract.topics.iter().enumerate().map(|(index, topic)| {
        let span = Span::mixed_site();
        let kind = Ident::new(if topic.kind == Kind::OneWay { "message" } else { "request" }, span);
        let conditional = !topic.carried.cfgs.is_empty();
        let name = &topic.signature.name;
        let asyncness = topic.signature.is_async.then(|| quote_spanned! {span=> async });
        let (names, types): (Vec<_>, Vec<_>) =
            topic.signature.values().map(|value| (&value.name, &value.ty)).unzip();
        let output = topic.signature.output.iter();
        let index = proc_macro2::Literal::usize_unsuffixed(index);
        quote_spanned! {span=>
            { #index #kind #conditional #asyncness fn #name(&self #(, #names: #types)*) #(-> #output)* }
        }
    });
    let keys = contract.keys.iter().map(|key| &key.name);
    quote! { #name (#(#keys),*) #(#topics)* }
}

impl Parse for Digest {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let name = input.call(Ident::parse_any)?;
        let list;
        syn::parenthesized!(list in input);
        let keys = list.parse_terminated(Ident::parse_any, Token![,])?.into_iter().collect();
        let mut topics = Vec::new();
        while !input.is_empty() {
            let content;
            syn::braced!(content in input);
            let index = content.parse::<LitInt>()?.base10_parse()?;
            let kind = if content.parse::<Ident>()? == "message" { Kind::OneWay } else { Kind::Request };
            let conditional = content.parse::<LitBool>()?.value;
            let signature = content.parse()?;
            content.parse::<Option<Token![;]>>()?;
            topics.push(DigestTopic { index, kind, conditional, signature });
        }
        Ok(Self { name, keys, topics })
    }
}

impl DigestTopic {
    /// The signature as one writes it.
    pub(crate) fn text(&self) -> String {
        let text = crate::block::type_text(&self.signature.to_token_stream());
        text.replace(" (", "(").replace(" :", ":").replace("->(", "-> (")
    }

    /// What its handler returns, unless that is nothing.
    pub(crate) fn output(&self) -> Option<String> {
        match &self.signature.output {
            ReturnType::Type(_, ty) if !crate::topic::is_unit(ty) => Some(crate::block::type_text(ty)),
            _ => None,
        }
    }

    /// How many values the topic carries.
    pub(crate) fn values(&self) -> usize {
        self.signature.inputs.len().saturating_sub(1)
    }
}

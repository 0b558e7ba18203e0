//! The client beside a node block or a contract: one method for each topic.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens as _, format_ident, quote_spanned};
use syn::ext::IdentExt as _;
use syn::{Attribute, GenericParam, Generics, Type, Visibility};

use crate::attributes::Carried;
use crate::block::{ValidSignature, replace_self};
use crate::crate_path::CratePath;
use crate::emit::{Condition, widest};
use crate::errors::{Mistake, Sink};
use crate::key::{self, Key};
use crate::node::conditions;
use crate::topic::{Kind, TopicName};

/// The client of some topics.
#[derive(Debug)]
pub(crate) struct Client<'c> {
    pub(crate) name: &'c Ident,
    /// The name of what declares the topics, for the documentation.
    pub(crate) owner: String,
    pub(crate) cfgs: Vec<Attribute>,
    pub(crate) generics: &'c Generics,
    /// What `Self` stands for in the signatures, where it stands for anything.
    pub(crate) self_type: Option<&'c Type>,
    pub(crate) methods: &'c [ClientMethod],
    /// The constant of the contract that declares the topics, and its visibility.
    pub(crate) contract: Option<(&'c Ident, &'c Visibility)>,
    /// What tells instances apart.
    pub(crate) keys: &'c [Key],
}

/// A method of the generated client.
#[derive(Debug)]
pub(crate) struct ClientMethod {
    pub(crate) name: TopicName,
    pub(crate) kind: Kind,
    pub(crate) signature: ValidSignature,
    pub(crate) carried: Carried,
    pub(crate) visibility: Visibility,
}

/// What the generated client is called with anyway, so that no topic can have these names.
const METHODS: &[&str] = &["new", "to", "any", "wait_for_provider"];

/// Reports a method whose name the client has taken for itself.
pub(crate) fn is_taken(name: &Ident, sink: &Sink<'_>) -> bool {
    let taken = METHODS.iter().any(|method| name == method);
    if taken {
        let mistake = Mistake::new(110, format!("the generated client has a method `{name}` of its own"));
        sink.at(name.span(), mistake.help("rename the handler; the name of the topic can stay"));
    }
    taken
}

impl Client<'_> {
    /// The struct of the client and its methods; nothing if there are no topics.
    pub(crate) fn emit(&self, krate: &CratePath) -> TokenStream {
        if self.methods.is_empty() && self.contract.is_none() {
            return TokenStream::new();
        }
        let span = Span::mixed_site();
        let Self { name, methods, .. } = self;
        let doc = format!(" The typed caller of the topics of `{}`.", self.owner);
        let new = self.constructor(krate);
        let list = methods.iter().enumerate().map(|(index, method)| self.method(index, method, krate));
        let list = quote_spanned! {span=> #(#list)* };
        if self.keys.is_empty() {
            return self.shell(name, methods.len(), &doc, &quote_spanned! {span=> #new #list }, krate);
        }
        let instance = format_ident!("Keyed{}", name.unraw(), span = name.span());
        let keyed = self.instance(&instance, krate);
        let mut tokens = self.shell(name, 0, &doc, &quote_spanned! {span=> #new #keyed }, krate);
        let doc = format!(" The typed caller of the topics of one `{}`.", self.owner);
        tokens.extend(self.shell(&instance, methods.len(), &doc, &list, krate));
        tokens
    }

    fn constructor(&self, krate: &CratePath) -> TokenStream {
        let span = Span::mixed_site();
        let doc = " A client that asks every node which handles the topic.";
        let (caller, core) = match self.contract {
            None => (
                quote_spanned! {span=> #krate::client::Caller },
                quote_spanned! {span=> #krate::__private::ClientCore::new(caller) },
            ),
            Some((contract, _)) => (
                quote_spanned! {span=> #krate::__private::CallerOf<{ #contract.key() }> },
                quote_spanned! {span=> #krate::__private::ClientCore::of_contract(caller, &#contract) },
            ),
        };
        quote_spanned! {span=>
            #[doc = #doc]
            pub fn new(caller: &impl #caller) -> Self {
                Self { core: #core, application: ::core::marker::PhantomData }
            }
        }
    }

    /// The method that gives the client of one instance.
    fn instance(&self, instance: &Ident, krate: &CratePath) -> TokenStream {
        let span = Span::mixed_site();
        let names: Vec<&Ident> = self.keys.iter().map(|key| &key.name).collect();
        let texts = self.keys.iter().map(Key::text);
        let types = self.keys.iter().map(|key| key::parameter(&key.ty));
        let conditions = self.keys.iter().filter_map(|key| Condition::Key.assume(&key.ty, krate));
        let method = match names.as_slice() {
            [only] => (*only).clone(),
            several => {
                let words: Vec<String> = several.iter().map(|name| name.unraw().to_string()).collect();
                format_ident!("{}", words.join("_"), span = several.first().map_or(span, |name| name.span()))
            }
        };
        let doc = format!(
            " The client of the `{}` with this key, which is turned into text once, here. A key whose text can't be a part of a topic's \
             name is an error where the client is used.",
            self.owner
        );
        quote_spanned! {span=>
            #[doc = #doc]
            pub fn #method(&self #(, #names: #types)*) -> #instance
            where
                #(#conditions,)*
            {
                #instance {
                    core: self.core.keyed(&[#((#texts, #krate::TopicKey::segment(#names))),*]),
                    application: ::core::marker::PhantomData,
                }
            }
        }
    }

    /// A client's struct with what every client has, and these methods.
    fn shell(
        &self,
        name: &Ident,
        count: usize,
        doc: &str,
        methods: &TokenStream,
        krate: &CratePath,
    ) -> TokenStream {
        let span = Span::mixed_site();
        let Self { cfgs, generics, .. } = self;
        let visibility = match self.contract {
            Some((_, visibility)) => visibility.clone(),
            None => widest(self.methods.iter().map(|method| &method.visibility)),
        };
        let (impl_generics, type_generics, where_clause) = generics.split_for_impl();
        let types = generics.params.iter().filter_map(|parameter| match parameter {
            GenericParam::Type(parameter) => Some(&parameter.ident),
            _ => None,
        });
        let text = name.to_string();
        quote_spanned! {span=>
            #(#cfgs)*
            #[doc = #doc]
            #[allow(dead_code, unreachable_pub)]
            #visibility struct #name #impl_generics #where_clause {
                core: #krate::__private::ClientCore<#count>,
                application: ::core::marker::PhantomData<fn() -> (#(#types,)*)>,
            }

            #(#cfgs)*
            #[automatically_derived]
            #[allow(dead_code, deprecated, unreachable_pub, clippy::all, clippy::pedantic, clippy::nursery)]
            impl #impl_generics #name #type_generics #where_clause {
                /// Asks only the node of that name.
                #[must_use]
                pub fn to(self, node: impl ::core::convert::Into<::std::string::String>) -> Self {
                    Self { core: self.core.to(node), application: ::core::marker::PhantomData }
                }

                /// Asks one of the nodes that handle the topic, the less busy of two random ones; another one if it refuses
                /// the request, or its connection cannot take it.
                #[must_use]
                pub fn any(self) -> Self {
                    Self { core: self.core.any(), application: ::core::marker::PhantomData }
                }

                /// Waits so long for a node that handles the topic, if none is connected; without it, that is an error at
                /// once. The time of a request counts from when it is sent.
                #[must_use]
                pub fn wait_for_provider(self, time: ::core::time::Duration) -> Self {
                    Self { core: self.core.wait_for_provider(time), application: ::core::marker::PhantomData }
                }

                #methods
            }

            #(#cfgs)*
            #[automatically_derived]
            impl #impl_generics ::core::clone::Clone for #name #type_generics #where_clause {
                fn clone(&self) -> Self {
                    Self {
                        core: ::core::clone::Clone::clone(&self.core),
                        application: ::core::marker::PhantomData,
                    }
                }
            }

            #(#cfgs)*
            #[automatically_derived]
            impl #impl_generics ::core::fmt::Debug for #name #type_generics #where_clause {
                fn fmt(&self, formatter: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                    formatter.debug_struct(#text).finish_non_exhaustive()
                }
            }
        }
    }

    /// One method.
    fn method(&self, index: usize, method: &ClientMethod, krate: &CratePath) -> TokenStream {
        let ClientMethod { kind, signature, carried, visibility, .. } = method;
        let Carried { cfgs, docs, deprecated } = carried;
        let name = &signature.name;
        let span = name.span().resolved_at(Span::mixed_site());
        // what the compiler finds when it evaluates the topic is reported at the handler's name
        let krate = &krate.at(span);
        let parameters: Vec<_> = signature
            .values()
            .enumerate()
            .map(|(index, parameter)| {
                let name =
                    parameter.name.clone().unwrap_or_else(|| format_ident!("value_{index}", span = span));
                (name, self.owned(parameter.ty.to_token_stream()))
            })
            .collect();
        let (names, types): (Vec<_>, Vec<_>) = parameters.into_iter().unzip();
        let payload = match names.as_slice() {
            [only] => quote_spanned! {span=> #only },
            several => quote_spanned! {span=> (#(#several),*) },
        };
        let (payload_type, reply) = (self.owned(signature.payload()), self.owned(signature.reply()));
        let fallback = docs.is_empty().then(|| {
            let doc = format!(" The topic of `{}::{name}`.", self.owner);
            quote_spanned! {span=> #[doc = #doc] }
        });
        // what a one-way handler returns stays with its node, and may be private to it
        let conditions = conditions(signature, *kind)
            .into_iter()
            .filter(|(condition, _)| *condition != Condition::OneWayReply);
        let conditions = conditions.filter_map(|(condition, ty)| condition.assume(&self.owned(ty), krate));
        let (output, send) = match kind {
            Kind::OneWay => (
                quote_spanned! {span=> #krate::client::OneWay<'_, #payload_type> },
                quote_spanned! {span=> message },
            ),
            Kind::Request => (
                quote_spanned! {span=> #krate::client::Request<'_, #payload_type, #reply> },
                quote_spanned! {span=> request },
            ),
        };
        let topic = self.topic(method, krate);
        quote_spanned! {span=>
            #(#cfgs)*
            #(#docs)*
            #fallback
            #(#deprecated)*
            #visibility fn #name(&self #(, #names: #types)*) -> #output
            where
                #(#conditions,)*
            {
                self.core.#send(#index, const { &#topic }, #payload)
            }
        }
    }

    fn owned(&self, tokens: TokenStream) -> TokenStream {
        match self.self_type {
            Some(self_type) => replace_self(tokens, self_type),
            None => tokens,
        }
    }

    /// The expression of a topic.
    pub(crate) fn topic(&self, method: &ClientMethod, krate: &CratePath) -> TokenStream {
        let ClientMethod { name, kind, signature, .. } = method;
        let span = signature.name.span().resolved_at(Span::mixed_site());
        let krate = &krate.at(span);
        let (payload, reply) = (self.owned(signature.payload()), self.owned(signature.reply()));
        match kind {
            Kind::OneWay => quote_spanned! {span=> #krate::Topic::one_way::<#payload>(#name) },
            Kind::Request => quote_spanned! {span=> #krate::Topic::request::<#payload, #reply>(#name) },
        }
    }
}

//! The client beside a node block or a contract: one method for each topic.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens as _, format_ident, quote_spanned};
use syn::ext::IdentExt as _;
use syn::{Attribute, GenericParam, Generics, Type, Visibility};

use crate::attributes::Carried;
use crate::block::{ValidSignature, replace_self};
use crate::checked::Checks;
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
        let list = self.methods(krate);
        if self.keys.is_empty() {
            return self.shell(name, methods.len(), &doc, &quote_spanned! {span=> #new #list }, krate);
        }
        let instance = self.instance_name();
        let keyed = self.instance(&instance, krate);
        let mut tokens = self.shell(name, 0, &doc, &quote_spanned! {span=> #new #keyed }, krate);
        let doc = format!(" The typed caller of the topics of one `{}`.", self.owner);
        tokens.extend(self.shell(&instance, methods.len(), &doc, &list, krate));
        tokens.extend(self.without_key(krate));
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
        let conditions: Vec<_> =
            self.keys.iter().map(|key| (Condition::Key, key.ty.to_token_stream())).collect();
        let owner = self.name.to_token_stream();
        let checked = Checks::new(owner, [], krate).constant(&conditions, &[]);
        let (constant, expression) = (checked.constant, checked.expression);
        let conditions =
            conditions.iter().filter_map(|(condition, ty)| condition.assume(ty, expression.as_ref(), krate));
        let method = self.key_method();
        let doc = format!(
            " The client of the `{}` with this key, which is turned into text once, here. A key whose text can't be a part of a topic's \
             name is an error where the client is used.",
            self.owner
        );
        quote_spanned! {span=>
            #constant

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

    /// Methods of the client that knows no instance yet: the compiler says what is missing, where it would only not find them.
    fn without_key(&self, krate: &CratePath) -> TokenStream {
        let span = Span::mixed_site();
        let (client, method) = (self.name, self.key_method());
        let names: Vec<String> = self.keys.iter().map(|key| format!("`{}`", key.text())).collect();
        let arguments: Vec<String> = self.keys.iter().map(|key| format!("&{}", key.text())).collect();
        let names = names.join(" and ");
        let message = format!("[SGE0416] the topics of `{}` belong to one {names}", self.owner);
        let label = format!("of which {names}?");
        let note = format!("write `client.{method}({})` before the topic", arguments.join(", "));
        let cfgs = &self.cfgs;
        let others = self.methods.iter().filter(|other| other.signature.name != method);
        let methods = others.map(|other| {
            let (name, cfgs) = (&other.signature.name, &other.carried.cfgs);
            let types = other.signature.values().map(|value| self.owned(value.ty.to_token_stream()));
            let values = types.enumerate().map(|(index, ty)| {
                let value = format_ident!("value_{index}", span = span);
                quote_spanned! {span=> #value: #ty }
            });
            let (payload, reply) =
                (self.owned(other.signature.payload()), self.owned(other.signature.reply()));
            let output = match other.kind {
                Kind::OneWay => quote_spanned! {span=> #krate::client::OneWay<'_, #payload> },
                Kind::Request => quote_spanned! {span=> #krate::client::Request<'_, #payload, #reply> },
            };
            quote_spanned! {span=>
                #(#cfgs)*
                #[doc(hidden)]
                pub fn #name(&self #(, #values)*) -> #output
                where
                    for<'systemge> Self: OfOneInstance<'systemge>,
                {
                    loop {}
                }
            }
        });
        quote_spanned! {span=>
            #(#cfgs)*
            #[allow(
                dead_code, private_bounds, private_interfaces, unreachable_pub, unused_variables,
                clippy::all, clippy::pedantic, clippy::nursery
            )]
            const _: () = {
                #[diagnostic::on_unimplemented(message = #message, label = #label, note = #note)]
                trait OfOneInstance<'a> {}

                #[automatically_derived]
                impl #client {
                    #(#methods)*
                }
            };
        }
    }

    /// The name of the method that gives the client of one instance.
    fn key_method(&self) -> Ident {
        match self.keys {
            [only] => only.name.clone(),
            several => {
                let words: Vec<String> = several.iter().map(|key| key.name.unraw().to_string()).collect();
                let span = several.first().map_or_else(Span::mixed_site, |key| key.name.span());
                format_ident!("{}", words.join("_"), span = span)
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

    /// The methods for the topics, and the constants that ask for what their types have to be.
    fn methods(&self, krate: &CratePath) -> TokenStream {
        let unconditional = self.methods.iter().filter(|method| method.carried.cfgs.is_empty());
        let all: Vec<_> = unconditional.flat_map(|method| self.conditions(method)).collect();
        let instance = self.instance_name();
        let owner = if self.keys.is_empty() { self.name } else { &instance };
        let mut checks =
            self.generics.params.is_empty().then(|| Checks::new(owner.to_token_stream(), all, krate));
        let methods = self.methods.iter().enumerate().map(|(index, method)| {
            let checked =
                checks.as_mut().map(|checks| checks.constant(&self.conditions(method), &method.carried.cfgs));
            let (constant, expression) =
                checked.map_or_else(Default::default, |checked| (checked.constant, checked.expression));
            let mut tokens = constant;
            tokens.extend(self.method(index, method, expression.as_ref(), krate));
            tokens
        });
        methods.collect()
    }

    /// What the types of a topic have to be, for who calls it.
    fn conditions(&self, method: &ClientMethod) -> Vec<(Condition, TokenStream)> {
        let conditions = conditions(&method.signature, method.kind).into_iter();
        // what a one-way handler returns stays with its node, and may be private to it; so does its context
        let own = [Condition::OneWayReply, Condition::ContextOf];
        let conditions = conditions.filter(|(condition, _)| !own.contains(condition));
        conditions.map(|(condition, ty)| (condition, self.owned(ty))).collect()
    }

    /// The name of the client of one instance.
    fn instance_name(&self) -> Ident {
        format_ident!("Keyed{}", self.name.unraw(), span = self.name.span())
    }

    /// One method; `checked` is the constant that asks for its types.
    fn method(
        &self,
        index: usize,
        method: &ClientMethod,
        checked: Option<&TokenStream>,
        krate: &CratePath,
    ) -> TokenStream {
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
        let conditions = self.conditions(method);
        let conditions = conditions.iter().filter_map(|(condition, ty)| condition.assume(ty, checked, krate));
        let checked = checked.map(|checked| quote_spanned! {span=> , #checked });
        let (output, send) = match kind {
            Kind::OneWay => (
                quote_spanned! {span=> #krate::client::OneWay<'_, #payload_type #checked> },
                quote_spanned! {span=> message },
            ),
            Kind::Request => (
                quote_spanned! {span=> #krate::client::Request<'_, #payload_type, #reply #checked> },
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

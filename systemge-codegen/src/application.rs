//! `#[derive(systemge::Application)]`: the struct is an application, and its components are found.

use proc_macro2::{Ident, Span, TokenStream};
use quote::quote_spanned;
use syn::ext::IdentExt as _;
use syn::{Data, DeriveInput, Field, GenericParam, Path, Type};

use crate::attributes::{self, ArgumentKind, BlockArguments};
use crate::crate_path::CratePath;
use crate::emit;
use crate::errors::{ErrorStore, Mistake, Sink};
use crate::expansion::Expansion;

/// Expands `#[derive(systemge::Application)]`.
#[must_use]
pub fn application(item: TokenStream, crate_path: &CratePath) -> Expansion {
    let store = ErrorStore::default();
    let sink = store.sink();
    let tokens = match syn::parse2::<DeriveInput>(item) {
        Ok(input) => implementation(&input, crate_path, &sink),
        Err(error) => {
            let mistake = Mistake::new(1, format!("`Application` can't read this item: {error}"));
            sink.at(error.span(), mistake.help("it is for structs and enums"));
            TokenStream::new()
        }
    };
    Expansion::new(tokens, store)
}

fn implementation(input: &DeriveInput, crate_path: &CratePath, sink: &Sink<'_>) -> TokenStream {
    if let Data::Union(union) = &input.data {
        let mistake = Mistake::new(16, format!("the union `{}` can't be an application", input.ident));
        sink.on(union.union_token, mistake.help("use a struct"));
    }
    let mut krate = crate_path.clone();
    let mut contracts = ListedContracts::default();
    let read = sink.child();
    for attribute in input.attrs.iter().filter(|attribute| attribute.path().is_ident("application")) {
        let arguments = attributes::arguments_of(attribute, &read);
        let tokens = arguments.iter().map(|argument| &argument.tokens);
        let arguments = BlockArguments::read(quote::quote! { #(#tokens),* }, &krate, &read);
        contracts.read(&arguments, &read);
        krate = arguments.crate_path;
    }
    contracts.unreadable = read.failed();
    refuse_unused_key(input, sink);
    if let Some(lifetime) = input.generics.lifetimes().next() {
        let mistake = Mistake::new(209, "an application owns its data, so it has no lifetimes");
        sink.on(&lifetime.lifetime, mistake.help("use an owned type, such as `String` for `&str`"));
        // an implementation would only repeat it
        return TokenStream::new();
    }
    let name = &input.ident;
    let span = Span::mixed_site();
    let listed = contracts.emit(input, &krate);
    let keys = keys(input, sink);
    contracts.refuse_unused_keys(&keys, sink);
    let (keys, key_fields) = key_tokens(&keys, input, &krate);
    let one_block = contracts.one_block(input, &krate);
    let handles = contracts.names(HANDLES, name);
    let calls = contracts.names(CALLS, name);
    let blocks = handles.iter().map(|contract| {
        let span = contract.span();
        let krate = krate.at(span);
        quote_spanned! {span=>
            components.add(<Self as #krate::__private::HandlesContract<{ #contract.key() }>>::BLOCK);
        }
    });
    let list = (!handles.is_empty() || !calls.is_empty()).then(|| {
        quote_spanned! {span=>
            const __CONTRACTS: #krate::__private::Contracts =
                #krate::__private::Contracts { handles: &[#(&#handles),*], calls: &[#(&#calls),*] };
        }
    });
    let components = if handles.is_empty() {
        quote_spanned! {span=> #krate::__components!(Self) }
    } else {
        let blocks = blocks.collect::<Vec<_>>();
        quote_spanned! {span=>
            let mut components = #krate::__components!(Self);
            #(#blocks)*
            components
        }
    };
    let (generics, types, where_clause) = input.generics.split_for_impl();
    let own = where_clause.into_iter().flat_map(|clause| clause.predicates.iter());
    let parameters = input.generics.params.iter().filter_map(|parameter| match parameter {
        GenericParam::Type(parameter) => Some(&parameter.ident),
        _ => None,
    });
    quote_spanned! {span=>
        #[automatically_derived]
        impl #generics #krate::Application for #name #types
        where
            #(#own,)*
            #(#parameters: ::core::marker::Send + ::core::marker::Sync + 'static,)*
        {
            fn __components() -> #krate::__private::Components<Self> {
                #components
            }

            #list

            #keys
        }

        #listed

        #key_fields

        #one_block
    }
}

/// The contracts in `#[application(handles(..), calls(..))]`.
#[derive(Default)]
struct ListedContracts {
    handles: Vec<Path>,
    calls: Vec<Path>,
    /// Whether there was a mistake, so that contracts may be missing here.
    unreadable: bool,
}

/// The word for the contracts that are handled, in the names of constants.
const HANDLES: &str = "HANDLES";

/// The word for those that are called.
const CALLS: &str = "CALLS";

impl ListedContracts {
    fn read(&mut self, arguments: &BlockArguments, sink: &Sink<'_>) {
        const OPTIONS: &[&str] = &["handles", "calls", "crate"];
        for argument in &arguments.rest {
            match &argument.kind {
                ArgumentKind::List(word, group) if word == "handles" => {
                    Self::paths(&mut self.handles, word, group.stream(), sink);
                }
                ArgumentKind::List(word, group) if word == "calls" => {
                    Self::paths(&mut self.calls, word, group.stream(), sink);
                }
                ArgumentKind::Word(word) | ArgumentKind::Value(word, _)
                    if word == "handles" || word == "calls" =>
                {
                    let mistake = Mistake::new(11, format!("`{word}` takes the names of contracts"));
                    sink.on(
                        &argument.tokens,
                        mistake.help(format!("write `{word}(Game, Lobby)`, for example")),
                    );
                }
                ArgumentKind::Word(word) | ArgumentKind::Value(word, _) | ArgumentKind::List(word, _) => {
                    attributes::unknown_option(word, "application", OPTIONS, sink);
                }
                _ => attributes::unreadable(argument, "application", "#[application(handles(Game))]", sink),
            }
        }
    }

    fn paths(list: &mut Vec<Path>, word: &Ident, tokens: TokenStream, sink: &Sink<'_>) {
        for argument in attributes::split(tokens) {
            let Ok(path) = syn::parse2::<Path>(argument.tokens.clone()) else {
                let mistake = Mistake::new(11, format!("`{word}` takes the names of contracts"));
                sink.on(&argument.tokens, mistake.help(format!("write `{word}(Game, Lobby)`, for example")));
                continue;
            };
            if list.contains(&path) {
                let mistake = Mistake::new(9, format!("`{}` is given twice", crate::block::path_text(&path)));
                sink.on(&path, mistake.help("remove one of them"));
                continue;
            }
            list.push(path);
        }
    }

    /// Asks whether no two blocks handle the same topic, as far as the compiler can know the application's type.
    fn one_block(&self, input: &DeriveInput, krate: &CratePath) -> Option<TokenStream> {
        if !input.generics.params.is_empty() {
            return None;
        }
        let name = &input.ident;
        let span = emit::place(name);
        let here = krate.at(span);
        // where a block is missing, the other place that asks for it says so: one mistake, one error
        let handles = self.names(HANDLES, name).into_iter().map(|contract| {
            let span = contract.span();
            let (krate, name) = (krate.at(span), Ident::new(&name.to_string(), span));
            quote_spanned! {span=> <#name as #krate::__private::HandlesContract<{ #contract.key() }>>::BLOCK, }
        });
        Some(quote_spanned! {span=>
            const _: () = {
                #[allow(unused_imports)]
                use #here::__private::{NoNamedNode as _, NoNode as _};
                #here::__private::probe::one_block_for_each_topic::<#name>(&[
                    #name::__SYSTEMGE_NODE,
                    #name::__SYSTEMGE_NAMED_NODE,
                    #(#handles)*
                ]);
            };
        })
    }

    /// The constants for the contracts, one for each: a path is written once, so that what is wrong with it is said once.
    fn names(&self, word: &str, application: &Ident) -> Vec<Ident> {
        let paths = if word == HANDLES { &self.handles } else { &self.calls };
        let names = paths.iter().enumerate().map(|(index, path)| {
            let span = emit::place(&path.segments.last().map(|segment| &segment.ident));
            quote::format_ident!("__SYSTEMGE_{}_{word}_{index}", application.unraw(), span = span)
        });
        names.collect()
    }

    /// What says to the compiler that the application lists them.
    fn emit(&self, input: &DeriveInput, krate: &CratePath) -> TokenStream {
        let (generics, types, where_clause) = input.generics.split_for_impl();
        let name = &input.ident;
        let handles = self.handles.iter().zip(self.names(HANDLES, name)).map(|named| (named, "Lists"));
        let calls = self.calls.iter().zip(self.names(CALLS, name)).map(|named| (named, "Calls"));
        let listed = handles.chain(calls).map(|((path, constant), kind)| {
            let span = constant.span();
            let (krate, kind) = (krate.at(span), Ident::new(kind, span));
            let listed = (!self.unreadable).then(|| {
                quote_spanned! {span=>
                    #[automatically_derived]
                    impl #generics #krate::__private::#kind<{ #constant.key() }> for #name #types #where_clause {}
                }
            });
            quote_spanned! {span=>
                #[allow(non_upper_case_globals)]
                const #constant: #krate::Contract = #path;

                #listed
            }
        });
        let listed = listed.collect();
        if !self.unreadable {
            return listed;
        }
        // one that may be missing is not missed
        let span = Span::mixed_site();
        let mut own = input.generics.clone();
        own.params.push(syn::parse_quote!(const SYSTEMGE_CONTRACT: u64));
        let (own, ..) = own.split_for_impl();
        quote_spanned! {span=>
            #listed

            #[automatically_derived]
            impl #own #krate::__private::Lists<SYSTEMGE_CONTRACT> for #name #types #where_clause {}

            #[automatically_derived]
            impl #own #krate::__private::Calls<SYSTEMGE_CONTRACT> for #name #types #where_clause {}
        }
    }

    /// Reports keys where nothing has instances.
    fn refuse_unused_keys(&self, keys: &[(Ident, Type)], sink: &Sink<'_>) {
        if !self.handles.is_empty() || self.unreadable {
            return;
        }
        if let Some((name, _)) = keys.first() {
            let message = format!("the key `{name}` names the instances of no contract");
            let help = "list the contract with this key: `#[application(handles(..))]`; without one, remove `#[key]`";
            sink.at(name.span(), Mistake::new(115, message).help(help));
        }
    }
}

/// The fields with `#[key]`: the name and type of each.
fn keys(input: &DeriveInput, sink: &Sink<'_>) -> Vec<(Ident, Type)> {
    let mut keys = Vec::new();
    let fields: Vec<&Field> = match &input.data {
        Data::Struct(data) => data.fields.iter().collect(),
        Data::Enum(data) => data.variants.iter().flat_map(|variant| &variant.fields).collect(),
        Data::Union(_) => Vec::new(),
    };
    for field in fields {
        for attribute in field.attrs.iter().filter(|attribute| attribute.path().is_ident("key")) {
            for argument in attributes::arguments_of(attribute, sink) {
                let mistake = Mistake::new(8, "`#[key]` takes no options");
                sink.on(&argument.tokens, mistake.help("the key has the name of the field: write `#[key]`"));
            }
            match (&field.ident, &input.data) {
                (Some(name), Data::Struct(_)) => keys.push((name.clone(), field.ty.clone())),
                _ => {
                    let mistake = Mistake::new(
                        114,
                        "`#[key]` is on something that is no field of a struct with a name",
                    );
                    sink.on(
                        attribute.path(),
                        mistake.help("write `struct Game { #[key] game: GameId, .. }`"),
                    );
                }
            }
        }
    }
    keys
}

/// How the runtime comes to the texts of the keys, and the compiler to their types.
fn key_tokens(keys: &[(Ident, Type)], input: &DeriveInput, krate: &CratePath) -> (TokenStream, TokenStream) {
    if keys.is_empty() {
        return (TokenStream::new(), TokenStream::new());
    }
    let span = Span::mixed_site();
    let (generics, types, where_clause) = input.generics.split_for_impl();
    let application = &input.ident;
    let values = keys.iter().map(|(name, ty)| {
        let (text, span) = (name.unraw().to_string(), emit::place(ty));
        let krate = krate.at(span);
        quote_spanned! {span=> (#text, #krate::__private::KeyOf::<#ty>(&self.#name).text()) }
    });
    let method = quote_spanned! {span=>
        fn __keys(&self) -> ::std::vec::Vec<(&'static str, ::std::string::String)> {
            // in the place of a key that is none, which is reported at the contract
            #[allow(unused_imports)]
            use #krate::__private::NoKey as _;
            ::std::vec::Vec::from([#(#values),*])
        }
    };
    let fields = keys.iter().map(|(name, ty)| {
        let text = name.unraw().to_string();
        quote_spanned! {span=>
            #[automatically_derived]
            impl #generics #krate::__private::KeyField<{ #krate::__private::probe::topic_key(#text) }, #ty>
                for #application #types #where_clause {}
        }
    });
    (method, fields.collect())
}

/// Reports helper attributes on fields; there are none.
fn refuse_unused_key(input: &DeriveInput, sink: &Sink<'_>) {
    let Data::Struct(data) = &input.data else { return };
    for attribute in data.fields.iter().flat_map(|field| &field.attrs) {
        if !attribute.path().is_ident("application") {
            continue;
        }
        for argument in attributes::arguments_of(attribute, sink) {
            match &argument.kind {
                ArgumentKind::Word(word) | ArgumentKind::Value(word, _) | ArgumentKind::List(word, _) => {
                    attributes::unknown_option(word, "application", &[], sink);
                }
                _ => attributes::unreadable(&argument, "application", "#[application]", sink),
            }
        }
    }
}

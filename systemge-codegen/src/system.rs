//! `systemge::system! { pub SHOP = [Orders, Stock]; }`: the applications of a system, each checked at its own place.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens as _, quote_spanned};
use syn::parse::{Parse as _, ParseStream, Parser as _};
use syn::punctuated::Punctuated;
use syn::{Attribute, Path, Token, Type, Visibility};

use crate::attributes::Carried;
use crate::block;
use crate::crate_path::CratePath;
use crate::emit;
use crate::errors::{ErrorStore, Mistake};
use crate::expansion::Expansion;

/// What stands in the braces, behind the path of systemge.
struct System {
    krate: CratePath,
    attributes: Vec<Attribute>,
    visibility: Visibility,
    name: Ident,
    applications: Punctuated<Type, Token![,]>,
}

/// Expands `systemge::system!`.
#[must_use]
pub fn system(input: TokenStream) -> Expansion {
    let store = ErrorStore::default();
    let tokens = match read.parse2(input) {
        Ok(system) => system.emit(),
        Err(error) => {
            let mistake = Mistake::new(413, format!("`systemge::system!` can't read this: {error}"));
            let help = "write `systemge::system! { pub SHOP = [Orders, Stock]; }`";
            store.sink().at(error.span(), mistake.help(help));
            TokenStream::new()
        }
    };
    Expansion::new(tokens, store)
}

fn read(input: ParseStream<'_>) -> syn::Result<System> {
    let path;
    syn::braced!(path in input);
    let krate = CratePath::from_path(&path.call(Path::parse_mod_style)?);
    let attributes = input.call(Attribute::parse_outer)?;
    let visibility = input.parse()?;
    let name = input.parse()?;
    input.parse::<Token![=]>()?;
    let list;
    syn::bracketed!(list in input);
    let applications = list.parse_terminated(Type::parse, Token![,])?;
    input.parse::<Option<Token![;]>>()?;
    Ok(System { krate, attributes, visibility, name, applications })
}

impl System {
    fn emit(&self) -> TokenStream {
        let Self { krate, attributes, visibility, name, applications } = self;
        let span = Span::mixed_site();
        let cfgs = Carried::of(attributes).cfgs;
        let text = name.to_string();
        let models = applications.iter().map(|application| {
            let place = emit::place(application);
            let (krate, text) = (krate.at(place), block::type_text(application));
            quote_spanned! {place=> #krate::ApplicationModel::of::<#application>(#text) }
        });
        // one constant for each, at its place, so that the report is there
        let checks = applications.iter().enumerate().map(|(index, application)| {
            let place = emit::place(application);
            let (krate, mut name) = (krate.at(place), name.clone());
            name.set_span(name.span().located_at(place));
            quote_spanned! {place=> #(#cfgs)* const _: () = #krate::SystemModel::check(&#name, #index); }
        });
        let mut tokens = quote_spanned! {span=>
            #(#attributes)*
            #visibility const #name: #krate::SystemModel = #krate::SystemModel::new(#text, &[#(#models),*]);
        };
        tokens.extend(checks.map(|check| check.into_token_stream()));
        tokens
    }
}

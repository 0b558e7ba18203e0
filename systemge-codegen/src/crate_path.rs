//! The path by which generated code reaches systemge.

use std::path::Path;

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, quote_spanned};

use crate::manifest;

/// The path of the crate systemge as the user's crate knows it, such as `::systemge`.
#[derive(Debug, Clone)]
pub struct CratePath(TokenStream);

impl CratePath {
    /// The crate under the name that it has as a dependency.
    ///
    /// Falls back to `::systemge` where the name is no identifier.
    #[must_use]
    pub fn named(name: &str) -> Self {
        let span = Span::mixed_site();
        let name = name.replace('-', "_");
        let name = syn::parse_str::<Ident>(&name).map_or_else(
            |_| Ident::new("systemge", span),
            |mut name| {
                name.set_span(span);
                name
            },
        );
        Self(quote_spanned! {span=> ::#name })
    }

    /// The crate under the name that the manifest in `directory` gives it, so that a renamed dependency is
    /// found by itself; `::systemge` where there is no such manifest or it doesn't say.
    #[must_use]
    pub fn from_manifest(directory: &Path) -> Self {
        Self::named(
            &manifest::dependency_name(directory, "systemge").unwrap_or_else(|| "systemge".to_owned()),
        )
    }

    /// The path with its tokens at another place, so that an error in what follows it is reported there; names are
    /// resolved as before.
    pub(crate) fn at(&self, place: Span) -> Self {
        let moved = self.0.clone().into_iter().map(|mut token| {
            token.set_span(token.span().located_at(place));
            token
        });
        Self(moved.collect())
    }

    pub(crate) fn from_path(path: &syn::Path) -> Self {
        Self(path.to_token_stream())
    }

    /// The path as text, without spaces, for attributes that take it as a string.
    pub(crate) fn text(&self) -> String {
        self.0.to_string().replace(' ', "")
    }
}

impl Default for CratePath {
    fn default() -> Self {
        Self::named("systemge")
    }
}

impl ToTokens for CratePath {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        self.0.to_tokens(tokens);
    }
}

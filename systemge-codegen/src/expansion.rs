//! What a macro gives back: output and errors, never one without looking at the other.

use proc_macro2::TokenStream;

use crate::errors::ErrorStore;

/// The output of a macro.
///
/// There is always output: the user's item is in it even if it has mistakes.
#[derive(Debug)]
#[non_exhaustive]
pub struct Expansion {
    /// The user's item without our own attributes, and what is generated from it.
    pub tokens: TokenStream,
    /// The mistakes, in the order of their places in the source.
    pub errors: Vec<syn::Error>,
}

impl Expansion {
    pub(crate) fn new(tokens: TokenStream, store: ErrorStore) -> Self {
        Self { tokens, errors: store.into_sorted() }
    }

    /// Everything as one stream: the output, and a `compile_error!` for each mistake.
    #[must_use]
    pub fn into_tokens(self) -> TokenStream {
        let mut tokens = self.tokens;
        tokens.extend(self.errors.iter().map(syn::Error::to_compile_error));
        tokens
    }
}

//! Mistakes of users: collected, never returned, so that one compile reports all of them.

use std::cell::{Cell, RefCell};
use std::fmt::Write as _;

use proc_macro2::Span;
use quote::ToTokens;

/// One mistake: its code in the catalogue (`docs/errors.md`), what is wrong, and what to write instead.
#[derive(Debug)]
pub(crate) struct Mistake {
    code: u16,
    message: String,
    help: Option<String>,
}

impl Mistake {
    pub(crate) fn new(code: u16, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), help: None }
    }

    pub(crate) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    fn text(&self) -> String {
        let mut text = format!("[SGE{:04}] {}", self.code, self.message);
        if let Some(help) = &self.help {
            // writing to a `String` doesn't fail
            let _ = write!(text, "\nhelp: {help}");
        }
        text
    }
}

/// All mistakes of one expansion.
#[derive(Debug, Default)]
pub(crate) struct ErrorStore {
    errors: RefCell<Vec<syn::Error>>,
}

impl ErrorStore {
    /// The sink that everything of this expansion reports to.
    pub(crate) fn sink(&self) -> Sink<'_> {
        Sink { store: self, parent: None, failed: Cell::new(false) }
    }

    /// The errors in the order of their places in the source.
    pub(crate) fn into_sorted(self) -> Vec<syn::Error> {
        let mut errors = self.errors.take();
        errors.sort_by_key(|error| error.span().start());
        errors
    }
}

impl Drop for ErrorStore {
    /// A store that is dropped with errors in it has hidden them from the user.
    fn drop(&mut self) {
        if cfg!(debug_assertions) && !std::thread::panicking() {
            assert!(self.errors.borrow().is_empty(), "the errors of an expansion were not looked at");
        }
    }
}

/// Where a part of the expansion reports its mistakes; it knows whether *this* part failed.
#[derive(Debug)]
pub(crate) struct Sink<'e> {
    store: &'e ErrorStore,
    parent: Option<&'e Self>,
    failed: Cell<bool>,
}

impl<'e> Sink<'e> {
    /// A sink for a part, such as one method: its failure is that of the whole, but not of its siblings.
    pub(crate) fn child<'c>(&'c self) -> Sink<'c>
    where
        'e: 'c,
    {
        Sink { store: self.store, parent: Some(self), failed: Cell::new(false) }
    }

    /// Whether this part, or a part of it, has a mistake.
    pub(crate) const fn failed(&self) -> bool {
        self.failed.get()
    }

    /// Reports a mistake whose place is one token.
    pub(crate) fn at(&self, span: Span, mistake: Mistake) {
        self.push(syn::Error::new(span, mistake.text()));
    }

    /// Reports a mistake whose place is a range of tokens.
    pub(crate) fn on(&self, tokens: impl ToTokens, mistake: Mistake) {
        self.push(syn::Error::new_spanned(tokens, mistake.text()));
    }

    /// Points at a second place of the mistake that was just reported.
    pub(crate) fn note(&self, tokens: impl ToTokens, text: &str) {
        self.push(syn::Error::new_spanned(tokens, format!("note: {text}")));
    }

    fn push(&self, error: syn::Error) {
        self.store.errors.borrow_mut().push(error);
        self.fail();
    }

    fn fail(&self) {
        self.failed.set(true);
        if let Some(parent) = self.parent {
            parent.fail();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failed_part_fails_the_whole_but_not_its_siblings() {
        let store = ErrorStore::default();
        let whole = store.sink();
        let (first, second) = (whole.child(), whole.child());
        first.at(Span::call_site(), Mistake::new(5, "no name").help("give one"));
        assert!(first.failed() && whole.failed() && !second.failed());
        let texts: Vec<String> = store.into_sorted().iter().map(ToString::to_string).collect();
        assert_eq!(texts, ["[SGE0005] no name\nhelp: give one"]);
    }

    #[test]
    #[should_panic(expected = "not looked at")]
    fn a_store_that_nobody_looks_at_is_noticed() {
        let store = ErrorStore::default();
        store.sink().at(Span::call_site(), Mistake::new(1, "lost"));
    }
}

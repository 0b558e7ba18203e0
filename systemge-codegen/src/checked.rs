//! Constants that ask for the conditions of what is called from elsewhere: the methods of clients, and pushes.
//!
//! Such a method names its constant in its signature. If a condition doesn't hold, the compiler reports it in the constant,
//! once; what has the constant in its type is then wrong for a known reason, and the compiler says nothing of its uses.
//! That goes only without type parameters, which the constants in a signature can't have.

use std::collections::HashSet;

use proc_macro2::{Ident, Span, TokenStream};
use quote::{format_ident, quote_spanned};
use syn::Attribute;

use crate::crate_path::CratePath;
use crate::emit::Condition;

/// The constants of one type or trait.
#[derive(Debug)]
pub(crate) struct Checks<'c> {
    /// The path by which the signatures come to the constants.
    owner: TokenStream,
    krate: &'c CratePath,
    /// The types that are the payload of something, so that a reply of the same type is nothing new.
    payloads: HashSet<String>,
    /// What was asked for already, and by which constant.
    asked: Vec<(Condition, String, Ident)>,
    count: usize,
}

/// The constant of one method.
#[derive(Debug)]
pub(crate) struct Checked {
    /// The constant itself.
    pub(crate) constant: TokenStream,
    /// The expression for signatures; none where all types are known to be fine.
    pub(crate) expression: Option<TokenStream>,
}

impl<'c> Checks<'c> {
    /// Constants that are reached by `owner`; `all` are the conditions of all methods that are there in every case.
    pub(crate) fn new(
        owner: TokenStream,
        all: impl IntoIterator<Item = (Condition, TokenStream)>,
        krate: &'c CratePath,
    ) -> Self {
        let payloads = all.into_iter().filter(|(condition, _)| *condition == Condition::Payload);
        let payloads = payloads.map(|(_, ty)| ty.to_string()).collect();
        Self { owner, krate, payloads, asked: Vec::new(), count: 0 }
    }

    /// The constant for these conditions, under these `#[cfg]`.
    pub(crate) fn constant(
        &mut self,
        conditions: &[(Condition, TokenStream)],
        cfgs: &[Attribute],
    ) -> Checked {
        let span = Span::mixed_site();
        let name = format_ident!("__CHECKED_{}", self.count, span = span);
        self.count += 1;
        let mut earlier: Vec<Ident> = Vec::new();
        let mut questions = Vec::new();
        for (condition, ty) in conditions {
            let text = ty.to_string();
            let condition = match condition {
                Condition::Reply if self.payloads.contains(&text) => Condition::Payload,
                other => *other,
            };
            let found = self.asked.iter().find(|(other, name, _)| *other == condition && *name == text);
            if let Some((_, _, constant)) = found {
                if !earlier.contains(constant) && *constant != name {
                    earlier.push(constant.clone());
                }
                continue;
            }
            questions.push(condition.question(ty, self.krate));
            // what is under a `#[cfg]` may not be there for others to refer to
            if cfgs.is_empty() {
                self.asked.push((condition, text, name.clone()));
            }
        }
        let owner = &self.owner;
        let constant = quote_spanned! {span=>
            #(#cfgs)*
            #[doc(hidden)]
            const #name: bool = #(#owner::#earlier &&)* {
                #(#questions)*
                true
            };
        };
        let unknown =
            conditions.iter().any(|(condition, ty)| condition.assume(ty, None, self.krate).is_some());
        let expression = unknown.then(|| quote_spanned! {span=> { #owner::#name } });
        Checked { constant, expression }
    }
}

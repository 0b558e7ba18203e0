//! Questions about types that can be answered from their tokens.

use proc_macro2::{Group, TokenStream, TokenTree};
use quote::{ToTokens, quote};
use syn::visit::Visit;
use syn::{GenericArgument, Lifetime, PathArguments, PathSegment, Type, TypeInfer, TypeReference};

/// The type without the invisible groups that `macro_rules!` puts around it, and without parentheses.
pub(crate) fn ungroup(ty: &Type) -> &Type {
    match ty {
        Type::Group(group) => ungroup(&group.elem),
        Type::Paren(paren) => ungroup(&paren.elem),
        other => other,
    }
}

/// The last segment of a path.
pub(crate) fn last_segment(ty: &Type) -> Option<&PathSegment> {
    match ungroup(ty) {
        Type::Path(path) if path.qself.is_none() => path.path.segments.last(),
        _ => None,
    }
}

/// The `T` of a path whose last segment is `name<T>`.
pub(crate) fn only_argument<'t>(ty: &'t Type, name: &str) -> Option<&'t Type> {
    let segment = last_segment(ty)?;
    match &segment.arguments {
        PathArguments::AngleBracketed(arguments) if segment.ident == name && arguments.args.len() == 1 => {
            match arguments.args.first() {
                Some(GenericArgument::Type(ty)) => Some(ty),
                _ => None,
            }
        }
        _ => None,
    }
}

/// Whether the type is a path that ends with `name`.
pub(crate) fn is_called(ty: &Type, name: &str) -> bool {
    last_segment(ty).is_some_and(|segment| segment.ident == name)
}

/// Something in a type that a payload can't have.
pub(crate) enum Obstacle {
    Reference(TypeReference),
    Lifetime(Lifetime),
    ImplTrait(Type),
    Dyn(Type),
    Infer(TypeInfer),
    /// `str` or a slice, without the reference that they need.
    Unsized(Type),
}

/// The first obstacle in the type.
pub(crate) fn obstacle(ty: &Type) -> Option<Obstacle> {
    struct Search(Option<Obstacle>);

    impl Visit<'_> for Search {
        fn visit_type(&mut self, ty: &Type) {
            if self.0.is_some() {
                return;
            }
            match ty {
                Type::Reference(reference) => self.0 = Some(Obstacle::Reference(reference.clone())),
                Type::ImplTrait(_) => self.0 = Some(Obstacle::ImplTrait(ty.clone())),
                Type::TraitObject(_) => self.0 = Some(Obstacle::Dyn(ty.clone())),
                Type::Infer(infer) => self.0 = Some(Obstacle::Infer(infer.clone())),
                _ => syn::visit::visit_type(self, ty),
            }
        }

        fn visit_lifetime(&mut self, lifetime: &Lifetime) {
            if self.0.is_none() && lifetime.ident != "static" {
                self.0 = Some(Obstacle::Lifetime(lifetime.clone()));
            }
        }
    }

    // deeper in the type, as in `Box<str>`, it is fine
    match ungroup(ty) {
        unsized_type @ Type::Slice(_) => return Some(Obstacle::Unsized(unsized_type.clone())),
        Type::Path(path) if path.path.is_ident("str") => return Some(Obstacle::Unsized(ty.clone())),
        _ => {}
    }
    let mut search = Search(None);
    search.visit_type(ty);
    search.0
}

/// Types that are payloads and replies.
const KNOWN: &[&str] = &[
    "()", "bool", "char", "String", "u8", "u16", "u32", "u64", "u128", "usize", "i8", "i16", "i32", "i64",
    "i128", "isize", "f32", "f64",
];

/// Whether the tokens are those of a type that is a payload and a reply, whatever it may mean to the user.
pub(crate) fn is_known_payload(ty: &impl ToTokens) -> bool {
    KNOWN.contains(&ty.to_token_stream().to_string().as_str())
}

/// A type as one writes it, for messages.
pub(crate) fn type_text(ty: &impl ToTokens) -> String {
    const SPACES: &[(&str, &str)] = &[
        (" < ", "<"),
        ("< ", "<"),
        (" >", ">"),
        (" :: ", "::"),
        (":: ", "::"),
        (" ,", ","),
        (" ;", ";"),
        ("& ", "&"),
    ];
    let text = ty.to_token_stream().to_string();
    SPACES.iter().fold(text, |text, (from, to)| text.replace(from, to))
}

/// The owned type for what a reference points to.
pub(crate) fn owned(ty: &Type) -> String {
    match ungroup(ty) {
        Type::Path(path) if path.path.is_ident("str") => "String".to_owned(),
        Type::Slice(slice) => format!("Vec<{}>", type_text(&slice.elem)),
        other => type_text(other),
    }
}

/// The tokens with the type's own name for `Self`, for places outside of its `impl` blocks.
pub(crate) fn replace_self(tokens: impl ToTokens, self_type: &Type) -> TokenStream {
    let mut replaced = TokenStream::new();
    let mut trees = tokens.into_token_stream().into_iter().peekable();
    while let Some(tree) = trees.next() {
        match tree {
            TokenTree::Ident(word) if word == "Self" => {
                let path = matches!(trees.peek(), Some(TokenTree::Punct(punct)) if punct.as_char() == ':');
                replaced.extend(if path {
                    quote! { <#self_type> }
                } else {
                    quote! { #self_type }
                });
            }
            TokenTree::Group(group) => {
                let mut copy = Group::new(group.delimiter(), replace_self(group.stream(), self_type));
                copy.set_span(group.span());
                replaced.extend([TokenTree::Group(copy)]);
            }
            other => replaced.extend([other]),
        }
    }
    replaced
}

#[cfg(test)]
mod tests {
    use syn::parse_quote;

    use super::*;

    #[test]
    fn self_becomes_the_type_at_every_depth() {
        let life: Type = parse_quote!(life::Life<T>);
        let ty: Type = parse_quote!((Vec<Self>, Self::Item, [Self; { Self::N }], fn(&Selfish)));
        let expected: Type = parse_quote!((
            Vec<life::Life<T>>,
            <life::Life<T>>::Item,
            [life::Life<T>; { <life::Life<T>>::N }],
            fn(&Selfish)
        ));
        assert_eq!(replace_self(ty, &life).to_string(), expected.to_token_stream().to_string());
    }

    #[test]
    fn what_cannot_be_sent_is_found_at_every_depth() {
        let found = |ty: Type| match obstacle(&ty) {
            None => "",
            Some(Obstacle::Reference(_)) => "reference",
            Some(Obstacle::Lifetime(_)) => "lifetime",
            Some(Obstacle::ImplTrait(_)) => "impl",
            Some(Obstacle::Dyn(_)) => "dyn",
            Some(Obstacle::Infer(_)) => "infer",
            Some(Obstacle::Unsized(_)) => "unsized",
        };
        assert_eq!(found(parse_quote!(Option<Vec<(u8, [String; 2])>>)), "");
        assert_eq!(found(parse_quote!(Cow<'static, str>)), "");
        assert_eq!(found(parse_quote!(Option<&'static str>)), "reference");
        assert_eq!(found(parse_quote!(Cow<'_, str>)), "lifetime");
        assert_eq!(found(parse_quote!(Vec<impl ToString>)), "impl");
        assert_eq!(found(parse_quote!(Box<dyn Error>)), "dyn");
        assert_eq!(found(parse_quote!(Vec<_>)), "infer");
        assert_eq!(found(parse_quote!(str)), "unsized");
        assert_eq!(found(parse_quote!([u8])), "unsized");
        assert_eq!(found(parse_quote!((Box<str>, Box<[u8]>))), "");
    }

    #[test]
    fn a_type_reads_as_it_is_written() {
        for text in [
            "impl Into<String>",
            "Option<std::vec::Vec<u8>>",
            "&'a mut [u8; 2]",
            "HashMap<String, (u8, char)>",
        ] {
            let ty: Type = syn::parse_str(text).expect("a type");
            assert_eq!(type_text(&ty), text);
        }
    }

    #[test]
    fn the_argument_of_an_option_is_found_by_its_name() {
        let argument = |ty: Type| only_argument(&ty, "Option").map(|ty| ty.to_token_stream().to_string());
        assert_eq!(argument(parse_quote!(Option<u8>)).as_deref(), Some("u8"));
        assert_eq!(argument(parse_quote!(std::option::Option<Vec<u8>>)).as_deref(), Some("Vec < u8 >"));
        assert_eq!(argument(parse_quote!(Vec<Option<u8>>)), None);
        assert_eq!(argument(parse_quote!(Option<u8, u8>)), None);
    }
}

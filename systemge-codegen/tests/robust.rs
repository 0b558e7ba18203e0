//! No input makes a macro panic or lose the user's item, however broken it is.

use std::fs;
use std::path::PathBuf;

use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};
use systemge_codegen::{CratePath, Expansion};

const ARGUMENTS: &[&str] = &[
    "",
    ",",
    ",,",
    "=",
    "crate",
    "crate =",
    "crate = 1",
    "client = \"X\"",
    "folder",
    "folder()",
    "folder(1, 2)",
    "x::y",
    "'a",
];

fn inputs() -> Vec<TokenStream> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/input");
    let entries = fs::read_dir(folder).expect("the inputs are there");
    let texts = entries.map(|entry| fs::read_to_string(entry.expect("an entry").path()).expect("text"));
    texts.map(|text| text.parse().expect("the input's brackets are balanced")).collect()
}

fn expand_all(arguments: &TokenStream, item: &TokenStream) -> Vec<Expansion> {
    let path = CratePath::default();
    let attributes = [
        systemge_codegen::node,
        systemge_codegen::contract,
        systemge_codegen::commands,
        systemge_codegen::http,
        systemge_codegen::websocket,
        systemge_codegen::payload,
    ];
    let mut expansions: Vec<Expansion> =
        attributes.iter().map(|expand| expand(arguments.clone(), item.clone(), &path)).collect();
    // derives don't give the item back, so there is nothing to look at but that they return
    let _ = systemge_codegen::schema(item.clone(), &path);
    let _ = systemge_codegen::application(item.clone(), &path);
    let _ = systemge_codegen::topic_key(item.clone(), &path);
    let _ = systemge_codegen::derived(item.clone(), &path);
    // nor do those that are called like functions
    let _ = systemge_codegen::implement(item.clone());
    let _ = systemge_codegen::system(item.clone());
    expansions.push(systemge_codegen::misplaced("topic", "node", item.clone()));
    expansions
}

/// The stream in all variants that have one token less, or one twice.
fn variants(stream: &TokenStream) -> Vec<TokenStream> {
    let trees: Vec<TokenTree> = stream.clone().into_iter().collect();
    let mut variants = Vec::new();
    for index in 0..trees.len() {
        let without =
            trees.iter().enumerate().filter(|(other, _)| *other != index).map(|(_, tree)| tree.clone());
        variants.push(without.collect());
        let mut twice = trees.clone();
        twice.insert(index, trees[index].clone());
        variants.push(twice.into_iter().collect());
        if let TokenTree::Group(group) = &trees[index] {
            for inner in self::variants(&group.stream()) {
                let mut copy = trees.clone();
                copy[index] = Group::new(group.delimiter(), inner).into();
                variants.push(copy.into_iter().collect());
            }
        }
    }
    variants
}

/// How many functions the item has on the way down to the bodies of methods. Those without a body don't count: a
/// `#[push]` is no method of its type.
fn functions(stream: &TokenStream) -> usize {
    let (mut count, mut head) = (0, false);
    for token in stream.clone() {
        match token {
            TokenTree::Ident(word) if word == "fn" => head = true,
            TokenTree::Punct(punct) if punct.as_char() == ';' => head = false,
            TokenTree::Group(group) if group.delimiter() == Delimiter::Brace => {
                count += usize::from(std::mem::take(&mut head)) + functions(&group.stream());
            }
            _ => {}
        }
    }
    count
}

#[test]
fn every_token_may_be_missing_or_there_twice() {
    let mut count = 0;
    for input in inputs() {
        for variant in variants(&input) {
            for expansion in expand_all(&TokenStream::new(), &variant) {
                assert!(
                    functions(&expansion.tokens) >= functions(&variant),
                    "{variant}\n=>\n{}",
                    expansion.tokens
                );
                count += 1;
            }
        }
    }
    assert!(count > 5_000, "{count}");
}

#[test]
fn arguments_may_be_anything() {
    for arguments in ARGUMENTS {
        let arguments: TokenStream = arguments.parse().expect("tokens");
        for input in inputs() {
            expand_all(&arguments, &input);
            expand_all(&input, &arguments);
        }
    }
}

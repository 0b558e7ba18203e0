//! The expansions of the files in `tests/input`, compared with those in `tests/output`.
//!
//! `EXPECTORATE=overwrite cargo test -p systemge-codegen` writes them again after a change that is meant.

use std::fs;
use std::path::PathBuf;

use expectorate::assert_contents;
use proc_macro2::TokenStream;
use systemge_codegen::{CratePath, Expansion};

type Attribute = fn(TokenStream, TokenStream, &CratePath) -> Expansion;
type Derive = fn(TokenStream, &CratePath) -> Expansion;

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests")
}

fn input(name: &str) -> TokenStream {
    let text =
        fs::read_to_string(folder().join("input").join(format!("{name}.rs"))).expect("the input is there");
    text.parse().expect("the input's brackets are balanced")
}

fn attribute(name: &str, expand: Attribute, arguments: &str) {
    let arguments = arguments.parse().expect("the arguments are tokens");
    compare(name, expand(arguments, input(name), &CratePath::default()));
}

fn derive(name: &str, expand: Derive) {
    compare(name, expand(input(name), &CratePath::default()));
}

fn compare(name: &str, expansion: Expansion) {
    let mut text = String::new();
    for error in &expansion.errors {
        let place = error.span().start();
        for (index, line) in error.to_string().lines().enumerate() {
            let place =
                if index == 0 { format!("{}:{}: ", place.line, place.column + 1) } else { "  ".to_owned() };
            text += &format!("// {place}{line}\n");
        }
    }
    if !text.is_empty() {
        text.push('\n');
    }
    text += &match syn::parse2(expansion.tokens.clone()) {
        Ok(file) => prettyplease::unparse(&file),
        // what was no Rust before is none now
        Err(_) => expansion.tokens.to_string().replace("} ", "}\n").replace("; ", ";\n") + "\n",
    };
    assert_contents(folder().join("output").join(format!("{name}.rs")), &text);
}

#[test]
fn a_node_gets_its_table_and_its_client() {
    attribute("node", systemge_codegen::node, "");
}

#[test]
fn a_generic_node_gets_a_generic_client() {
    attribute("node_generic", systemge_codegen::node, "client = StoreCaller, crate = crate::net");
}

#[test]
fn a_broken_method_does_not_hide_the_others() {
    attribute("node_mistakes", systemge_codegen::node, "cleint = X");
}

#[test]
fn a_half_typed_method_is_left_to_the_compiler() {
    attribute("node_half_typed", systemge_codegen::node, "");
}

#[test]
fn commands_get_their_table() {
    attribute("commands", systemge_codegen::commands, "");
}

#[test]
fn routes_get_their_table() {
    attribute("http", systemge_codegen::http, "folder(\"/\", \"page\"), filter(Self::more)");
}

#[test]
fn topics_from_browsers_get_their_table() {
    attribute("websocket", systemge_codegen::websocket, "");
}

#[test]
fn a_payload_gets_its_derives() {
    attribute("payload", systemge_codegen::payload, "");
}

#[test]
fn an_enum_gets_its_shape() {
    derive("schema", systemge_codegen::schema);
}

#[test]
fn what_postcard_cannot_carry_is_reported_at_once() {
    derive("schema_mistakes", systemge_codegen::schema);
}

#[test]
fn an_application_gets_its_components() {
    derive("application", systemge_codegen::application);
}

#[test]
fn a_contract_is_a_declaration_with_a_client() {
    attribute("contract", systemge_codegen::contract, "");
}

#[test]
fn a_keyed_contract_has_a_client_for_each_instance() {
    attribute("contract_keyed", systemge_codegen::contract, "key(game: GameId, player: String)");
}

#[test]
fn mistakes_in_a_contract_leave_its_other_topics_alone() {
    attribute("contract_mistakes", systemge_codegen::contract, "key(game: GameId)");
}

#[test]
fn a_half_typed_contract_keeps_its_client() {
    attribute("contract_half_typed", systemge_codegen::contract, "");
}

#[test]
fn a_block_of_a_contract_gets_its_table() {
    compare("node_of_a_contract", systemge_codegen::implement(input("node_of_a_contract")));
}

#[test]
fn mistakes_in_a_block_of_a_contract_leave_its_other_handlers_alone() {
    compare("node_of_a_contract_mistakes", systemge_codegen::implement(input("node_of_a_contract_mistakes")));
}

#[test]
fn each_application_of_a_system_is_checked_at_its_place() {
    compare("system", systemge_codegen::system(input("system")));
}

#[test]
fn a_key_has_the_text_of_its_only_field() {
    derive("topic_key", systemge_codegen::topic_key);
}

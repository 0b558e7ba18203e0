//! The procedural macros of systemge; everything they do is in `systemge-codegen`.
//!
//! Their documentation is in the crate `systemge`, which exports them.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;

use proc_macro::TokenStream;
use systemge_codegen::{CratePath, Expansion};

/// Makes a struct an application: the state of a node. Its components are found by themselves.
#[proc_macro_derive(Application, attributes(application))]
pub fn application(item: TokenStream) -> TokenStream {
    run(|path| systemge_codegen::application(item.into(), path))
}

/// Makes a struct or an enum a payload: what travels between nodes.
#[proc_macro_attribute]
pub fn payload(arguments: TokenStream, item: TokenStream) -> TokenStream {
    run(|path| systemge_codegen::payload(arguments.into(), item.into(), path))
}

/// Derives the wire shape of a type that derives serde's traits by itself.
#[proc_macro_derive(Schema, attributes(schema, serde))]
pub fn schema(item: TokenStream) -> TokenStream {
    run(|path| systemge_codegen::schema(item.into(), path))
}

/// Makes the methods of an `impl` block handlers of topics and hooks, and generates the client beside it.
#[proc_macro_attribute]
pub fn node(arguments: TokenStream, item: TokenStream) -> TokenStream {
    run(|path| systemge_codegen::node(arguments.into(), item.into(), path))
}

/// Makes the methods of an `impl` block commands.
#[proc_macro_attribute]
pub fn commands(arguments: TokenStream, item: TokenStream) -> TokenStream {
    run(|path| systemge_codegen::commands(arguments.into(), item.into(), path))
}

/// Makes the methods of an `impl` block handlers of HTTP requests.
#[proc_macro_attribute]
pub fn http(arguments: TokenStream, item: TokenStream) -> TokenStream {
    run(|path| systemge_codegen::http(arguments.into(), item.into(), path))
}

/// Makes the methods of an `impl` block handlers of what browsers send over a WebSocket.
#[proc_macro_attribute]
pub fn websocket(arguments: TokenStream, item: TokenStream) -> TokenStream {
    run(|path| systemge_codegen::websocket(arguments.into(), item.into(), path))
}

/// Runs an expansion. A panic in it is our bug, and says so.
fn run(expand: impl FnOnce(&CratePath) -> Expansion) -> TokenStream {
    let path = std::env::var_os("CARGO_MANIFEST_DIR")
        .map_or_else(CratePath::default, |directory| CratePath::from_manifest(&PathBuf::from(directory)));
    match catch_unwind(AssertUnwindSafe(|| expand(&path).into_tokens())) {
        Ok(tokens) => tokens.into(),
        Err(_) => "::core::compile_error! { \"a macro of systemge panicked; this is a bug of systemge, not \
                   yours: please report it with the code that it was called on\" }"
            .parse()
            .unwrap_or_default(),
    }
}

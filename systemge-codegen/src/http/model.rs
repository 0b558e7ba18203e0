//! An HTTP block that is known to be right.

use std::time::Duration;

use proc_macro2::TokenStream;
use syn::{LitStr, Type};

use crate::attributes::Carried;
use crate::block::{RawBlock, ValidSignature};

/// A valid HTTP block.
#[derive(Debug)]
pub(crate) struct Http<'b> {
    pub(crate) block: &'b RawBlock,
    pub(crate) routes: Vec<Route>,
    pub(crate) folders: Vec<Folder>,
    /// Functions that make filters, as expressions.
    pub(crate) filters: Vec<TokenStream>,
}

/// A route.
#[derive(Debug)]
pub(crate) struct Route {
    /// The method of HTTP, such as `get`.
    pub(crate) method: String,
    pub(crate) path: LitStr,
    pub(crate) limits: Limits,
    /// How each value of the handler is made, in order.
    pub(crate) values: Vec<Value>,
    pub(crate) signature: ValidSignature,
    pub(crate) carried: Carried,
}

/// How a value of a handler is made from the request.
#[derive(Debug)]
pub(crate) enum Value {
    /// Parsed from the segment of the path that stands in `{name}`.
    Segment { name: String, ty: Type },
    /// By the type itself: a body, a query, headers.
    Request { ty: Type },
}

/// `folder("/prefix", "folder")`: static files.
#[derive(Debug)]
pub(crate) struct Folder {
    pub(crate) prefix: LitStr,
    /// A string, or an expression that is one, such as a `concat!` with the folder of the crate.
    pub(crate) folder: TokenStream,
}

/// What requests to a route may take; what is left out is as configured.
#[derive(Debug, Default)]
pub(crate) struct Limits {
    /// In bytes.
    pub(crate) body: Option<u64>,
    pub(crate) timeout: Option<Duration>,
    pub(crate) concurrency: Option<u64>,
    /// So many in so much time.
    pub(crate) rate: Option<(u32, Duration)>,
}

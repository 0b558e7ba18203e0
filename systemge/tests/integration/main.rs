//! Nodes over real TCP, through the public API.

mod requests;
mod support;

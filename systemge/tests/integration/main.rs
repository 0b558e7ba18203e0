//! Nodes over real TCP, through the public API.

mod command_line;
mod requests;
mod support;

//! To follow.
fn main() {}

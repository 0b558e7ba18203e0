#[systemge::node]
fn life() {}

fn main() {}

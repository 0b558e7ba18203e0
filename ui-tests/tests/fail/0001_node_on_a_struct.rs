#[systemge::node]
struct Life;

fn main() {}

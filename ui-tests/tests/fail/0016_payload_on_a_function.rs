#[systemge::payload]
fn grid() {}

fn main() {}

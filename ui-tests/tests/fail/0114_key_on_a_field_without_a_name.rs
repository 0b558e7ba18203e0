#[derive(systemge::Application)]
struct Chess(#[key] u32);

fn main() {}

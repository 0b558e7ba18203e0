#[derive(systemge::Payload)]
struct Move;

fn main() {}

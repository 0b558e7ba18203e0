#[systemge::payload]
struct Move {
    thought: Box<dyn std::fmt::Debug>,
}

fn main() {}

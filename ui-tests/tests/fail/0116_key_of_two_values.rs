#[derive(systemge::TopicKey)]
struct Square {
    row: u8,
    column: u8,
}

fn main() {}

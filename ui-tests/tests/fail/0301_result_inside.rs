#[systemge::payload]
struct Moves {
    all: Vec<Result<u8, String>>,
}

fn main() {}

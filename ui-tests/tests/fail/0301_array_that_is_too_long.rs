#[systemge::payload]
struct Hash {
    bytes: [u8; 64],
}

fn main() {}

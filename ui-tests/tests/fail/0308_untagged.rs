#[systemge::payload]
#[serde(untagged)]
enum Move {
    Row(u8),
}

fn main() {}

#[systemge::payload]
struct Inner {
    row: u8,
}

#[systemge::payload]
struct Move {
    #[serde(flatten)]
    inner: Inner,
}

fn main() {}

#[systemge::payload]
struct Tick {
    at: std::time::Instant,
}

fn main() {}

#[systemge::payload]
struct Move<'a> {
    square: std::borrow::Cow<'a, str>,
}

fn main() {}

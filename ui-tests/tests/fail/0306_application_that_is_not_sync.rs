#[derive(systemge::Application)]
struct Life {
    cell: std::cell::Cell<u8>,
}

fn main() {}

#[derive(systemge::Application)]
union Life {
    row: u8,
    column: u8,
}

fn main() {}

#[derive(systemge::Application)]
struct Chess {
    #[key]
    game: u64,
}

fn main() {}

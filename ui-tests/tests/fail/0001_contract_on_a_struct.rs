#[systemge::contract]
struct Game;

fn main() {}

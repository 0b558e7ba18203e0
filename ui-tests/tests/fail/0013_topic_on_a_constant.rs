#[derive(systemge::Application)]
struct Life;

#[systemge::node]
impl Life {
    #[topic("move")]
    const MOVE: u8 = 1;
}

fn main() {}

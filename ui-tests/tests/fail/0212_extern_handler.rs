#[derive(systemge::Application)]
struct Life;

#[systemge::node]
impl Life {
    #[topic("move")]
    extern "C" fn play(&self) {}
}

fn main() {}

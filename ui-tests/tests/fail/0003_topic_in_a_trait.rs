pub trait Game {
    #[systemge::topic("move")]
    fn play(&self);
}

fn main() {}

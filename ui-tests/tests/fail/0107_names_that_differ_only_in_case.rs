#![deny(deprecated)]

#[derive(systemge::Application)]
struct Life;

#[systemge::node]
impl Life {
    #[topic("getGrid")]
    async fn grid(&self) {}

    #[topic("getgrid")]
    async fn other(&self) {}
}

fn main() {}

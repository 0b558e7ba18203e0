use systemge::prelude::*;

#[derive(systemge::Application, Default)]
struct Life;

impl Life {
    #[on_start]
    async fn start(&self) {}
}

fn main() {}

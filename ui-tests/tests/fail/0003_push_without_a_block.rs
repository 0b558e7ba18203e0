use systemge::prelude::*;

#[derive(systemge::Application)]
struct Life;

impl Life {
    #[push("grid")]
    fn grid(&self) {}
}

fn main() {}

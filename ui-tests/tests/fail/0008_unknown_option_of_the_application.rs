#[derive(systemge::Application)]
#[application(handels(Game))]
struct Life {}

fn main() {}

#[derive(systemge::Application)]
#[application(handles(Game))]
struct Life;

fn main() {}

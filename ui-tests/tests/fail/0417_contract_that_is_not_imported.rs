#[derive(systemge::Application)]
#[application(handles(Game))]
struct Player;

fn main() {}

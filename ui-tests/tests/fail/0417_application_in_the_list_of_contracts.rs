#[derive(systemge::Application, Default)]
struct Life;

#[derive(systemge::Application)]
#[application(calls(Life))]
struct Player;

fn main() {}

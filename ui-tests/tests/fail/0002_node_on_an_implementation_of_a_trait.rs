#[derive(systemge::Application)]
struct Life;

trait Game {}

#[systemge::node]
impl Game for Life {}

fn main() {}

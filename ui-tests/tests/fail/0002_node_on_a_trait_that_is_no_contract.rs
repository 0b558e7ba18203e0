#[derive(systemge::Application)]
struct Life;

#[systemge::node]
impl Default for Life {
    fn default() -> Self {
        Self
    }
}

fn main() {}

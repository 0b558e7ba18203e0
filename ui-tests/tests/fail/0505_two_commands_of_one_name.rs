#[derive(systemge::Application)]
struct Life;

#[systemge::commands]
impl Life {
    #[command("clear")]
    fn clear(&self) {}

    #[command("clear")]
    fn clear_again(&self) {}
}

fn main() {}

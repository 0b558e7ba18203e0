#[derive(systemge::Application)]
struct Life;

#[systemge::commands]
impl Life {
    #[command]
    fn clear(&self) {}
}

fn main() {}

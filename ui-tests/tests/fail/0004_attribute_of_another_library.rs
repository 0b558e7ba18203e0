#[derive(systemge::Application, Default)]
struct Life;

#[systemge::http]
impl Life {
    #[head("/grid")]
    async fn grid(&self) -> String {
        String::new()
    }
}

fn main() {}

#[derive(systemge::Application, Default)]
struct Life;

#[systemge::http]
impl Life {
    #[get("/cell/:row")]
    async fn cell(&self) -> String {
        String::new()
    }
}

fn main() {}

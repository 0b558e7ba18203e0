#[derive(systemge::Application)]
struct Gateway;

#[systemge::http]
impl Gateway {
    #[get("/picture", timeout = 5)]
    async fn picture(&self) {}
}

fn main() {}

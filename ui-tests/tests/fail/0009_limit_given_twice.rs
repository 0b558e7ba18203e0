#[derive(systemge::Application)]
struct Gateway;

#[systemge::http]
impl Gateway {
    #[get("/picture", timeout = "5s", timeout = "6s")]
    async fn picture(&self) {}
}

fn main() {}

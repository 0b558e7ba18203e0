#[derive(systemge::Application)]
struct Gateway;

#[systemge::http]
impl Gateway {
    #[post("/picture", body = "1MB")]
    async fn upload(&self) {}
}

fn main() {}

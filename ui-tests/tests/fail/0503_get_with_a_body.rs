#[derive(systemge::Application)]
struct Life;

#[systemge::http]
impl Life {
    #[get("/cell")]
    async fn cell(&self, cell: systemge::http::Json<u8>) {
        let _ = cell;
    }
}

fn main() {}

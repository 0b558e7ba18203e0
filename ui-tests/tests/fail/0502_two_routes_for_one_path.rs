#[derive(systemge::Application)]
struct Life;

#[systemge::http]
impl Life {
    #[get("/cell/{row}")]
    async fn row(&self, row: u8) {
        let _ = row;
    }

    #[get("/cell/{id}")]
    async fn id(&self, id: u8) {
        let _ = id;
    }
}

fn main() {}

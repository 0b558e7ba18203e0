#[derive(systemge::Application)]
struct Life;

struct Square;

#[systemge::http]
impl Life {
    #[get("/cell/{square}")]
    async fn cell(&self, square: Square) {
        let _ = square;
    }
}

fn main() {}

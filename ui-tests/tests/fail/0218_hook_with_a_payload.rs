#[derive(systemge::Application)]
struct Life;

#[systemge::node]
impl Life {
    #[on_start]
    async fn start(&self, cells: String) {
        let _ = cells;
    }
}

fn main() {}

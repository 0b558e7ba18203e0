#[derive(systemge::Application)]
struct Life;

#[systemge::node]
impl Life {
    #[topic]
    async fn set_grid(&self, cells: String) {
        let _ = cells;
    }
}

fn call(context: &systemge::Context) {
    let _ = LifeClient::new(context).set_grid(String::new());
}

fn main() {}

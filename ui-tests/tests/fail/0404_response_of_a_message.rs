use systemge::prelude::*;

#[derive(systemge::Application)]
struct Life;

#[systemge::node]
impl Life {
    #[topic("clear")]
    async fn clear(&self) {}
}

async fn ask(ctx: &Context) {
    for outcome in LifeClient::new(ctx).clear().all().await {
        drop(outcome);
    }
}

fn main() {
    let _ = ask;
}

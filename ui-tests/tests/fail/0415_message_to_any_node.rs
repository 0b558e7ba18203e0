use systemge::prelude::*;


#[derive(systemge::Application, Default)]
struct Life;

#[systemge::node]
impl Life {
    #[topic("clear")]
    async fn clear(&self) {}
}

async fn ask(ctx: &Context) -> Result<()> {
    LifeClient::new(ctx).clear().any().await?;
    Ok(())
}

fn main() {
    let _ = ask;
}

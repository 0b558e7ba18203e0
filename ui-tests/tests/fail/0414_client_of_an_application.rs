use systemge::prelude::*;


#[derive(systemge::Application, Default)]
struct Life;

#[systemge::node]
impl Life {
    #[topic("clear")]
    async fn clear(&self) {
        let _ = LifeClient::new(self).clear().await;
    }
}

async fn ask(ctx: &Context) -> Result<()> {
    LifeClient::new(ctx).clear().await?;
    Ok(())
}

fn main() {
    let _ = ask;
}

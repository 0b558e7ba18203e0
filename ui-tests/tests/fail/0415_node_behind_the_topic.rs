use systemge::prelude::*;


#[derive(systemge::Application, Default)]
struct Life;

#[systemge::node]
impl Life {
    #[topic("total")]
    async fn total(&self) -> u64 {
        1
    }
}

async fn ask(ctx: &Context) -> Result<()> {
    println!("{}", LifeClient::new(ctx).total().to("life-2").await?);
    Ok(())
}

fn main() {
    let _ = ask;
}

use systemge::prelude::*;

#[derive(Debug)]
pub struct Refused;

#[derive(systemge::Application, Default)]
struct Life;

#[systemge::node]
impl Life {
    #[topic("total")]
    async fn total(&self) -> std::result::Result<u8, Refused> {
        Err(Refused)
    }
}

async fn ask(ctx: &Context) -> Result<()> {
    println!("{}", LifeClient::new(ctx).total().await?);
    Ok(())
}

fn main() {
    let _ = ask;
}

use systemge::prelude::*;

#[derive(systemge::Application)]
struct Life;

#[systemge::node]
impl Life {
    #[topic("name")]
    async fn name(&self) -> Result<String> {
        Ok("life".to_owned())
    }
}

fn main() {
    let _: Result<()> = Ok(());
}

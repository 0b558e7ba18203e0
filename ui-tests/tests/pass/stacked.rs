//! Several block attributes on one `impl` block, and our attributes by their path.

use systemge::Context;

#[derive(systemge::Application)]
struct Everything;

#[systemge::node]
#[systemge::commands]
#[systemge::http]
impl Everything {
    #[systemge::topic("topic")]
    async fn topic(&self, ctx: &Context) {
        let _ = ctx;
    }

    #[systemge::command("command")]
    fn command(&self) {}

    #[get("/")]
    async fn get(&self) {}
}

fn call(ctx: &Context) {
    let _ = EverythingClient::new(ctx).topic();
}

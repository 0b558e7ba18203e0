//! Topics towards browsers: every form of a declaration, from every place.

use std::borrow::Cow;

use systemge::prelude::*;

mod gateway {
    use systemge::prelude::*;

    pub(crate) mod grid {
        #[systemge::payload]
        #[derive(Clone, Debug)]
        pub(crate) struct Grid {
            pub cells: Vec<bool>,
        }
    }

    pub(crate) const NAMED: &str = "named";

    #[derive(systemge::Application, Default)]
    pub(crate) struct Gateway {}

    #[systemge::websocket]
    impl Gateway {
        /// With documentation.
        #[push("grid")]
        pub fn grid(grid: &grid::Grid);

        #[push("owned")]
        pub fn owned(grid: grid::Grid);

        #[push("nothing")]
        pub(crate) fn nothing();

        #[push("several")]
        fn several(who: &str, at: (u8, u8), cells: &[bool]);

        #[push(NAMED)]
        pub fn named(text: std::borrow::Cow<'static, str>);

        #[cfg(any())]
        #[push("leftOut")]
        fn left_out(ty: NoSuchType);

        // the topic may have a handler, too
        #[topic("grid")]
        async fn set(&self, client: &WsClient, grid: grid::Grid, ctx: &Context<Self>) {
            ctx.websocket().grid(&grid).except(client).to_all();
            ctx.websocket().several("a", (1, 2), &grid.cells).to_many([client.id()]);
        }

        #[on_disconnect]
        fn left(&self, client: &WsClient, ctx: &Context) {
            ctx.websocket().nothing().to(client);
        }
    }
}

use gateway::grid::Grid;
use gateway::{Gateway, GatewayPushes as _};

#[systemge::commands]
impl Gateway {
    #[command("clear")]
    async fn clear(&self, ctx: &Context<Self>) -> String {
        let ctx = ctx.clone();
        ctx.clone().spawn(async move {
            ctx.websocket().nothing().to_group("room");
        });
        "cleared".to_owned()
    }
}

#[derive(systemge::Application)]
struct Store<T: systemge::Payload + Clone + Sync> {
    value: T,
}

// one that only pushes
#[systemge::websocket]
impl<T: systemge::Payload + Clone + Sync> Store<T> {
    #[push("value")]
    fn value(value: &T);
}

#[systemge::node]
impl<T: systemge::Payload + Clone + Sync> Store<T> {
    #[topic("show")]
    async fn show(&self, ctx: &Context<Self>) {
        ctx.websocket().value(&self.value).to_all();
    }
}

fn from_outside(node: &Node) -> usize {
    node.websocket().owned(Grid { cells: Vec::new() }).to_all();
    node.websocket().named(Cow::Borrowed("text")).to_all()
}

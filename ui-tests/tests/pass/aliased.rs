//! Types behind aliases, types that several topics share, keys by their derive, and a context behind one more reference.

use systemge::prelude::*;

#[systemge::payload]
#[derive(Clone, Debug)]
pub(crate) struct Failure(String);

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// A reply of which the macros see no `Result`.
type Reply = std::result::Result<Cells, Failure>;
type Cells = Vec<bool>;
type OneWay = std::result::Result<(), std::io::Error>;
type Here<A> = Context<A>;

#[derive(systemge::TopicKey, Clone, Debug)]
pub(crate) struct Board(u64);

#[derive(systemge::TopicKey, Clone, Debug)]
pub(crate) struct Owner<K> {
    key: K,
}

#[systemge::contract(key(board: Board, owner: Owner<String>))]
pub(crate) trait Life {
    #[topic("life/{board}/{owner}/cells")]
    async fn cells(&self) -> Reply;

    #[topic("life/{board}/{owner}/set")]
    async fn set(&self, cells: Cells) -> Reply;

    #[topic("life/{board}/{owner}/failed", oneway)]
    async fn failed(&self, failure: Failure) -> OneWay;
}

#[derive(systemge::Application)]
#[application(handles(Life))]
struct Grid {
    #[key]
    board: Board,
    #[key]
    owner: Owner<String>,
    cells: Cells,
}

#[systemge::node]
impl Life for Grid {
    async fn cells(&self) -> Reply {
        Ok(self.cells.clone())
    }

    async fn set(&mut self, cells: Cells) -> Reply {
        Ok(std::mem::replace(&mut self.cells, cells))
    }

    async fn failed(&self, failure: Failure) -> OneWay {
        Err(std::io::Error::other(failure.0))
    }
}

#[derive(systemge::Application, Default)]
#[application(calls(Life))]
struct Viewer {}

#[systemge::node]
impl Viewer {
    /// One condition, asked for once, for a payload and three replies.
    #[topic("last")]
    async fn last(&self, failure: Failure) -> Failure {
        failure
    }

    #[topic("first")]
    async fn first(&self, board: u64, ctx: &Context<Self>) -> Failure {
        // who writes `&ctx` means the same
        let life = LifeClient::new(&ctx).board_owner(&Board(board), &Owner { key: "me".to_owned() });
        let all = life.set(vec![true]).all().await.map_or(0, |outcomes| outcomes.len());
        match life.cells().await {
            Ok(cells) => Failure(format!("{all} {cells:?}")),
            Err(error) => ViewerClient::new(&ctx)
                .last(Failure(error.to_string()))
                .await
                .unwrap_or_else(|_| Failure(String::new())),
        }
    }

    #[expect(clippy::use_self, reason = "the name of the application means the same")]
    #[on_start]
    async fn start(&self, ctx: &Context<Viewer>) {
        let _ = ctx.node_name();
    }

    #[on_stop]
    async fn stop(&self, ctx: &Context<Self>) {
        let again: &Here<Self> = ctx;
        let _ = again.node_name();
    }
}

systemge::system! {
    /// Everybody.
    #[allow(dead_code, reason = "it is checked, not printed")]
    pub(crate) EVERYBODY = [Grid, Viewer]
}

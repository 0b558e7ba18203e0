//! A node with payloads of all kinds.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet, VecDeque};
use std::net::{IpAddr, SocketAddr};
use std::num::NonZeroU32;
use std::time::Duration;

use systemge::System;
use systemge::config::NodeConfig;
use systemge::testing::fuzz::Decoders;

/// Names of fields and variants.
pub(crate) const WORDS: &[&str] = &[
    "row", "column", "id", "name", "tags", "inside", "when", "Nothing", "One", "Two", "Named", "null",
    "true", "{", "}", "[", "]", "\\u0000", "1e308", "-1",
];

#[systemge::payload]
#[derive(Debug, Clone)]
pub(crate) struct Cell {
    pub(crate) row: u32,
    pub(crate) column: u64,
}

#[systemge::payload]
#[derive(Debug, Clone)]
pub(crate) enum Kind {
    Nothing,
    One(i64),
    Two(bool, Vec<String>),
    Named { inside: Option<Box<Cell>>, when: Duration },
}

#[systemge::payload]
#[derive(Debug, Clone)]
pub(crate) struct Everything {
    pub(crate) id: u128,
    pub(crate) name: String,
    pub(crate) letter: char,
    pub(crate) ratio: f64,
    pub(crate) tags: BTreeSet<String>,
    pub(crate) cells: Vec<Cell>,
    pub(crate) by_name: HashMap<String, Vec<Kind>>,
    pub(crate) kinds: [Kind; 3],
    pub(crate) maybe: Option<(i8, i16, i32)>,
}

#[derive(systemge::Application, Default)]
struct Sample {}

/// Nothing is ever handled: the decoders are what it is about.
#[systemge::node]
impl Sample {
    #[topic("nothing", request)]
    async fn nothing(&self) {}

    #[topic("numbers")]
    async fn numbers(&self, _a: (u8, u16, u32, u64, i128), _b: NonZeroU32, _c: f32) {}

    #[topic("text")]
    async fn text(&self, _a: String) -> Result<String, String> {
        Ok(String::new())
    }

    #[topic("bytes")]
    async fn bytes(&self, _a: Vec<u8>) {}

    #[topic("lists")]
    async fn lists(&self, _a: Vec<Vec<Vec<u64>>>) {}

    #[topic("large")]
    async fn large(&self, _a: Vec<[u64; 32]>) {}

    #[topic("maps")]
    async fn maps(&self, _a: HashMap<u64, HashMap<u64, u64>>) {}

    #[topic("sorted")]
    async fn sorted(&self, _a: BTreeMap<String, ()>, _b: HashSet<i32>) {}

    #[topic("queue")]
    async fn queue(&self, _a: VecDeque<Option<String>>) {}

    #[topic("addresses")]
    async fn addresses(&self, _a: Vec<IpAddr>, _b: Option<SocketAddr>) {}

    #[topic("cell")]
    async fn cell(&self, _a: Cell) {}

    #[topic("kind")]
    async fn kind(&self, _a: Kind) -> Result<Kind, String> {
        Ok(Kind::Nothing)
    }

    #[topic("everything")]
    async fn everything(&self, _a: Everything) {}

    #[topic("many")]
    async fn many(&self, _a: Vec<Everything>) {}

    #[topic("identities")]
    async fn identities(&self, _a: Vec<uuid::Uuid>) {}

    #[topic("dates")]
    async fn dates(&self, _a: chrono::DateTime<chrono::Utc>, _b: chrono::NaiveDate) {}

    #[topic("times")]
    async fn times(&self, _a: time::OffsetDateTime) {}
}

/// The decoders of a node of it.
pub(crate) fn decoders() -> Decoders {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime");
    let running = runtime
        .block_on(System::new().node_with("sample", Sample::default(), NodeConfig::new()).start())
        .expect("a node without network starts");
    Decoders::new(&running.nodes()[0])
}

//! The spawner: a ready-made application whose node makes, starts, stops and removes other nodes when it is asked.
//!
//! Which kinds of nodes there are is said in code: a name, and what makes the application from typed settings. Who asks
//! names a kind, a name, settings, and where the new node listens and whom it dials.
//!
//! ```
//! use systemge::config::{Endpoint, NodeConfig};
//! use systemge::prelude::*;
//! use systemge::spawner::{Child, Spawner, SpawnerClient};
//!
//! #[derive(serde::Serialize, serde::Deserialize)]
//! struct GameSettings {
//!     players: [String; 2],
//! }
//!
//! #[derive(systemge::Application)]
//! struct Game {
//!     players: [String; 2],
//! }
//!
//! #[systemge::node]
//! impl Game {
//!     #[topic("players")]
//!     async fn players(&self) -> [String; 2] {
//!         self.players.clone()
//!     }
//! }
//!
//! #[derive(systemge::Application, Default)]
//! struct Gateway {}
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<()> {
//! let spawner = Spawner::new()
//!     .limit(10)
//!     .kind("game", |settings: GameSettings| -> Result<Game> { Ok(Game { players: settings.players }) });
//! let loopback: Endpoint = "tcp://127.0.0.1:0".parse()?;
//! let system = System::new()
//!     .node_with("spawner", spawner, NodeConfig::new().listen(loopback.clone()))
//!     .node_with("gateway", Gateway::default(), NodeConfig::new())
//!     .start()
//!     .await?;
//! let [spawner, gateway] = &system.nodes()[..] else { unreachable!("there are two") };
//! gateway.connect(spawner.endpoints()[0].clone()).await?;
//!
//! let settings = GameSettings { players: ["Ada".to_owned(), "Bob".to_owned()] };
//! let game = Child::new("game", "game-1").settings(&settings)?.listen(loopback);
//! let game = SpawnerClient::new(gateway).spawn_and_start(game).await?;
//! gateway.connect(game.endpoints[0].clone()).await?; // with the real port
//! assert_eq!(GameClient::new(gateway).to("game-1").players().await?, settings.players);
//! SpawnerClient::new(gateway).stop_and_remove("game-1".to_owned()).await?;
//! system.stop().await;
//! # Ok(())
//! # }
//! ```
//!
//! # The configuration of a child
//!
//! The section `[kinds.NAME]` of the configuration file is that of every node of a kind, with the keys of
//! `[nodes.NAME]`; [`Spawner::kind_with`] sets it in code. A [`Child`] says where the node listens and whom it dials
//! instead of what its kind says, and nothing else. [`Spawner::prepare`] has the last word, for what differs from node
//! to node, such as certificates.
//!
//! # Its life
//!
//! Children belong to the system of their spawner, as every other node does, so that the command line and the dashboard
//! show them, and whoever follows [`Running::events`](crate::Running::events) is told of them. When the spawner stops,
//! it stops its children first, the youngest before the older ones; when it is removed, it removes them. A spawner that
//! is started again still has them, stopped.
//!
//! # Who may ask
//!
//! Whoever may send to the spawner's node may make and remove its children, and let them dial whatever the spawner's
//! machine reaches. It makes the registered kinds only, touches no node but its children, and their listeners are
//! bound by the same rules as all others: plain `tcp://` on loopback only, unless the kind's configuration says
//! `insecure`.

mod child;
mod children;
mod kinds;

use std::fmt::Display;
use std::panic::{AssertUnwindSafe, catch_unwind};

use serde::de::DeserializeOwned;

pub use self::child::{Child, ChildStatus, SpawnError};
use self::children::Children;
use self::kinds::{Kind, Kinds};
use crate::application::{Application, Components};
use crate::config::{Endpoint, NodeConfig};
use crate::context::Context;
use crate::node::Node;

/// An application whose node makes, starts, stops and removes other nodes when it is asked; see the
/// [module](self) for how.
///
/// Each thing that it does is a request, whose response says how it went, and a message of the same name with
/// `_oneway`, whose errors the spawner's node logs. A request without `.to(..)` or `.any()` reaches every connected
/// spawner.
#[derive(Default)]
pub struct Spawner {
    kinds: Kinds,
    limit: Option<usize>,
    prepare: Option<Prepare>,
    children: Children,
}

/// Changes the configuration of the child of that name, or says why there can be none.
type Prepare = Box<dyn Fn(&str, NodeConfig) -> Result<NodeConfig, String> + Send + Sync>;

impl Spawner {
    /// A spawner without kinds, which makes nothing.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets how many nodes it has at the most, those that are stopped among them. Default: 256.
    #[must_use]
    pub fn limit(self, nodes: usize) -> Self {
        Self { limit: Some(nodes), ..self }
    }

    /// Registers a kind of nodes, with what makes its application from settings. Its configuration is the section
    /// `[kinds.NAME]` of the file.
    ///
    /// The constructor runs while others are served, and should not block. If it fails or panics, who asked is told.
    /// Settings travel as JSON; a kind without settings takes `()`.
    ///
    /// A name that is registered twice, or that no node could have (1 to 64 letters, digits, `.`, `_`, `-`), keeps the
    /// spawner from starting.
    #[must_use]
    pub fn kind<S, A, E>(
        self,
        name: impl Into<String>,
        constructor: impl Fn(S) -> Result<A, E> + Send + Sync + 'static,
    ) -> Self
    where
        S: DeserializeOwned,
        A: Application,
        E: Display,
    {
        self.add(name.into(), Kind::new(None, constructor))
    }

    /// The same with a configuration of the program's own, which goes before that of the file.
    #[must_use]
    pub fn kind_with<S, A, E>(
        self,
        name: impl Into<String>,
        config: NodeConfig,
        constructor: impl Fn(S) -> Result<A, E> + Send + Sync + 'static,
    ) -> Self
    where
        S: DeserializeOwned,
        A: Application,
        E: Display,
    {
        self.add(name.into(), Kind::new(Some(config), constructor))
    }

    /// Changes the configuration of every node that is made, after its kind and who asked for it have had their say: for
    /// what differs from node to node and nobody may ask for, such as a certificate with the node's name.
    ///
    /// It gets the node's name. It runs while others are served, and should not block. If it fails or panics, the node is
    /// not made, and who asked is told. A second one takes the place of the first.
    ///
    /// ```
    /// use systemge::config::NodeConfig;
    /// use systemge::spawner::Spawner;
    ///
    /// let spawner = Spawner::new().prepare(|name, mut config: NodeConfig| {
    ///     config.tls.server_name = Some(format!("{name}.example.org"));
    ///     Ok::<_, std::convert::Infallible>(config)
    /// });
    /// ```
    #[must_use]
    pub fn prepare<E: Display>(
        mut self,
        prepare: impl Fn(&str, NodeConfig) -> Result<NodeConfig, E> + Send + Sync + 'static,
    ) -> Self {
        self.prepare =
            Some(Box::new(move |name, config| prepare(name, config).map_err(|error| error.to_string())));
        self
    }

    fn add(mut self, name: String, kind: Kind) -> Self {
        self.kinds.add(name, kind);
        self
    }

    fn make(&self, child: Child, ctx: &Context) -> Result<Node, SpawnError> {
        let Child { kind: kind_name, name, settings, listen, connect } = child;
        let kind = self.kinds.find(&kind_name)?;
        let system = ctx.system();
        if system.node(&name).is_some() {
            // known before the application is made, which may be costly
            return Err(SpawnError::NameTaken { name });
        }
        let place = self.children.reserve(&kind_name, self.limit.unwrap_or(DEFAULT_LIMIT))?;
        let program = kind.make(&kind_name, settings.as_deref())?;
        let of_file = || system.config().kinds.get(&kind_name).cloned();
        let mut config = kind.config.clone().or_else(of_file).unwrap_or_default();
        if let Some(listen) = listen {
            config.listen = instead(&config.listen, listen, |entry| &mut entry.endpoint);
        }
        if let Some(connect) = connect {
            config.connect = instead(&config.connect, connect, |entry| &mut entry.endpoint);
        }
        let config = self.prepared(&kind_name, &name, config)?;
        let added = system.add_program(&name, program, config);
        let node = added.map_err(|error| SpawnError::adding(&name, &error))?;
        place.take(node.clone());
        Ok(node)
    }

    fn prepared(&self, kind: &str, name: &str, config: NodeConfig) -> Result<NodeConfig, SpawnError> {
        let Some(prepare) = &self.prepare else { return Ok(config) };
        let prepared = catch_unwind(AssertUnwindSafe(|| prepare(name, config))).unwrap_or_else(|panic| {
            Err(format!("its preparation panicked: {}", crate::error::panic_text(&*panic)))
        });
        prepared.map_err(|reason| SpawnError::Refused { kind: kind.to_owned(), reason })
    }

    async fn start_child(&self, name: &str) -> Result<ChildStatus, SpawnError> {
        let (kind, node) = self.children.find(name)?;
        node.start().await.map_err(|error| SpawnError::starting(&error))?;
        Ok(ChildStatus::of(&kind, &node))
    }

    async fn make_and_start(&self, child: Child, ctx: &Context) -> Result<ChildStatus, SpawnError> {
        let kind = child.kind.clone();
        let node = self.make(child, ctx)?;
        if let Err(error) = node.start().await {
            let error = SpawnError::starting(&error);
            remove(&node, ctx).await;
            return Err(error);
        }
        Ok(ChildStatus::of(&kind, &node))
    }

    async fn stop_child(&self, name: &str) -> Result<ChildStatus, SpawnError> {
        let (kind, node) = self.children.find(name)?;
        node.stop().await;
        Ok(ChildStatus::of(&kind, &node))
    }

    async fn remove_child(&self, name: &str, even_running: bool, ctx: &Context) -> Result<(), SpawnError> {
        let (_, node) = self.children.find(name)?;
        let state = node.state();
        if !even_running && !state.is_at_rest() {
            return Err(SpawnError::NotStopped { name: name.to_owned(), state });
        }
        if remove(&node, ctx).await {
            Ok(())
        } else {
            Err(SpawnError::UnknownChild { name: name.to_owned() })
        }
    }
}

/// The endpoints that were asked for, each with what the kind says of its first endpoint of the same scheme: who asks
/// for another port does not get rid of what guards it.
fn instead<T: Clone + From<Endpoint>>(
    kind: &[T],
    asked: Vec<Endpoint>,
    endpoint: impl Fn(&mut T) -> &mut Endpoint,
) -> Vec<T> {
    let entry = |asked: Endpoint| {
        let same_scheme = kind.iter().cloned().find_map(|mut entry| {
            let place = endpoint(&mut entry);
            (place.scheme() == asked.scheme()).then(|| *place = asked.clone()).map(|()| entry)
        });
        same_scheme.unwrap_or_else(|| asked.into())
    };
    asked.into_iter().map(entry).collect()
}

/// Removes this very node, and none that has got its name meanwhile.
async fn remove(node: &Node, ctx: &Context) -> bool {
    ctx.system().remove_node(node.clone()).await
}

impl Application for Spawner {
    fn __components() -> Components<Self> {
        crate::__components!(Self)
    }

    fn __kinds(&self) -> Vec<String> {
        self.kinds.names()
    }
}

#[crate::node(crate = crate)]
impl Spawner {
    #[on_start]
    fn begin(&self) -> Result<(), String> {
        match self.kinds.mistake() {
            Some(mistake) => Err(mistake.to_owned()),
            None => {
                self.children.open();
                Ok(())
            }
        }
    }

    #[on_stop]
    async fn end(&self, ctx: &Context) {
        let nodes = self.children.close();
        if ctx.node().inner().is_retired() {
            ctx.system().remove_nodes(nodes).await;
        } else {
            ctx.system().stop_nodes(nodes).await;
        }
    }

    /// Makes a node, and leaves it stopped.
    #[topic("spawner/spawn")]
    pub async fn spawn(&self, child: Child, ctx: &Context) -> Result<ChildStatus, SpawnError> {
        let kind = child.kind.clone();
        self.make(child, ctx).map(|node| ChildStatus::of(&kind, &node))
    }

    /// Starts a node that the spawner made; one that runs is left as it is.
    #[topic("spawner/start")]
    pub async fn start(&self, name: String) -> Result<ChildStatus, SpawnError> {
        self.start_child(&name).await
    }

    /// Stops a node that the spawner made; one that is stopped is left as it is. A handler of that very node sends
    /// `stop_oneway`, since the node waits for the handler.
    #[topic("spawner/stop")]
    pub async fn stop(&self, name: String) -> Result<ChildStatus, SpawnError> {
        self.stop_child(&name).await
    }

    /// Removes a node that the spawner made and that is stopped; its name is free then.
    #[topic("spawner/remove")]
    pub async fn remove(&self, name: String, ctx: &Context) -> Result<(), SpawnError> {
        self.remove_child(&name, false, ctx).await
    }

    /// Makes a node and starts it; if it can't start, it is removed. The response tells its real endpoints.
    #[topic("spawner/spawn-and-start")]
    pub async fn spawn_and_start(&self, child: Child, ctx: &Context) -> Result<ChildStatus, SpawnError> {
        self.make_and_start(child, ctx).await
    }

    /// Stops and removes a node that the spawner made. A handler of that very node sends `stop_and_remove_oneway`,
    /// since the node waits for the handler.
    #[topic("spawner/stop-and-remove")]
    pub async fn stop_and_remove(&self, name: String, ctx: &Context) -> Result<(), SpawnError> {
        self.remove_child(&name, true, ctx).await
    }

    /// The nodes that the spawner made, in the order in which it made them.
    #[topic("spawner/list")]
    pub async fn list(&self) -> Vec<ChildStatus> {
        self.children.all().iter().map(|(kind, node)| ChildStatus::of(kind, node)).collect()
    }

    /// The kinds of nodes that the spawner makes, sorted.
    #[topic("spawner/kinds")]
    pub async fn kinds(&self) -> Vec<String> {
        self.kinds.names()
    }

    /// As `spawn`; nobody is told how it went.
    #[topic("spawner/spawn/oneway", oneway)]
    pub async fn spawn_oneway(&self, child: Child, ctx: &Context) -> Result<(), SpawnError> {
        self.make(child, ctx).map(drop)
    }

    /// As `start`; nobody is told how it went.
    #[topic("spawner/start/oneway", oneway)]
    pub async fn start_oneway(&self, name: String) -> Result<(), SpawnError> {
        self.start_child(&name).await.map(drop)
    }

    /// As `stop`; nobody is told how it went.
    #[topic("spawner/stop/oneway", oneway)]
    pub async fn stop_oneway(&self, name: String) -> Result<(), SpawnError> {
        self.stop_child(&name).await.map(drop)
    }

    /// As `remove`; nobody is told how it went.
    #[topic("spawner/remove/oneway", oneway)]
    pub async fn remove_oneway(&self, name: String, ctx: &Context) -> Result<(), SpawnError> {
        self.remove_child(&name, false, ctx).await
    }

    /// As `spawn_and_start`; nobody is told how it went.
    #[topic("spawner/spawn-and-start/oneway", oneway)]
    pub async fn spawn_and_start_oneway(&self, child: Child, ctx: &Context) -> Result<(), SpawnError> {
        self.make_and_start(child, ctx).await.map(drop)
    }

    /// As `stop_and_remove`; nobody is told how it went.
    #[topic("spawner/stop-and-remove/oneway", oneway)]
    pub async fn stop_and_remove_oneway(&self, name: String, ctx: &Context) -> Result<(), SpawnError> {
        self.remove_child(&name, true, ctx).await
    }
}

/// How many nodes a spawner has at the most, unless it says so.
const DEFAULT_LIMIT: usize = 256;

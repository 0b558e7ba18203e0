//! The spawner, asked over the wire by another node.

use std::collections::BTreeMap;
use std::net::TcpListener;
use std::sync::{Arc, Mutex};

use systemge::client::RequestError;
use systemge::config::{Endpoint, NodeConfig, Scheme, SystemConfig};
use systemge::prelude::*;
use systemge::spawner::{Child, ChildStatus, SpawnError, Spawner, SpawnerClient};
use systemge::{Node, NodeState, Running, StartError, SystemEvent};

use crate::support::{Caller, any_port, any_tcp_port, endpoint, listening, plain, soon};

#[derive(serde::Serialize, serde::Deserialize)]
struct RoomSettings {
    number: u32,
    guests: Vec<String>,
}

fn room(number: u32) -> RoomSettings {
    RoomSettings { number, guests: vec!["Ada".to_owned()] }
}

/// A node that writes down when it stops.
#[derive(systemge::Application)]
struct Room {
    settings: RoomSettings,
    stopped: Arc<Mutex<Vec<u32>>>,
}

#[systemge::node]
impl Room {
    #[on_start]
    async fn start(&self) -> Result<()> {
        if self.settings.number == 13 {
            return Err(Error::message("nobody wants this room"));
        }
        Ok(())
    }

    #[on_stop]
    async fn stop(&self) {
        self.stopped.lock().expect("no panic").push(self.settings.number);
    }

    #[topic("guests")]
    async fn guests(&self) -> Vec<String> {
        self.settings.guests.clone()
    }

    /// Has its own node removed.
    #[topic("leave", oneway)]
    async fn leave(&self, ctx: &Context) -> Result<(), String> {
        let spawner = SpawnerClient::new(ctx);
        let sent = spawner.stop_and_remove_oneway(ctx.node_name().to_owned()).await;
        sent.map(drop).map_err(|error| error.to_string())
    }
}

struct House {
    system: Running,
    caller: Node,
    stopped: Arc<Mutex<Vec<u32>>>,
}

impl House {
    async fn new(limit: usize) -> Self {
        let stopped = Arc::<Mutex<Vec<u32>>>::default();
        let system = System::new()
            .node_with("spawner", spawner(&stopped).limit(limit), listening())
            .node_with("caller", Caller::default(), plain())
            .start()
            .await
            .expect("they start");
        let caller = system.node("caller").expect("the caller");
        let spawner = system.node("spawner").expect("the spawner");
        caller.connect(endpoint(&spawner)).await.expect("it listens");
        Self { system, caller, stopped }
    }

    fn spawner(&self) -> SpawnerClient {
        SpawnerClient::new(&self.caller)
    }

    fn names(&self) -> Vec<String> {
        self.system.nodes().iter().map(|node| node.name().to_owned()).collect()
    }

    /// Waits until the node of that name is in a state, or gone.
    async fn until(&self, name: &str, wanted: Option<NodeState>) {
        let mut events = self.system.events();
        while self.system.node(name).map(|node| node.state()) != wanted {
            soon(events.next()).await.expect("the system is there");
        }
    }
}

fn spawner(stopped: &Arc<Mutex<Vec<u32>>>) -> Spawner {
    Spawner::new().kind_with("room", plain(), rooms(stopped)).kind_with(
        "hall",
        plain().listen(any_port()),
        |(): ()| Ok::<_, Error>(Caller::default()),
    )
}

/// What makes rooms.
fn rooms(stopped: &Arc<Mutex<Vec<u32>>>) -> impl Fn(RoomSettings) -> Result<Room> + Send + Sync + 'static {
    let stopped = stopped.clone();
    move |settings| {
        if settings.guests.is_empty() {
            return Err(Error::message("a room without guests"));
        }
        assert!(settings.number < 100, "the house has no such room");
        Ok(Room { settings, stopped: stopped.clone() })
    }
}

fn child(number: u32) -> Child {
    let child = Child::new("room", format!("room-{number}"));
    child.settings(&room(number)).expect("JSON").listen(any_port())
}

#[track_caller]
fn refused<T: std::fmt::Debug>(result: Result<T, RequestError<SpawnError>>) -> SpawnError {
    match result {
        Err(RequestError::Handler(error)) => error,
        other => panic!("the spawner refuses: {other:?}"),
    }
}

#[tokio::test]
async fn a_node_is_made_started_stopped_and_removed_on_request() {
    let house = House::new(8).await;
    let made = house.spawner().spawn(child(1)).await.expect("it is made");
    assert_eq!((made.name.as_str(), made.kind.as_str()), ("room-1", "room"));
    assert_eq!((&made.state, &made.endpoints[..]), (&NodeState::Stopped, &[][..]));
    assert_eq!(house.names(), ["spawner", "caller", "room-1"]);

    let started = house.spawner().start("room-1".to_owned()).await.expect("it starts");
    assert_eq!(started.state, NodeState::Running);
    assert_ne!(started.endpoints[0].port(), 0);
    house.caller.connect(started.endpoints[0].clone()).await.expect("it listens");
    assert_eq!(RoomClient::new(&house.caller).guests().await, Ok(vec!["Ada".to_owned()]));
    let running = house.spawner().remove("room-1".to_owned()).await;
    assert!(matches!(refused(running), SpawnError::NotStopped { state: NodeState::Running, .. }));

    let second = house.spawner().spawn_and_start(child(2)).await.expect("it starts");
    let hall = house.spawner().spawn_and_start(Child::new("hall", "hall")).await.expect("without settings");
    assert_eq!(hall.endpoints.len(), 1, "it listens where its kind does");
    assert_eq!(house.spawner().list().await, Ok(vec![started, second, hall]));
    assert_eq!(house.spawner().kinds().await, Ok(vec!["hall".to_owned(), "room".to_owned()]));

    let stopped = house.spawner().stop("room-1".to_owned()).await.expect("it stops");
    assert_eq!(stopped.state, NodeState::Stopped);
    house.spawner().remove("room-1".to_owned()).await.expect("it is stopped");
    house.spawner().stop_and_remove("room-2".to_owned()).await.expect("it is stopped first");
    assert_eq!(house.names(), ["spawner", "caller", "hall"]);
    assert_eq!(*house.stopped.lock().expect("no panic"), [1, 2]);
    house.system.stop().await;
}

#[tokio::test]
async fn the_same_is_done_by_messages() {
    let house = House::new(8).await;
    let name = || "room-1".to_owned();
    assert_eq!(house.spawner().spawn_oneway(child(1)).await, Ok(1));
    house.until("room-1", Some(NodeState::Stopped)).await;
    assert_eq!(house.spawner().start_oneway(name()).await, Ok(1));
    house.until("room-1", Some(NodeState::Running)).await;
    assert_eq!(house.spawner().stop_oneway(name()).await, Ok(1));
    house.until("room-1", Some(NodeState::Stopped)).await;
    assert_eq!(house.spawner().remove_oneway(name()).await, Ok(1));
    house.until("room-1", None).await;
    assert_eq!(house.spawner().spawn_and_start_oneway(child(1)).await, Ok(1));
    house.until("room-1", Some(NodeState::Running)).await;
    assert_eq!(house.spawner().stop_and_remove_oneway(name()).await, Ok(1));
    house.until("room-1", None).await;
    house.system.stop().await;
}

#[tokio::test]
async fn what_cannot_be_made_is_a_typed_error_and_leaves_nothing_behind() {
    let house = House::new(1).await;
    let mut events = house.system.events();
    let make = async |child: Child| refused(house.spawner().spawn_and_start(child).await);

    let unknown = make(Child::new("castle", "castle")).await;
    assert_eq!(unknown.to_string(), "there is no kind `castle`; there are: hall, room");
    let settings = make(Child::new("room", "room-1").settings(&"a text").expect("JSON")).await;
    assert!(matches!(&settings, SpawnError::Settings { kind, .. } if kind == "room"), "{settings}");
    let none = make(Child::new("room", "room-1")).await;
    assert!(matches!(none, SpawnError::Settings { .. }), "{none}");
    let empty = RoomSettings { number: 1, guests: Vec::new() };
    let empty = make(Child::new("room", "room-1").settings(&empty).expect("JSON")).await;
    assert!(
        matches!(&empty, SpawnError::Refused { reason, .. } if reason == "a room without guests"),
        "{empty}"
    );
    let panicked = make(child(100)).await;
    assert!(panicked.to_string().contains("it panicked: the house has no such room"), "{panicked}");
    assert_eq!(make(Child::new("hall", "caller")).await, SpawnError::NameTaken { name: "caller".to_owned() });
    let name = make(Child::new("hall", "the hall")).await;
    assert!(matches!(&name, SpawnError::Invalid { name, .. } if name == "the hall"), "{name}");
    let exposed = make(Child::new("hall", "hall").listen("tcp://0.0.0.0:0".parse().expect("one"))).await;
    assert!(
        matches!(&exposed, SpawnError::Invalid { reason, .. } if reason.contains("insecure")),
        "{exposed}"
    );
    // nothing of all that was ever part of the system
    assert!(futures_util::FutureExt::now_or_never(events.next()).is_none());

    let holder = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let taken = Endpoint::tcp(holder.local_addr().expect("an address"));
    assert_eq!(
        make(Child::new("hall", "hall").listen(taken.clone())).await,
        SpawnError::EndpointTaken { name: "hall".to_owned(), endpoint: taken }
    );
    let failed = make(child(13)).await;
    assert!(
        matches!(&failed, SpawnError::Start { reason, .. } if reason.contains("nobody wants")),
        "{failed}"
    );

    // the only place is free all the time
    assert_eq!(house.names(), ["spawner", "caller"]);
    assert_eq!(house.spawner().list().await, Ok(Vec::new()));
    house.spawner().spawn(child(1)).await.expect("there is room for one");
    assert_eq!(make(child(2)).await, SpawnError::LimitReached { limit: 1 });
    house.spawner().remove("room-1".to_owned()).await.expect("it is stopped");
    house.spawner().spawn(child(2)).await.expect("there is room again");

    let map = BTreeMap::from([(vec![1], 1)]);
    assert!(matches!(Child::new("room", "room").settings(&map), Err(SpawnError::Settings { .. })));
    house.system.stop().await;
}

#[tokio::test]
async fn a_spawner_touches_no_nodes_but_its_own() {
    let house = House::new(8).await;
    let unknown = |result| assert!(matches!(refused(result), SpawnError::UnknownChild { .. }));
    for name in ["caller", "spawner", "nobody"] {
        let name = || name.to_owned();
        unknown(house.spawner().start(name()).await.map(drop));
        unknown(house.spawner().stop(name()).await.map(drop));
        unknown(house.spawner().remove(name()).await);
        unknown(house.spawner().stop_and_remove(name()).await);
    }
    assert_eq!(house.caller.state(), NodeState::Running);
    house.system.stop().await;
}

#[tokio::test]
async fn children_stop_before_their_spawner_the_youngest_first() {
    let house = House::new(8).await;
    for number in [3, 1, 2] {
        house.spawner().spawn_and_start(child(number)).await.expect("it starts");
    }
    let spawner = house.system.node("spawner").expect("the spawner");
    let mut events = house.system.events();
    spawner.stop().await;
    assert_eq!(*house.stopped.lock().expect("no panic"), [2, 1, 3]);
    let mut stopped = Vec::new();
    while stopped.len() < 4 {
        if let SystemEvent::NodeState { node, state: NodeState::Stopped } =
            soon(events.next()).await.expect("the system is there")
        {
            stopped.push(node.to_string());
        }
    }
    assert_eq!(stopped, ["room-2", "room-1", "room-3", "spawner"]);

    // started anew, it still has them
    spawner.start().await.expect("it starts");
    house.caller.connect(endpoint(&spawner)).await.expect("it listens");
    let list = house.spawner().list().await.expect("a list");
    let states: Vec<_> = list.iter().map(|ChildStatus { name, state, .. }| (name.as_str(), state)).collect();
    let stopped = &NodeState::Stopped;
    assert_eq!(states, [("room-3", stopped), ("room-1", stopped), ("room-2", stopped)]);
    house.spawner().start("room-1".to_owned()).await.expect("it starts");

    // with the spawner they are removed
    assert!(house.system.remove("spawner").await);
    assert_eq!(house.names(), ["caller"]);
    house.system.stop().await;
}

#[tokio::test]
async fn a_system_that_stops_leaves_no_child_running() {
    let house = House::new(8).await;
    house.spawner().spawn_and_start(child(1)).await.expect("it starts");
    let room = house.system.node("room-1").expect("the child");
    house.system.stop().await;
    assert_eq!(room.state(), NodeState::Stopped);
    assert_eq!(*house.stopped.lock().expect("no panic"), [1]);
}

#[tokio::test]
async fn a_child_that_somebody_else_removes_is_gone_for_the_spawner_too() {
    let house = House::new(1).await;
    house.spawner().spawn_and_start(child(1)).await.expect("it starts");
    assert!(house.system.remove("room-1").await);
    assert_eq!(house.spawner().list().await, Ok(Vec::new()));
    house.spawner().spawn(child(1)).await.expect("its place and its name are free");
    house.system.stop().await;
}

#[tokio::test]
async fn a_child_has_itself_removed() {
    let house = House::new(8).await;
    let spawner = house.system.node("spawner").expect("the spawner");
    let room = child(1).connect(spawner.endpoints()[0].clone());
    let room = house.spawner().spawn_and_start(room).await.expect("it starts");
    house.caller.connect(room.endpoints[0].clone()).await.expect("it listens");
    house
        .system
        .node("room-1")
        .expect("the child")
        .wait_for_provider("spawner/list", crate::support::SOON)
        .await;
    assert_eq!(RoomClient::new(&house.caller).leave().await, Ok(1));
    house.until("room-1", None).await;
    house.system.stop().await;
}

#[tokio::test]
async fn a_kind_is_configured_by_the_file() {
    let file = |kind: &str| {
        let text = format!(
            "[nodes.spawner]\nlisten = [\"tcp://127.0.0.1:0\"]\n\n[kinds.{kind}]\n\
             listen = [{{ endpoint = \"tcp://127.0.0.1:0\", deny = [\"127.0.0.0/8\"] }}, \"mem://rooms\"]\n"
        );
        System::from_config(SystemConfig::from_toml(&text, "house.toml").expect("it is valid"))
            .node("spawner", Spawner::new().kind("room", rooms(&Arc::default())))
    };
    let system = file("room").start().await.expect("it starts");
    let command = Child::new("room", "room-1").settings(&room(1)).expect("JSON");
    let client = System::new().node_with("caller", Caller::default(), plain());
    let client = client.start().await.expect("it starts");
    let caller = client.node("caller").expect("the caller");
    caller.connect(endpoint(&system.node("spawner").expect("the spawner"))).await.expect("it listens");
    let made = SpawnerClient::new(&caller).spawn_and_start(command).await.expect("it starts");
    assert_eq!(made.endpoints.len(), 2);
    assert_eq!(made.endpoints[1].to_string(), "mem://rooms");
    caller.connect(made.endpoints[0].clone()).await.expect_err("the kind lets nobody in");
    let second = Child::new("room", "room-2").settings(&room(2)).expect("JSON").listen(any_tcp_port());
    let second = SpawnerClient::new(&caller).spawn_and_start(second).await.expect("it starts");
    assert_eq!(second.endpoints.len(), 1);
    caller.connect(second.endpoints[0].clone()).await.expect_err("at another port, neither");
    client.stop().await;
    system.stop().await;

    let error = file("rom").start().await.expect_err("there is no such kind").to_string();
    assert!(error.contains("house.toml:4:8") && error.contains("did you mean `room`?"), "{error}");
}

#[tokio::test]
async fn the_preparation_has_the_last_word() {
    let spawner = Spawner::new()
        .kind_with("hall", plain(), |(): ()| Ok::<_, Error>(Caller::default()))
        .prepare(|name, config: NodeConfig| match name {
            "cellar" => Err("nobody is let into the cellar"),
            "attic" => panic!("bats"),
            name => Ok(config.listen(Endpoint::memory(name).map_err(|_| "no such place")?)),
        });
    let system = System::new()
        .node_with("spawner", spawner, listening())
        .node_with("caller", Caller::default(), plain())
        .start()
        .await
        .expect("they start");
    let caller = system.node("caller").expect("the caller");
    caller.connect(endpoint(&system.node("spawner").expect("the spawner"))).await.expect("it listens");
    let spawner = SpawnerClient::new(&caller);
    for (name, part) in [("cellar", "nobody is let"), ("attic", "its preparation panicked: bats")] {
        let error = refused(spawner.spawn_and_start(Child::new("hall", name)).await);
        assert!(error.to_string().contains(part), "{error}");
    }
    let hall = spawner.spawn_and_start(Child::new("hall", "hall").listen(any_port())).await;
    let endpoints = hall.expect("it starts").endpoints;
    assert_eq!(
        endpoints.iter().map(Endpoint::scheme).collect::<Vec<_>>(),
        [any_port().scheme(), Scheme::Memory]
    );
    system.stop().await;
}

#[tokio::test]
async fn a_spawner_whose_kinds_are_registered_wrongly_does_not_start() {
    let hall = |(): ()| Ok::<_, Error>(Caller::default());
    let check = async |spawner: Spawner, expected: &str| {
        let node = House::new(0).await.system.add("wrong", spawner, listening()).expect("it can be added");
        let Err(StartError::OnStart { reason, .. }) = node.start().await else { panic!("{expected}") };
        assert!(reason.contains(expected), "{reason}");
    };
    check(Spawner::new().kind("hall", hall).kind("hall", hall), "registered twice").await;
    check(Spawner::new().kind("a hall", hall), "no name for a kind").await;
}

//! The code for TCP as it runs on tokio, on a network of turmoil's: hosts that crash and come back, partitions, packets
//! that are held back; the same way for the same seed.

use std::cell::RefCell;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use systemge::client::RequestError;
use systemge::config::{Endpoint, NodeConfig};
use systemge::payload::Never;
use systemge::prelude::*;
use systemge::transport::{Address, Channel, Incoming, Listener, Transport};
use tokio::time::Instant;
use turmoil::net::{TcpListener, TcpStream};

/// TCP of turmoil's, in place of that of the system.
struct Simulated;

struct Listening(TcpListener, SocketAddr);

struct Knocking(TcpStream, SocketAddr);

impl Transport for Simulated {
    fn listen<'a>(
        &'a self,
        _: &'a str,
        endpoint: &'a Endpoint,
    ) -> BoxFuture<'a, io::Result<Box<dyn Listener>>> {
        async move {
            let socket = TcpListener::bind((IpAddr::from(Ipv4Addr::UNSPECIFIED), endpoint.port())).await?;
            let address = socket.local_addr()?;
            Ok(Box::new(Listening(socket, address)) as Box<dyn Listener>)
        }
        .boxed()
    }

    fn dial<'a>(&'a self, _: &'a str, endpoint: &'a Endpoint) -> BoxFuture<'a, io::Result<Channel>> {
        async move {
            let stream = TcpStream::connect((endpoint.host(), endpoint.port())).await?;
            let address = stream.peer_addr()?;
            Ok(Channel::new(stream, Address::Socket(address)))
        }
        .boxed()
    }
}

impl Listener for Listening {
    fn endpoint(&self) -> Endpoint {
        Endpoint::tcp(self.1)
    }

    fn accept(&mut self) -> BoxFuture<'_, io::Result<Box<dyn Incoming>>> {
        async move {
            let (stream, address) = self.0.accept().await?;
            Ok(Box::new(Knocking(stream, address)) as Box<dyn Incoming>)
        }
        .boxed()
    }
}

impl Incoming for Knocking {
    fn address(&self) -> Address {
        Address::Socket(self.1)
    }

    fn refuse(self: Box<Self>, last_words: &[u8]) {
        // a peer that doesn't get them has lost nothing but the reason
        let _ = self.0.try_write(last_words);
    }

    fn open(self: Box<Self>) -> BoxFuture<'static, io::Result<Channel>> {
        async move { Ok(Channel::new(self.0, Address::Socket(self.1))) }.boxed()
    }
}

#[derive(systemge::Application, Default)]
struct Echo {}

#[systemge::node]
impl Echo {
    #[topic("echo")]
    async fn echo(&self, number: u64) -> u64 {
        tokio::time::sleep(Duration::from_millis(number % 30)).await;
        number + 1
    }
}

/// An application without any component: it only calls.
#[derive(systemge::Application, Default)]
struct Caller {}

const SERVERS: [&str; 3] = ["server-0", "server-1", "server-2"];
const PORT: u16 = 7000;
const TIMEOUT: Duration = Duration::from_secs(2);
/// A request may end one tick of the connection's wheel late, and turmoil's clock goes in steps.
const LATE: Duration = Duration::from_millis(50);

fn config() -> NodeConfig {
    let mut config = NodeConfig::new();
    config.insecure = true;
    config.dial.initial_delay = Duration::from_millis(20);
    config.dial.max_delay = Duration::from_millis(200);
    config.dial.timeout = Duration::from_secs(1);
    config.keepalive.interval = Duration::from_millis(300);
    config.keepalive.timeout = Duration::from_secs(1);
    config.limits.handshake_timeout = Duration::from_secs(1);
    config
}

/// What became of the requests.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
struct Account {
    requests: u64,
    answered: u64,
    disconnected: u64,
    timed_out: u64,
    nobody: u64,
    /// Whether everybody was connected in the end.
    healed: bool,
}

impl Account {
    fn count(&mut self, number: u64, result: &Result<u64, RequestError<Never>>) {
        match result {
            Ok(response) => {
                assert_eq!(*response, number + 1, "the response to another request");
                self.answered += 1;
            }
            Err(RequestError::Disconnected) => self.disconnected += 1,
            Err(RequestError::Timeout(_)) => self.timed_out += 1,
            Err(RequestError::NoHandler { .. }) => self.nobody += 1,
            Err(other) => panic!("a request must not end so: {other}"),
        }
    }
}

/// Asks until the network has been whole for a while.
async fn ask(account: Rc<RefCell<Account>>, end: Duration) {
    let mut config = config();
    for server in SERVERS {
        config = config.connect(format!("tcp://{server}:{PORT}").parse::<Endpoint>().expect("an endpoint"));
    }
    let system =
        System::new().__transport(Arc::new(Simulated)).node_with("caller", Caller::default(), config);
    let running = system.start().await.expect("it starts");
    let node = running.node("caller").expect("the node").clone();
    let client = EchoClient::new(&node);
    let mut number = 0;
    while turmoil::elapsed() < end {
        number += 1;
        let began = Instant::now();
        if number % 2 == 0 {
            let result = client.clone().any().echo(number).timeout(TIMEOUT).await;
            account.borrow_mut().count(number, &result);
        } else {
            let asked = systemge::testing::providers(&node, "echo");
            match client.echo(number).timeout(TIMEOUT).all().await {
                Ok(outcomes) => {
                    let mut names: Vec<_> = outcomes.iter().map(|outcome| outcome.node.clone()).collect();
                    names.sort_unstable();
                    let mut expected = asked.clone();
                    expected.sort_unstable();
                    assert_eq!(names, expected, "one outcome of each node that was asked");
                    for outcome in outcomes {
                        account.borrow_mut().count(number, &outcome.result);
                    }
                }
                Err(error) => account.borrow_mut().count(number, &Err(error)),
            }
        }
        let took = began.elapsed();
        assert!(took <= TIMEOUT + LATE, "request {number} took {took:?}");
        account.borrow_mut().requests += 1;
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    account.borrow_mut().healed = node.connected_to().len() == SERVERS.len();
    running.stop().await;
}

/// One run: six seconds of faults, then four in which everything has to come back.
fn run(seed: u64) -> Account {
    let (faults, end) = (Duration::from_secs(6), Duration::from_secs(10));
    // what the nodes choose at random, beside what turmoil does
    fastrand::seed(seed);
    let mut builder = turmoil::Builder::new();
    builder
        .rng_seed(seed)
        .simulation_duration(Duration::from_secs(60))
        .min_message_latency(Duration::from_millis(1))
        .max_message_latency(Duration::from_millis(20))
        .tcp_capacity(1024);
    let mut sim = builder.build();
    for server in SERVERS {
        sim.host(server, move || async move {
            let endpoint: Endpoint = format!("tcp://0.0.0.0:{PORT}").parse()?;
            let config = config().listen(endpoint);
            let system =
                System::new().__transport(Arc::new(Simulated)).node_with(server, Echo::default(), config);
            let running = system.start().await?;
            running.finished().await;
            Ok(())
        });
    }
    let account = Rc::<RefCell<Account>>::default();
    let asking = account.clone();
    sim.client("caller", async move {
        ask(asking, end).await;
        Ok(())
    });
    let mut random = fastrand::Rng::with_seed(seed);
    let mut next = Duration::from_millis(500);
    let mut down = None;
    let mut healed = false;
    while !sim.step().expect("nobody fails") {
        let now = sim.elapsed();
        if now >= faults && !healed {
            healed = true;
            if let Some(server) = down.take() {
                sim.bounce(server);
            }
            for server in SERVERS {
                sim.repair("caller", server);
                sim.release("caller", server);
            }
        }
        if healed || now < next {
            continue;
        }
        next = now + Duration::from_millis(random.u64(100..700));
        let server = SERVERS[random.usize(0..SERVERS.len())];
        match random.u8(0..6) {
            0 => sim.partition("caller", server),
            1 => sim.repair("caller", server),
            2 => sim.hold("caller", server),
            3 => sim.release("caller", server),
            _ => match down.take() {
                Some(gone) => sim.bounce(gone),
                None => {
                    sim.crash(server);
                    down = Some(server);
                }
            },
        }
    }
    account.take()
}

#[test]
fn on_tcp_every_request_is_accounted_for_and_everybody_is_found_again() {
    let mut sum = Account::default();
    for seed in 0..5 {
        let account = run(seed);
        assert!(account.healed, "seed {seed}: not everybody is connected again: {account:?}");
        assert!(account.requests > 100, "seed {seed}: {account:?}");
        sum.answered += account.answered;
        sum.disconnected += account.disconnected;
        sum.timed_out += account.timed_out;
    }
    // the faults were felt; keepalive ends what would else time out
    assert!(sum.answered > 1000 && sum.disconnected > 5 && sum.timed_out == 0, "{sum:?}");
}

#[test]
fn the_same_seed_is_the_same_run() {
    assert_eq!(run(3), run(3));
}

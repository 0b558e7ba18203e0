//! Requests while providers come and go.

use std::collections::{BTreeMap, HashSet};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

use reliability::child::{RemoteClient, Remotely};
use reliability::figures::{Figures, Scale};
use systemge::Error;
use systemge::client::{Outcome, RequestError};
use systemge::config::{Endpoint, NodeConfig};
use systemge::payload::Never;
use systemge::prelude::*;

pub(crate) const CLAIM: &str = "Every request is accounted for while its providers, processes of their own, are killed \
                                (kill -9) or stopped and started again every few hundred milliseconds: it ends in \
                                time, with exactly one outcome per node that was asked, and no response is wrong.";

/// An application without any component: it only calls.
#[derive(systemge::Application, Default)]
struct Caller {}

const PROVIDERS: usize = 4;
const WORKERS: u64 = 48;
const TIMEOUT: Duration = Duration::from_secs(10);

pub(crate) async fn run(scale: Scale, figures: &mut Figures) {
    if let Err(error) = account(scale.pick(4_000, 100_000), figures).await {
        figures.check("the proof", error, "runs", false);
    }
}

/// What became of requests.
#[derive(Default)]
struct Account {
    ended: u64,
    /// Requests that did not end in time.
    lost: u64,
    /// Requests with two outcomes of one node, or with none at all.
    miscounted: u64,
    /// Responses that were not those to their requests.
    wrong: u64,
    longest: Duration,
    kinds: BTreeMap<&'static str, u64>,
}

impl Account {
    fn count(&mut self, number: u64, result: &Result<u64, RequestError<Never>>) {
        let kind = match result {
            Ok(response) => {
                self.wrong += u64::from(*response != number.rotate_left(7) ^ 0x5EED);
                "responses"
            }
            Err(RequestError::NoHandler { .. }) => "nobody was connected",
            Err(RequestError::Disconnected) => "disconnected",
            Err(RequestError::Refused(_)) => "refused",
            Err(RequestError::Cancelled) => "cancelled",
            Err(RequestError::Timeout(_)) => "timed out",
            Err(_) => "other errors",
        };
        *self.kinds.entry(kind).or_default() += 1;
    }

    fn count_all(&mut self, number: u64, outcomes: &[Outcome<u64, Never>]) {
        let mut nodes = HashSet::new();
        let once = outcomes.iter().all(|outcome| nodes.insert(outcome.node.clone()));
        self.miscounted += u64::from(!once || outcomes.is_empty());
        for outcome in outcomes {
            self.count(number, &outcome.result);
        }
    }

    fn add(&mut self, other: Self) {
        self.ended += other.ended;
        self.lost += other.lost;
        self.miscounted += other.miscounted;
        self.wrong += other.wrong;
        self.longest = self.longest.max(other.longest);
        for (kind, count) in other.kinds {
            *self.kinds.entry(kind).or_default() += count;
        }
    }
}

/// Asks in all the ways there are, until all numbers have been taken.
async fn ask(node: Node, next: Arc<AtomicU64>, requests: u64) -> Account {
    let client = RemoteClient::new(&node);
    let any = client.clone().any();
    let mut account = Account::default();
    loop {
        let number = next.fetch_add(1, Relaxed);
        if number >= requests {
            return account;
        }
        let started = Instant::now();
        let asking = async {
            match number % 5 {
                0 | 1 => account.count(number, &any.work(number).timeout(TIMEOUT).await),
                2 => {
                    let named = client.clone().to(format!("provider-{}", number as usize % PROVIDERS));
                    account.count(number, &named.work(number).timeout(TIMEOUT).await);
                }
                3 => match client.work(number).timeout(TIMEOUT).all().await {
                    Ok(outcomes) => account.count_all(number, &outcomes),
                    Err(error) => account.count(number, &Err(error)),
                },
                _ => {
                    let mut stream = client.work(number).timeout(TIMEOUT).stream();
                    let mut outcomes = Vec::new();
                    while let Some(outcome) = stream.next().await {
                        outcomes.push(outcome);
                    }
                    account.count_all(number, &outcomes);
                }
            }
        };
        let in_time = tokio::time::timeout(TIMEOUT + Duration::from_secs(1), asking).await.is_ok();
        account.ended += u64::from(in_time);
        account.lost += u64::from(!in_time);
        account.longest = account.longest.max(started.elapsed());
        if account.kinds.get("nobody was connected").is_some_and(|count| count % 10 == 9) {
            // who asks nobody has its answer at once, and must not use all the numbers up
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }
}

/// Ends a provider and starts it again, one after the other, for as long as requests go on.
async fn come_and_go(
    program: &Path,
    providers: &mut [(Remotely, Endpoint)],
    counts: &mut [u64; 2],
) -> std::io::Result<()> {
    for round in 0.. {
        let place = round % providers.len();
        let (process, endpoint) = &mut providers[place];
        let kill = round % 3 != 2;
        counts[usize::from(kill)] += 1;
        process.again(program, &format!("provider-{place}"), endpoint, kill).await?;
        // the pace of the trouble
        tokio::time::sleep(Duration::from_millis(100 + 50 * (round as u64 % 5))).await;
    }
    Ok(())
}

async fn account(requests: u64, figures: &mut Figures) -> Result<()> {
    let program = std::env::current_exe()?;
    let mut config = NodeConfig::new();
    config.dial.initial_delay = Duration::from_millis(10);
    config.dial.max_delay = Duration::from_millis(50);
    let mut providers = Vec::new();
    for place in 0..PROVIDERS {
        let mut process =
            Remotely::start(&program, &format!("provider-{place}"), &"tcp://127.0.0.1:0".parse()?)?;
        let endpoint = process.endpoint().await?;
        config.connect.push(endpoint.clone().into());
        providers.push((process, endpoint));
    }
    let running = System::new().node_with("caller", Caller::default(), config).start().await?;
    let node = running.node("caller").ok_or_else(|| Error::message("no such node"))?;
    node.wait_for_provider("work", Duration::from_secs(10)).await;
    let next = Arc::<AtomicU64>::default();
    let started = Instant::now();
    let mut workers = tokio::task::JoinSet::new();
    for _ in 0..WORKERS {
        workers.spawn(ask(node.clone(), next.clone(), requests));
    }
    let mut counts = [0; 2];
    let mut sum = Account::default();
    let working = async {
        while let Some(account) = workers.join_next().await {
            sum.add(account.map_err(std::io::Error::other)?);
        }
        std::io::Result::Ok(())
    };
    tokio::select! {
        done = working => done?,
        done = come_and_go(&program, &mut providers, &mut counts) => done?,
    }
    let took = started.elapsed();
    let [stopped, killed] = counts;
    figures.check("requests accounted for", sum.ended, requests, sum.ended == requests && sum.lost == 0);
    figures.check("with two outcomes of a node, or none", sum.miscounted, 0, sum.miscounted == 0);
    figures.check("wrong responses", sum.wrong, 0, sum.wrong == 0);
    for (kind, count) in &sum.kinds {
        figures.note(format!("outcomes: {kind}"), count);
    }
    figures.note("providers killed, stopped", format!("{killed}, {stopped}"));
    figures.note("one of them every", format!("{:?}", took / u32::try_from(killed + stopped).unwrap_or(1).max(1)));
    figures.check(
        "longest request",
        format!("{:?}", sum.longest),
        format!("at most its timeout of {TIMEOUT:?} and a second"),
        sum.longest <= TIMEOUT + Duration::from_secs(1),
    );
    let late = node.counters().late;
    figures.note("responses that nobody waited for any more", late);
    running.stop().await;
    Ok(())
}

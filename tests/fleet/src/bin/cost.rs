//! What the dashboard costs: the processor time of ten nodes under load without it, with it and nobody watching, and
//! with three pages that watch. `cost [SECONDS [ROUNDS [RATE]]]`; the pages are processes of their own.

use std::io::Write as _;
use std::net::SocketAddr;
use std::process::Stdio;
use std::time::Duration;

use systemge::config::DashboardConfig;
use systemge::prelude::*;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::process::{Child, Command};

/// The queries of the pages: the fleet, the topology, a node.
const PAGES: [&str; 3] = ["", "?topology=true", "?node=orders"];

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let first = arguments.next();
    if first.as_deref() == Some("watch") {
        let address = arguments.next().unwrap_or_default().parse()?;
        return watch(address, &arguments.next().unwrap_or_default()).await;
    }
    let seconds = first.map_or(Ok(10), |seconds| seconds.parse())?;
    let rounds = arguments.next().map_or(Ok(5), |rounds| rounds.parse::<usize>())?;
    let rate = arguments.next().map_or(Ok(500), |rate| rate.parse())?;
    let mut shares: [Vec<f64>; 3] = Default::default();
    for _ in 0..rounds {
        // by turns, so that whatever else the machine does strikes all alike
        for (kind, shares) in shares.iter_mut().enumerate() {
            shares.push(measure(kind, rate, Duration::from_secs(seconds)).await?);
        }
    }
    let [without, unwatched, watched] = shares.map(median);
    let mut output = std::io::stdout().lock();
    writeln!(output, "without dashboard   {:6.3} % of a core", without * 100.0)?;
    writeln!(
        output,
        "nobody watches      {:6.3} % of a core, {:+.3}",
        unwatched * 100.0,
        (unwatched - without) * 100.0
    )?;
    writeln!(
        output,
        "three pages watch   {:6.3} % of a core, {:+.3}",
        watched * 100.0,
        (watched - without) * 100.0
    )?;
    Ok(())
}

/// The share of a core that the system takes.
async fn measure(kind: usize, rate: u64, time: Duration) -> Result<f64> {
    let mut system = fleet::system(rate)?;
    if kind > 0 {
        let mut dashboard = DashboardConfig::default();
        dashboard.listen = ([127, 0, 0, 1], 0).into();
        system = system.dashboard_with(dashboard);
    }
    let system = system.start().await?;
    let mut pages: Vec<Child> = Vec::new();
    if let (2, Some(address)) = (kind, system.dashboard_address()) {
        for page in PAGES {
            let mut command = Command::new(std::env::current_exe()?);
            command.args(["watch", &address.to_string(), page]).stdout(Stdio::null()).kill_on_drop(true);
            pages.push(command.spawn()?);
        }
    }
    tokio::time::sleep(Duration::from_secs(2)).await;
    let (before, began) = (processor_time()?, std::time::Instant::now());
    tokio::time::sleep(time).await;
    let share = (processor_time()? - before) as f64 / began.elapsed().as_nanos() as f64;
    drop(pages);
    system.stop().await;
    Ok(share)
}

/// A page that watches, without a browser.
async fn watch(address: SocketAddr, query: &str) -> Result<()> {
    let mut stream = TcpStream::connect(address).await?;
    stream
        .write_all(format!("GET /api/events{query} HTTP/1.1\r\nhost: {address}\r\n\r\n").as_bytes())
        .await?;
    let mut buffer = vec![0; 64 * 1024];
    while stream.read(&mut buffer).await? > 0 {}
    Ok(())
}

/// Nanoseconds that the threads of this process have run (Linux, `/proc/self/task/*/schedstat`).
fn processor_time() -> Result<u64> {
    let mut sum = 0;
    for task in std::fs::read_dir("/proc/self/task")? {
        let stat = std::fs::read_to_string(task?.path().join("schedstat"))?;
        sum += stat.split(' ').next().unwrap_or_default().parse::<u64>()?;
    }
    Ok(sum)
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

//! Runs the shop with its dashboard: `fleet [ADDRESS [RATE [TOKEN [READ_ONLY_TOKEN]]]]`.

use systemge::config::{DashboardConfig, Secret};
use systemge::prelude::*;

#[tokio::main]
async fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let mut dashboard = DashboardConfig::default();
    if let Some(address) = arguments.next() {
        dashboard.listen = address.parse()?;
    }
    let rate = arguments.next().map_or(Ok(1000), |rate| rate.parse())?;
    dashboard.token = arguments.next().map(Secret::new);
    dashboard.read_only_token = arguments.next().map(Secret::new);
    fleet::system(rate)?.dashboard_with(dashboard).run().await
}

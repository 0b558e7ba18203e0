//! A node of a program that calls systemge `net`.

/// A payload.
#[net::payload]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ping {
    /// Counts.
    pub number: u32,
}

/// A node.
#[derive(net::Application, Debug)]
pub struct Echo;

#[net::node]
impl Echo {
    /// Sends back what it gets.
    #[topic("ping")]
    pub async fn ping(&self, ping: Ping, ctx: &net::Context) -> Ping {
        let _ = ctx;
        ping
    }
}

#[net::commands]
impl Echo {
    #[command("shout")]
    fn shout(&self, text: String) -> String {
        text.to_uppercase()
    }
}

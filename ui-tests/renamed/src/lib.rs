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

/// A payload that stays in this module, in a node that doesn't.
#[net::payload]
#[derive(Debug)]
struct Secret {
    value: u8,
}

/// An error that stays in this module.
#[derive(Debug)]
struct Trouble;

impl std::fmt::Display for Trouble {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("trouble")
    }
}

/// A node.
#[derive(net::Application, Debug)]
pub struct Vault;

#[net::node]
impl Vault {
    /// Shows nothing.
    #[topic("show")]
    pub async fn show(&self) -> u8 {
        0
    }

    #[topic("hide", oneway)]
    async fn hide(&self, secret: Secret) -> Result<(), Trouble> {
        let _ = secret.value;
        Err(Trouble)
    }

    #[topic("keep")]
    async fn keep(&self, secrets: Vec<Secret>) -> Secret {
        secrets.into_iter().next().unwrap_or(Secret { value: 0 })
    }
}

/// A contract of this program.
#[net::contract]
pub trait Chat {
    /// Says something.
    #[topic("say")]
    async fn say(&self, text: String);
}

/// Handles a contract of its own, and one of a crate that calls systemge by its name.
#[derive(net::Application, Debug)]
#[application(handles(Chat, contract::Game), calls(Chat))]
pub struct Table;

#[net::node]
impl Chat for Table {
    async fn say(&self, text: String, ctx: &net::Context<Self>) {
        let _ = ChatClient::new(ctx).say(text);
    }
}

#[net::node]
impl contract::Game for Table {
    async fn play(&self, mv: contract::Move) -> Result<u32, String> {
        Ok(mv.from.into())
    }

    async fn resign(&self) {}

    fn always(&self) -> Result<(), String> {
        Ok(())
    }

    async fn old(&self) -> u8 {
        0
    }
}

//! `#[cfg]` on handlers, hooks, commands and blocks: on and off, with types that exist only then.

const NAME: &str = "constant";

#[cfg(any())]
compile_error!("never");

#[derive(systemge::Application, Default)]
struct Conditional {
    started: bool,
}

#[systemge::node]
impl Conditional {
    #[cfg(any())]
    #[topic("sometimes")]
    async fn off(&mut self, value: Missing) -> Missing {
        value
    }

    #[cfg(all())]
    #[topic("sometimes")]
    async fn on(&self, value: u8) -> u8 {
        value
    }

    #[topic(NAME)]
    #[cfg_attr(all(), cfg(all()), doc = "By a constant.")]
    async fn constant(&self) {}

    #[topic(names::MORE)]
    async fn path(&self) {}

    #[cfg(all())]
    #[on_start]
    async fn start(&mut self) {
        self.started = true;
    }

    #[cfg(any())]
    #[on_start]
    async fn start(&mut self, ctx: &systemge::Context<Missing>) {}
}

mod names {
    pub(super) const MORE: &str = "more";
}

#[systemge::commands]
impl Conditional {
    #[cfg(any())]
    #[command("go")]
    fn off(&self, missing: Missing) {}

    #[command("go")]
    #[cfg(all())]
    fn go(&self) -> String {
        String::new()
    }
}

#[derive(systemge::Application)]
struct Absent;

#[systemge::node]
#[cfg(any())]
impl Absent {
    #[topic("x")]
    async fn x(&self, missing: Missing) {}
}

#[cfg(any())]
#[systemge::commands]
impl Absent {
    #[command("x")]
    fn x(&self, missing: Missing) {}
}

fn call(ctx: &systemge::Context) {
    let client = ConditionalClient::new(ctx);
    let _ = (client.on(1), client.constant(), client.path());
}

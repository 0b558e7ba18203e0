//! `#[cfg]` on handlers, hooks, commands and blocks: on and off, with types that exist only then.

const NAME: &str = "constant";

#[cfg(not(test))]
compile_error!("never");

#[derive(systemge::Application, Default)]
struct Conditional {
    started: bool,
}

#[systemge::node]
impl Conditional {
    #[cfg(not(test))]
    #[topic("sometimes")]
    async fn off(&mut self, value: Missing) -> Missing {
        value
    }

    #[cfg(test)]
    #[topic("sometimes")]
    async fn on(&self, value: u8) -> u8 {
        value
    }

    #[topic(NAME)]
    #[cfg_attr(test, cfg(test), doc = "By a constant.")]
    async fn constant(&self) {}

    #[topic(names::MORE)]
    async fn path(&self) {}

    #[cfg(test)]
    #[on_start]
    async fn start(&mut self) {
        self.started = true;
    }

    #[cfg(not(test))]
    #[on_start]
    async fn start(&mut self, ctx: &systemge::Context<Missing>) {}
}

mod names {
    pub(super) const MORE: &str = "more";
}

#[systemge::commands]
impl Conditional {
    #[cfg(not(test))]
    #[command("go")]
    fn off(&self, missing: Missing) {}

    #[command("go")]
    #[cfg(test)]
    fn go(&self) -> String {
        String::new()
    }
}

#[derive(systemge::Application)]
struct Absent;

#[systemge::node]
#[cfg(not(test))]
impl Absent {
    #[topic("x")]
    async fn x(&self, missing: Missing) {}
}

#[cfg(not(test))]
#[systemge::commands]
impl Absent {
    #[command("x")]
    fn x(&self, missing: Missing) {}
}

fn call(ctx: &systemge::Context) {
    let client = ConditionalClient::new(ctx);
    let _ = (client.on(1), client.constant(), client.path());
}

//! A framework that exports systemge under a path of its own.

pub(crate) use ::systemge as framework;

#[framework::payload(crate = crate::elsewhere::framework)]
#[derive(Clone)]
struct Cell {
    alive: bool,
}

#[derive(framework::Application)]
#[application(crate = crate::elsewhere::framework)]
struct Board {
    cell: Cell,
}

#[framework::node(crate = crate::elsewhere::framework, client = Caller)]
impl Board {
    #[topic("get")]
    async fn get(&self) -> Cell {
        let _ = self.cell.alive;
        self.cell.clone()
    }
}

#[framework::commands(crate = crate::elsewhere::framework)]
impl Board {
    #[command("go")]
    fn go(&self, number: u8) -> u8 {
        number
    }
}

fn call(ctx: &framework::Context) {
    let _ = Caller::new(ctx).get();
}

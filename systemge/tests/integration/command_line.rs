//! The command line of a running system.

use systemge::prelude::*;

use crate::support::listening;

#[derive(systemge::Application, Default)]
struct Lamp {
    on: bool,
}

#[systemge::commands]
impl Lamp {
    /// Switches the lamp.
    #[command("switch")]
    async fn switch(&mut self, on: bool, color: Option<String>) -> Result<String> {
        self.on = on;
        let color = color.unwrap_or_else(|| "white".to_owned());
        Ok(if on { format!("{color} light") } else { "dark".to_owned() })
    }

    /// Breaks.
    #[command("break")]
    async fn break_it(&self) {
        panic!("glass everywhere");
    }

    #[command("sum")]
    async fn sum(&self, numbers: Vec<i64>) -> i64 {
        numbers.iter().sum()
    }
}

#[derive(systemge::Application, Default)]
struct Door {}

#[systemge::commands]
impl Door {
    /// Opens the door.
    #[command("open")]
    async fn open(&self) {}
}

async fn house() -> systemge::Running {
    System::new()
        .node_with("kitchen", Lamp::default(), listening())
        .node_with("hall", Lamp::default(), listening())
        .node_with("door", Door::default(), listening())
        .start()
        .await
        .expect("the nodes start")
}

#[tokio::test]
async fn lines_are_carried_out_or_say_why_not() {
    let house = house().await;
    let check = async |line: &str, expected: Result<&str, &str>| match (house.execute(line).await, expected) {
        (Ok(shown), Ok(expected)) => assert_eq!(shown, expected, "{line}"),
        (Err(error), Err(expected)) => assert_eq!(error.to_string(), expected, "{line}"),
        (got, _) => panic!("{line}: {got:?}"),
    };
    check("", Ok("")).await;
    check("@kitchen switch true", Ok("white light")).await;
    check("@kitchen switch true \"warm white\"", Ok("warm white light")).await;
    check("@hall switch false", Ok("dark")).await;
    check("@hall sum 1 2 39", Ok("42")).await;
    check("open", Ok("")).await;
    check(
        "@hall switch maybe",
        Err("`maybe` is not a valid `on`: provided string was not `true` or `false`; usage: switch <on> [color]"),
    )
    .await;
    check("@hall switch", Err("the argument `on` is missing; usage: switch <on> [color]")).await;
    check("@hall switch true red now", Err("`now` is one argument too many; usage: switch <on> [color]"))
        .await;
    check("@hall break", Err("the command panicked: glass everywhere")).await;
    check(
        "switch true",
        Err("more than one node has the command `switch`; say which: @kitchen switch, @hall switch"),
    )
    .await;
    check(
        "@hall swich true",
        Err("there is no command `swich`; did you mean `switch`?; `help` lists what there is"),
    )
    .await;
    check("@cellar open", Err("there is no node `cellar`; there are: kitchen, hall, door")).await;
    check("@hall", Err("say what the node shall do: `@node command arguments`")).await;
    check("say \"x", Err("the quote \" is not closed")).await;
    check("commands door", Ok("@door open  Opens the door.")).await;
    check("stop hall", Ok("hall is stopped")).await;
    check("@hall switch true", Err("the node `hall` is not running")).await;
    check("start @hall", Ok("hall is running")).await;
    check("@hall switch true", Ok("white light")).await;
    check("restart kitchen hall", Ok("kitchen is running\nhall is running")).await;
    let nodes = house.execute("nodes").await.expect("a list");
    assert!(nodes.lines().count() == 3 && nodes.contains("kitchen  running"), "{nodes}");
    assert!(house.execute("help").await.expect("help").contains("@NODE"));
    check("exit now", Err("`exit` takes nothing more")).await;
    check("exit", Ok("stopping")).await;
    house.finished().await;
    house.stop().await;
}

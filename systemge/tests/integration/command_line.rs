//! The command line of a running system.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::time::Duration;

use systemge::LineError;
use systemge::prelude::*;

use crate::support::{any_port, plain, scheme, until};

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
        .node_with("kitchen", Lamp::default(), plain().listen(any_port()))
        .node_with("hall", Lamp::default(), plain().listen(any_port()))
        .node_with("door", Door::default(), plain().listen(any_port()))
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
    check("stop hall", Ok("stopped")).await;
    check("@hall switch true", Err("the node `hall` is not running")).await;
    check("start @hall", Ok("running")).await;
    check("@hall switch true", Ok("white light")).await;
    check("restart kitchen hall", Ok("kitchen: running\nhall: running")).await;
    let nodes = house.execute("nodes").await.expect("a list");
    assert!(nodes.lines().count() == 3 && nodes.contains("kitchen  running"), "{nodes}");
    assert!(house.execute("help").await.expect("help").contains("@NODE"));
    check("exit now", Err("`exit` takes nothing more")).await;
    check("exit", Ok("stopping")).await;
    house.finished().await;
    house.stop().await;
}

#[tokio::test]
async fn several_nodes_take_their_turn_and_one_that_fails_keeps_no_other_from_it() {
    let house = house().await;
    let execute = async |line: &str| match house.execute(line).await {
        Ok(answer) => answer,
        Err(LineError::Several { answers, failed }) => format!("{answers}\n{failed} failed"),
        Err(error) => format!("error: {error}"),
    };
    assert_eq!(execute("@kitchen,@hall switch true").await, "kitchen: white light\nhall: white light");
    assert_eq!(execute("!@kitchen,hall sum 1 2").await, "hall: 3\nkitchen: 3");
    assert_eq!(execute("! @k*,h* sum 1 2").await, "hall: 3\nkitchen: 3");
    assert_eq!(execute("@hall,@*,@kitchen stop").await, "hall: stopped\nkitchen: stopped\ndoor: stopped");
    assert_eq!(execute("!start").await, "door: running\nhall: running\nkitchen: running");
    let failed = execute("@*,@hall sum 7").await;
    assert_eq!(
        failed,
        "kitchen: 7\nhall: 7\ndoor: there is no command `sum`; `help` lists what there is\n1 failed"
    );
    assert_eq!(
        execute("@kitchen,@celar sum 1").await,
        "error: there is no node `celar`; there are: kitchen, hall, door"
    );
    assert_eq!(execute("@x* sum 1").await, "error: there is no node `x*`; there are: kitchen, hall, door");
    let several_lines = execute("@kitchen,@hall access").await;
    assert!(several_lines.starts_with(&format!("kitchen: {}://127.0.0.1:", scheme())), "{several_lines}");
    house.stop().await;
}

#[tokio::test]
async fn an_applications_own_command_goes_before_the_one_that_every_node_has() {
    #[derive(systemge::Application, Default)]
    struct Club {}

    #[systemge::commands]
    impl Club {
        /// The peers of the realm.
        ///
        /// All of them.
        #[command("peers")]
        async fn peers(&self) -> &'static str {
            "dukes and earls"
        }
    }

    let system = System::new()
        .node_with("club", Club::default(), plain().listen(any_port()))
        .node_with("door", Door::default(), plain().listen(any_port()))
        .start()
        .await
        .expect("the nodes start");
    let execute = async |line: &str| system.execute(line).await.map_err(|error| error.to_string());
    assert_eq!(execute("@club peers").await, Ok("dukes and earls".to_owned()));
    assert_eq!(execute("peers").await, Ok("dukes and earls".to_owned()));
    assert_eq!(execute("@door peers").await, Ok("there are no peers".to_owned()));
    let club = system.node("club").expect("the node");
    let own: Vec<_> = club.commands().into_iter().filter(|command| command.name == "peers").collect();
    assert!(matches!(&own[..], [only] if !only.built_in));
    let help = execute("help peers").await.expect("help");
    assert!(help.starts_with("peers\n  The peers of the realm.\n  \n  All of them."), "{help}");
    assert!(help.contains("Shows the nodes that this node has dialled"), "{help}");
    let ambiguous = execute("access").await.expect_err("both have it");
    assert!(ambiguous.contains("@club access, @door access"), "{ambiguous}");
    let commands = execute("commands").await.expect("a list");
    assert!(commands.contains("@club peers") && commands.contains("@NODE connect <endpoint>"), "{commands}");
    assert_eq!(commands.lines().count(), 2 + 10, "{commands}");
    let of_door = execute("commands door").await.expect("a list");
    assert!(of_door.lines().all(|line| line.starts_with("@door ")), "{of_door}");
    system.stop().await;
}

#[tokio::test]
async fn every_node_shows_and_changes_its_peers_topics_and_lists() {
    #[derive(systemge::Application, Default)]
    struct Bell {}

    #[systemge::node]
    impl Bell {
        #[topic("ring", oneway)]
        async fn ring(&self) {}

        #[topic("tone")]
        async fn tone(&self) -> u32 {
            440
        }
    }

    let house = System::new()
        .node_with("bell", Bell::default(), plain().listen(any_port()))
        .node_with("door", Door::default(), plain().listen(any_port()))
        .start()
        .await
        .expect("the nodes start");
    let bell = house.node("bell").expect("the bell");
    let at = bell.endpoints()[0].clone();
    let execute = async |line: String| house.execute(&line).await.map_err(|error| error.to_string());
    let ok = async |line: String, expected: String| assert_eq!(execute(line).await, Ok(expected));

    ok(format!("@door connect {at}"), "connected to bell".to_owned()).await;
    ok("@door peers".to_owned(), format!("{at}  connected to bell")).await;
    ok("@bell peers".to_owned(), "door  has dialled this node".to_owned()).await;
    ok("@bell topics".to_owned(), "ring  message\ntone  request".to_owned()).await;
    ok("@door topics".to_owned(), "ring  at bell\ntone  at bell".to_owned()).await;
    ok("@bell withdraw ring".to_owned(), "ring is withdrawn".to_owned()).await;
    ok("@bell withdraw ring".to_owned(), "ring is withdrawn already".to_owned()).await;
    ok("@bell topics".to_owned(), "ring  message, withdrawn\ntone  request".to_owned()).await;
    until(|| house.node("door").expect("the door").counters().sent == 0 && bell.topics().len() == 1).await;
    ok("@bell announce ring".to_owned(), "ring is announced".to_owned()).await;
    let unknown = execute("@bell announce wring".to_owned()).await.expect_err("no such topic");
    assert!(unknown.contains("`wring`"), "{unknown}");

    ok("@bell access".to_owned(), format!("{at}  allows everyone  denies nobody")).await;
    ok("@bell deny add 10.0.0.0/8".to_owned(), format!("{at}  10.0.0.0/8 added to the list `deny`")).await;
    ok(format!("@bell allow add 127.0.0.1 {at}"), format!("{at}  127.0.0.1/32 added to the list `allow`"))
        .await;
    ok("@bell access".to_owned(), format!("{at}  allows 127.0.0.1/32  denies 10.0.0.0/8")).await;
    ok("@bell deny remove 10.0.0.0/8".to_owned(), format!("{at}  10.0.0.0/8 removed from the list `deny`"))
        .await;
    ok("@bell deny remove 10.0.0.0/8".to_owned(), format!("{at}  10.0.0.0/8 not in the list `deny`")).await;
    let wrong = execute("@bell deny more 10.0.0.0/8".to_owned()).await.expect_err("a wrong word");
    assert!(wrong.contains("it is `add` or `remove`"), "{wrong}");
    let wrong = execute("@bell deny add 10.0.0.0/33".to_owned()).await.expect_err("no network");
    assert!(wrong.contains("`10.0.0.0/33` is not a valid `addresses`"), "{wrong}");
    let elsewhere = execute("@bell deny add 10.0.0.0/8 tcp://127.0.0.1:1".to_owned()).await;
    assert!(elsewhere.expect_err("it is not there").contains("does not listen on tcp://127.0.0.1:1"));

    let metrics = execute("@door metrics".to_owned()).await.expect("a list");
    assert!(metrics.lines().any(|line| line == "sent  0"), "{metrics}");

    ok(format!("@door disconnect {at}"), format!("{at} is no longer dialled")).await;
    let again = execute(format!("@door disconnect {at}")).await.expect_err("it is not dialled");
    assert!(again.contains("is not dialled"), "{again}");
    ok("@door peers".to_owned(), "there are no peers".to_owned()).await;
    let nobody = execute(format!("@door connect {}", at.with_port(1))).await.expect_err("nobody listens");
    assert!(nobody.contains("cannot connect"), "{nobody}");
    house.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_line_is_carried_out_again_and_again_until_it_is_stopped() {
    #[derive(systemge::Application, Default)]
    struct Clock {
        ticks: Arc<AtomicUsize>,
    }

    #[systemge::commands]
    impl Clock {
        #[command("tick")]
        async fn tick(&self, word: String) {
            assert_eq!(word, "two  words");
            self.ticks.fetch_add(1, SeqCst);
        }

        #[command("hang")]
        async fn hang(&self) {
            std::future::pending::<()>().await;
        }
    }

    let ticks = Arc::<AtomicUsize>::default();
    let clock = Clock { ticks: ticks.clone() };
    let system =
        System::new().node_with("clock", clock, Default::default()).start().await.expect("it starts");
    let execute = async |line: &str| system.execute(line).await.map_err(|error| error.to_string());
    assert_eq!(execute("every").await, Ok("nothing is scheduled".to_owned()));
    let first = execute("every 5s @clock tick \"two  words\"").await;
    assert_eq!(first, Ok("1  every 5s  @clock tick \"two  words\"".to_owned()));
    assert_eq!(execute("every 1m wind").await, Ok("2  every 1m  wind".to_owned()));
    // the clock is paused: none of these takes any time
    tokio::time::sleep(Duration::from_millis(12_500)).await;
    assert_eq!(ticks.load(SeqCst), 2);
    tokio::time::sleep(Duration::from_secs(50)).await;
    assert_eq!(
        execute("every").await,
        Ok("1  every 5s  @clock tick \"two  words\"  (12 runs)\n2  every 1m  wind  (1 runs, 1 failed)"
            .to_owned())
    );
    assert_eq!(execute("every stop 1").await, Ok("no longer: @clock tick \"two  words\"".to_owned()));
    tokio::time::sleep(Duration::from_secs(60)).await;
    assert_eq!(ticks.load(SeqCst), 12);
    assert_eq!(execute("every stop 1").await, Err("there is no schedule 1; `every` lists them".to_owned()));
    assert_eq!(execute("every stop *").await, Ok("no longer: wind".to_owned()));
    for wrong in [
        "every 5 nodes",
        "every 1ms nodes",
        "every 5s",
        "every 5s every 5s nodes",
        "every stop x",
        "every 5s say \"x",
    ] {
        execute(wrong).await.expect_err(wrong);
    }
    for _ in 0..64 {
        execute("every 1h nodes").await.expect("there is room");
    }
    assert!(execute("every 1h nodes").await.expect_err("too many").contains("64"));
    execute("every stop *").await.expect("they are there");
    // a line that never ends keeps nobody from ending
    execute("every 1s @clock hang").await.expect("it is scheduled");
    tokio::time::sleep(Duration::from_secs(2)).await;
    system.stop().await;
}

#[tokio::test]
async fn nodes_commands_and_words_are_completed() {
    let house = house().await;
    house.execute("every 1h nodes").await.expect("it is scheduled");
    let check = |line: &str, start: usize, expected: &[&str]| {
        let completion = house.complete(line);
        assert_eq!(completion.start, start, "{line}");
        assert_eq!(completion.words, expected, "{line}");
    };
    check("no", 0, &["nodes"]);
    check("  no", 2, &["nodes"]);
    check("!st", 1, &["start", "stop"]);
    check("@", 0, &["@door", "@hall", "@kitchen"]);
    check("@k", 0, &["@kitchen"]);
    check("@hall,@d", 0, &["@hall,@door"]);
    check("@hall s", 6, &["start", "stop", "sum", "switch"]);
    check("@door op", 6, &["open"]);
    check("!@hall,@kitchen sw", 16, &["switch"]);
    check("stop h", 5, &["hall"]);
    check("stop hall @d", 10, &["@door"]);
    check("every 5s @hall sw", 15, &["switch"]);
    check("every st", 6, &["stop"]);
    check("every stop ", 11, &["1"]);
    check("help sw", 5, &["switch"]);
    check("@nobody sw", 8, &[]);
    check("nodes x", 6, &[]);
    check("@hällo ", 8, &["restart", "start", "stop"]);
    assert!(house.complete("").words.iter().any(|word| word == "@hall"));
    house.stop().await;
}

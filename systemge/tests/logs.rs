//! Log files, through a whole program: there is one subscriber in a process, so that there is one test here.
#![cfg(feature = "logging")]

use std::fs;
use std::path::Path;

use systemge::config::{NodeConfig, SystemConfig};
use systemge::prelude::*;

#[derive(systemge::Application, Default)]
struct Talker {}

#[systemge::node]
impl Talker {
    #[on_start]
    async fn start(&self, ctx: &Context) {
        let node = ctx.node_name();
        tracing::info!(node, count = 3_u64, text = "two words\n\u{1b}[31m", "hello\nfrom {node}");
        tracing::debug!(node, "a detail");
        tracing::error!("of no node");
        let span = tracing::info_span!("work", node);
        span.in_scope(|| tracing::warn!("within a span"));
        if node == "crowd" {
            for number in 0..2000 {
                tracing::info!(node, number, "one of many");
            }
        }
    }

    #[on_stop]
    async fn stop(&self, ctx: &Context) {
        tracing::info!(node = ctx.node_name(), "goodbye");
    }
}

#[derive(systemge::Application, Default)]
struct Director {}

#[systemge::node]
impl Director {
    #[on_start]
    async fn start(&self, ctx: &Context) -> Result<()> {
        let mut config = NodeConfig::new();
        let mut file = systemge::config::LogFileConfig::default();
        file.file = "logs/{node}.log".into();
        config.log_files.push(file);
        ctx.system().add("extra", Talker::default(), config)?.start().await?;
        ctx.system().remove("extra").await;
        let ctx = ctx.clone();
        tokio::spawn(async move {
            // once everybody has started
            ctx.system()
                .node("crowd")
                .expect("it was added")
                .wait_for_state(|state| *state == systemge::NodeState::Running)
                .await;
            ctx.system().exit();
        });
        Ok(())
    }
}

const CONFIG: &str = r#"
[system]
log = "off"
command_line = false

[[system.log_files]]
file = "logs/all.json"
format = "json"

[[system.log_files]]
file = "logs/errors.log"
level = "error"

[nodes.quiet]
[[nodes.quiet.log_files]]
file = "logs/quiet.log"
level = "logs=debug"

[nodes.director]

[nodes.crowd]
[[nodes.crowd.log_files]]
file = "logs/crowd.log"
max_bytes = "16KiB"
keep = 2
"#;

fn read(folder: &Path, name: &str) -> String {
    fs::read_to_string(folder.join("logs").join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

#[test]
fn log_lines_go_to_the_files_of_their_node_and_level_which_are_set_aside_when_they_are_large() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("logs-test");
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).expect("a folder for tests");
    let mut config = SystemConfig::from_toml(CONFIG, "logs.toml").expect("it is valid");
    config.folder = Some(folder.clone());
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    let system = System::from_config(config)
        .node("quiet", Talker::default())
        .node("director", Director::default())
        .node("crowd", Talker::default());
    runtime.block_on(system.run()).expect("it runs");

    // a node's file has its lines and no others, by level and by target; what a stranger sent breaks no line
    let quiet = read(&folder, "quiet.log");
    let lines: Vec<&str> = quiet.lines().map(|line| line.split_once(' ').expect("a time").1).collect();
    assert_eq!(
        lines,
        [
            r#" INFO logs: hello\nfrom quiet node=quiet count=3 text="two words\n\u{1b}[31m""#,
            "DEBUG logs: a detail node=quiet",
            " WARN logs: within a span node=quiet",
            " INFO logs: goodbye node=quiet",
        ]
    );
    // one that comes and goes has one, too
    let extra = read(&folder, "extra.log");
    assert!(extra.contains("hello\\nfrom extra") && extra.contains("goodbye node=extra"), "{extra}");
    assert!(!extra.contains("of no node") && !extra.contains("quiet"), "{extra}");

    let errors = read(&folder, "errors.log");
    assert_eq!(errors.lines().count(), 3, "{errors}");
    assert!(errors.lines().all(|line| line.ends_with("ERROR logs: of no node")), "{errors}");

    let all = read(&folder, "all.json");
    let parsed: Vec<serde_json::Value> =
        all.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("{line}"))).collect();
    let hello = parsed.iter().find(|line| line["message"] == "hello\nfrom quiet").expect("the line");
    assert_eq!(hello["fields"]["count"], 3);
    assert_eq!(hello["fields"]["node"], "quiet");
    assert_eq!(hello["level"], "INFO");
    assert!(hello["time"].as_str().is_some_and(|time| time.ends_with('Z')));

    // two were kept, each as large as it may be, and the last lines are in the youngest
    let sizes = ["crowd.log", "crowd.log.1", "crowd.log.2"].map(|name| read(&folder, name).len());
    assert!(sizes.iter().all(|size| *size <= 16 * 1024), "{sizes:?}");
    assert!(sizes[1] > 15 * 1024 && sizes[2] > 15 * 1024, "{sizes:?}");
    assert!(!folder.join("logs/crowd.log.3").exists());
    assert!(read(&folder, "crowd.log").contains("goodbye node=crowd"));
}

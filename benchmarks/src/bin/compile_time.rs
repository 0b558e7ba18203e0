//! What the macros cost in compile time: a program of 10 nodes with 20 topics each, annotated, beside the same program
//! with a `match` over the topics' names, written by hand.
//!
//! `compile_time [ROUNDS]` writes both programs beside its target directory, builds them in turn, and prints a table in
//! Markdown. What both depend on is built before anything is measured.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;
use std::{env, fs};

const NODES: usize = 10;
const TOPICS: usize = 20;

fn main() {
    let rounds: usize = env::args().nth(1).map_or(5, |rounds| rounds.parse().expect("a number of rounds"));
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let target = env::var_os("CARGO_TARGET_DIR").map_or_else(|| here.join("target"), PathBuf::from);
    let folder = target.join("compile-time");
    let systemge = here.join("../systemge").canonicalize().expect("systemge beside the benchmarks");
    let programs = [
        Program::new(&folder, "annotated", &annotated(), &format!("systemge = {{ path = {systemge:?} }}\n")),
        Program::new(
            &folder,
            "by-hand",
            &by_hand(),
            "postcard = { version = \"1.1.3\", default-features = false, features = [\"use-std\"] }\nserde = { version = \"1.0.229\", features = [\"derive\"] }\n",
        ),
    ];
    let mut figures = programs.each_ref().map(|_| [Vec::new(), Vec::new(), Vec::new()]);
    for program in &programs {
        program.build();
    }
    for round in 0..rounds {
        for (program, [clean, touched, checked]) in programs.iter().zip(&mut figures) {
            program.clean();
            clean.push(program.build());
            program.touch(round);
            touched.push(program.build());
            program.touch(rounds + round);
            program.cargo("check");
            program.touch(2 * rounds + round);
            checked.push(program.cargo("check"));
        }
    }
    println!("| {NODES} nodes × {TOPICS} topics, median of {rounds} | annotated | by hand | ratio |");
    println!("| --- | --- | --- | --- |");
    let [annotated, by_hand] = figures;
    let what = [
        "`cargo build` of the clean crate",
        "`cargo build` after a change in one handler",
        "`cargo check` after a change in one handler",
    ];
    for (what, (annotated, by_hand)) in what.iter().zip(annotated.into_iter().zip(by_hand)) {
        let (annotated, by_hand) = (median(annotated), median(by_hand));
        println!("| {what} | {annotated:.2} s | {by_hand:.2} s | {:.2} |", annotated / by_hand);
    }
}

fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures[figures.len() / 2]
}

/// A crate that is built.
struct Program {
    folder: PathBuf,
    name: &'static str,
}

impl Program {
    fn new(folder: &Path, name: &'static str, files: &[(String, String)], dependencies: &str) -> Self {
        let program = Self { folder: folder.join(name), name };
        let manifest = format!(
            "[workspace]\n[package]\nname = {name:?}\nversion = \"0.1.0\"\nedition = \"2024\"\n[dependencies]\n{dependencies}\
             tokio = {{ version = \"1.54\", features = [\"rt-multi-thread\", \"net\", \"io-util\", \"sync\", \"time\", \"macros\"] }}\n"
        );
        fs::create_dir_all(program.folder.join("src")).expect("a folder");
        fs::write(program.folder.join("Cargo.toml"), manifest).expect("a manifest");
        for (file, text) in files {
            fs::write(program.folder.join("src").join(file), text).expect("a source file");
        }
        program
    }

    /// Changes the body of one handler.
    fn touch(&self, round: usize) {
        let file = self.folder.join("src/node3.rs");
        let text = fs::read_to_string(&file).expect("a source file");
        let lines: Vec<String> = text
            .lines()
            .map(|line| match line.split_once("// changed") {
                Some(_) => format!("        let step = {}; // changed", round + 2),
                None => line.to_owned(),
            })
            .collect();
        fs::write(file, lines.join("\n")).expect("a source file");
    }

    fn clean(&self) {
        self.run(&["clean", "-q", "-p", self.name]);
    }

    fn build(&self) -> f64 {
        self.cargo("build")
    }

    fn cargo(&self, command: &str) -> f64 {
        let started = Instant::now();
        self.run(&[command, "-q"]);
        started.elapsed().as_secs_f64()
    }

    fn run(&self, arguments: &[&str]) {
        let mut command = Command::new("cargo");
        command.args(arguments).current_dir(&self.folder).env("CARGO_TARGET_DIR", self.folder.join("target"));
        let status = command.stdout(Stdio::null()).status().expect("cargo");
        assert!(status.success(), "cargo {arguments:?} of {}", self.name);
    }
}

/// The types of one topic: its payload and its response; every fifth topic is one-way.
fn types(derive: &str, topic: usize) -> String {
    let mut text = format!(
        "#[{derive}]\n#[derive(Debug, Clone)]\npub struct Ask{topic} {{ pub id: u64, pub x: u32, pub y: u32, pub text: String }}\n"
    );
    if !is_one_way(topic) {
        let _ = write!(
            text,
            "#[{derive}]\n#[derive(Debug, Clone)]\npub struct Told{topic} {{ pub id: u64, pub sum: u64, pub words: Vec<String> }}\n"
        );
    }
    text
}

const fn is_one_way(topic: usize) -> bool {
    topic.is_multiple_of(5)
}

/// The handler of a topic, the same in both programs.
fn handler(topic: usize) -> String {
    let step = if topic == 7 { "let step = 1; // changed" } else { "let step = 1;" };
    if is_one_way(topic) {
        format!(
            "    pub async fn topic{topic}(&self, ask: Ask{topic}) {{\n        {step}\n        *self.count.lock().await += ask.id + step;\n    }}\n"
        )
    } else {
        format!(
            "    pub async fn topic{topic}(&self, ask: Ask{topic}) -> Told{topic} {{\n        {step}\n        let mut count = self.count.lock().await;\n        *count += step;\n        \
             Told{topic} {{ id: ask.id, sum: *count + u64::from(ask.x) + u64::from(ask.y), words: ask.text.split(' ').map(str::to_owned).collect() }}\n    }}\n"
        )
    }
}

fn annotated() -> Vec<(String, String)> {
    let mut files = Vec::new();
    let mut main = String::from("use systemge::prelude::*;\n");
    for node in 0..NODES {
        let mut text = format!(
            "use systemge::prelude::*;\nuse tokio::sync::Mutex;\n#[derive(systemge::Application, Default)]\npub struct Node{node} {{ count: Mutex<u64> }}\n"
        );
        (0..TOPICS).for_each(|topic| text += &types("systemge::payload", topic));
        let _ = writeln!(text, "#[systemge::node]\nimpl Node{node} {{");
        for topic in 0..TOPICS {
            let _ = write!(text, "    #[topic(\"node{node}/topic{topic}\")]\n{}", handler(topic));
        }
        text += "}\n";
        text += &call(&format!(
            "pub async fn call(node: &Node) -> u64 {{\n    let client = Node{node}Client::new(node);\n"
        ));
        files.push((format!("node{node}.rs"), text));
        let _ = writeln!(main, "mod node{node};");
    }
    main += "#[tokio::main]\nasync fn main() -> Result<()> {\n    let running = System::new()\n";
    (0..NODES).for_each(|node| {
        let _ = writeln!(main, "        .node(\"node{node}\", node{node}::Node{node}::default())");
    });
    main += "        .start().await?;\n    let mut sum = 0;\n";
    for node in 0..NODES {
        let _ = writeln!(main, "    sum += node{node}::call(&running.node(\"node{node}\").unwrap()).await;");
    }
    main += "    println!(\"{sum}\");\n    running.stop().await;\n    Ok(())\n}\n";
    files.push(("main.rs".to_owned(), main));
    files
}

/// Calls every topic of a node, and adds up what it hears.
fn call(head: &str) -> String {
    let mut text = head.to_owned();
    text += "    let mut sum = 0;\n";
    for topic in 0..TOPICS {
        let ask = format!("Ask{topic} {{ id: {topic}, x: 1, y: 2, text: \"one two\".to_owned() }}");
        if is_one_way(topic) {
            let _ = writeln!(text, "    let _ = client.topic{topic}({ask}).await;");
        } else {
            let _ = writeln!(
                text,
                "    if let Ok(told) = client.topic{topic}({ask}).await {{ sum += told.sum; }}"
            );
        }
    }
    text + "    sum\n}\n"
}

fn by_hand() -> Vec<(String, String)> {
    let mut files = vec![("connection.rs".to_owned(), CONNECTION.to_owned())];
    let mut main = String::from("#![allow(dead_code)]\nmod connection;\n");
    let derive = "derive(serde::Serialize, serde::Deserialize)";
    for node in 0..NODES {
        let mut text = format!(
            "use crate::connection::{{Connection, Error, Service}};\nuse tokio::sync::Mutex;\n#[derive(Default)]\npub struct Node{node} {{ count: Mutex<u64> }}\n"
        );
        (0..TOPICS).for_each(|topic| text += &types(derive, topic));
        let _ = writeln!(text, "impl Node{node} {{");
        (0..TOPICS).for_each(|topic| text += &handler(topic));
        let _ = write!(
            text,
            "}}\nimpl Service for Node{node} {{\n    async fn dispatch(&self, topic: &str, payload: &[u8], out: &mut Vec<u8>) -> Result<(), Error> {{\n        match topic {{\n"
        );
        for topic in 0..TOPICS {
            let decoded = format!("self.topic{topic}(postcard::from_bytes(payload)?).await");
            if is_one_way(topic) {
                let _ = writeln!(text, "            \"node{node}/topic{topic}\" => {decoded},");
            } else {
                let _ = writeln!(
                    text,
                    "            \"node{node}/topic{topic}\" => *out = postcard::to_extend(&{decoded}, std::mem::take(out))?,"
                );
            }
        }
        let _ = write!(
            text,
            "            _ => return Err(Error::UnknownTopic),\n        }}\n        Ok(())\n    }}\n}}\n\
             pub struct Client<'c> {{ connection: &'c Connection }}\nimpl Client<'_> {{\n"
        );
        for topic in 0..TOPICS {
            let name = format!("node{node}/topic{topic}");
            if is_one_way(topic) {
                let _ = writeln!(
                    text,
                    "    pub async fn topic{topic}(&self, ask: Ask{topic}) -> Result<(), Error> {{ self.connection.send({name:?}, &ask).await }}"
                );
            } else {
                let _ = writeln!(
                    text,
                    "    pub async fn topic{topic}(&self, ask: Ask{topic}) -> Result<Told{topic}, Error> {{ self.connection.request({name:?}, &ask).await }}"
                );
            }
        }
        text += "}\n";
        text += &call(
            "pub async fn call(connection: &Connection) -> u64 {\n    let client = Client { connection };\n",
        );
        files.push((format!("node{node}.rs"), text));
        let _ = writeln!(main, "mod node{node};");
    }
    main += "#[tokio::main]\nasync fn main() -> Result<(), connection::Error> {\n    let mut sum = 0;\n";
    for node in 0..NODES {
        let _ = writeln!(
            main,
            "    let address = connection::serve(node{node}::Node{node}::default()).await?;\n    sum += node{node}::call(&connection::connect(address).await?).await;"
        );
    }
    main += "    println!(\"{sum}\");\n    Ok(())\n}\n";
    files.push(("main.rs".to_owned(), main));
    files
}

/// The network part of the program by hand: what one would write for a few nodes.
const CONNECTION: &str = r#"
use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use serde::{Serialize, de::DeserializeOwned};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, tcp::{OwnedReadHalf, OwnedWriteHalf}};
use tokio::sync::oneshot;

#[derive(Debug)]
pub enum Error { UnknownTopic, Encoding(postcard::Error), Io(std::io::Error), Closed }
impl From<postcard::Error> for Error { fn from(error: postcard::Error) -> Self { Self::Encoding(error) } }
impl From<std::io::Error> for Error { fn from(error: std::io::Error) -> Self { Self::Io(error) } }

pub trait Service: Send + Sync + 'static {
    fn dispatch(&self, topic: &str, payload: &[u8], out: &mut Vec<u8>) -> impl Future<Output = Result<(), Error>> + Send;
}

async fn read_frame(reader: &mut OwnedReadHalf) -> std::io::Result<(u64, Vec<u8>)> {
    let length = reader.read_u32_le().await? as usize;
    let token = reader.read_u64_le().await?;
    let mut frame = vec![0; length.min(1 << 24)];
    reader.read_exact(&mut frame).await?;
    Ok((token, frame))
}

async fn write_frame(writer: &mut OwnedWriteHalf, token: u64, frame: &[u8]) -> std::io::Result<()> {
    let mut bytes = (frame.len() as u32).to_le_bytes().to_vec();
    bytes.extend_from_slice(&token.to_le_bytes());
    bytes.extend_from_slice(frame);
    writer.write_all(&bytes).await
}

pub async fn serve<S: Service>(service: S) -> Result<SocketAddr, Error> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let service = Arc::new(service);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(answer(stream, service.clone()));
        }
    });
    Ok(address)
}

async fn answer<S: Service>(stream: TcpStream, service: Arc<S>) {
    let (mut reader, mut writer) = stream.into_split();
    while let Ok((token, frame)) = read_frame(&mut reader).await {
        let Some((&length, rest)) = frame.split_first() else { return };
        let Some((topic, payload)) = rest.split_at_checked(length as usize) else { return };
        let Ok(topic) = std::str::from_utf8(topic) else { return };
        let mut out = Vec::new();
        if service.dispatch(topic, payload, &mut out).await.is_ok() && token > 0 && write_frame(&mut writer, token, &out).await.is_err() {
            return;
        }
    }
}

pub struct Connection {
    writer: tokio::sync::Mutex<(u64, OwnedWriteHalf)>,
    waiting: Arc<Mutex<HashMap<u64, oneshot::Sender<Vec<u8>>>>>,
}

pub async fn connect(address: SocketAddr) -> Result<Connection, Error> {
    let (mut reader, writer) = TcpStream::connect(address).await?.into_split();
    let connection = Connection { writer: tokio::sync::Mutex::new((0, writer)), waiting: Arc::default() };
    let waiting = connection.waiting.clone();
    tokio::spawn(async move {
        while let Ok((token, frame)) = read_frame(&mut reader).await {
            if let Some(sender) = waiting.lock().unwrap().remove(&token) {
                let _ = sender.send(frame);
            }
        }
    });
    Ok(connection)
}

impl Connection {
    fn frame<T: Serialize>(topic: &str, payload: &T) -> Result<Vec<u8>, Error> {
        let mut frame = vec![topic.len() as u8];
        frame.extend_from_slice(topic.as_bytes());
        Ok(postcard::to_extend(payload, frame)?)
    }

    pub async fn send<T: Serialize>(&self, topic: &str, payload: &T) -> Result<(), Error> {
        let frame = Self::frame(topic, payload)?;
        Ok(write_frame(&mut self.writer.lock().await.1, 0, &frame).await?)
    }

    pub async fn request<T: Serialize, R: DeserializeOwned>(&self, topic: &str, payload: &T) -> Result<R, Error> {
        let frame = Self::frame(topic, payload)?;
        let (sender, receiver) = oneshot::channel();
        {
            let mut writer = self.writer.lock().await;
            writer.0 += 1;
            let token = writer.0;
            self.waiting.lock().unwrap().insert(token, sender);
            write_frame(&mut writer.1, token, &frame).await?;
        }
        let answer = receiver.await.map_err(|_| Error::Closed)?;
        Ok(postcard::from_bytes(&answer)?)
    }
}
"#;

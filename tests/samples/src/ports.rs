//! A sample's own configuration, on ports that are free.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};

use systemge::config::SystemConfig;

/// A sample's own configuration, on ports that are free: a copy of its files in a folder of its own, which is removed in the
/// end.
#[derive(Debug)]
pub struct Shipped {
    folder: PathBuf,
    config: SystemConfig,
    ports: BTreeMap<u16, u16>,
}

/// Where a sample is reached by browsers.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Web {
    /// The HTTP component.
    pub http: SocketAddr,
    /// The WebSocket component.
    pub websocket: SocketAddr,
}

impl Shipped {
    /// Copies the configuration from a sample's folder.
    ///
    /// # Panics
    ///
    /// If it has mistakes, or can't be read or written.
    #[must_use]
    pub fn new(sample: &str) -> Self {
        let sample = Path::new(sample);
        let mut ports = Ports::default();
        let mut files = Vec::new();
        for entry in std::fs::read_dir(sample).expect("the sample's folder") {
            let path = entry.expect("an entry").path();
            let name = path.file_name().expect("a name").to_owned();
            if path.extension().is_some_and(|extension| extension == "toml") && name != "Cargo.toml" {
                let text = std::fs::read_to_string(&path).expect("a configuration");
                // folders start at that of the file
                let text = ["page", "../kit"].iter().fold(ports.free(&text), |text, folder| {
                    text.replace(&format!("\"{folder}\""), &format!("{:?}", sample.join(folder)))
                });
                files.push((name, text));
            }
        }
        let name = sample.file_name().expect("a folder").to_string_lossy();
        let folder =
            std::env::temp_dir().join(format!("systemge-{name}-{}-{}", std::process::id(), ports.first()));
        std::fs::create_dir_all(&folder).expect("a folder");
        for (name, text) in files {
            std::fs::write(folder.join(name), text).expect("a file");
        }
        let config = SystemConfig::from_file(folder.join("systemge.toml"));
        let ports = ports.0.iter().map(|(given, holder)| (*given, port_of(holder))).collect();
        Self { config: config.unwrap_or_else(|error| panic!("{error}")), folder, ports }
    }

    /// The file.
    #[must_use]
    pub fn file(&self) -> PathBuf {
        self.folder.join("systemge.toml")
    }

    /// What is in the file.
    #[must_use]
    pub fn config(&self) -> SystemConfig {
        self.config.clone()
    }

    /// The port that has taken the place of one of the sample's.
    ///
    /// # Panics
    ///
    /// If the sample has no such port.
    #[must_use]
    pub fn port(&self, given: u16) -> u16 {
        self.ports[&given]
    }

    /// The folder of the file.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Where browsers go.
    ///
    /// # Panics
    ///
    /// If the sample has no components for browsers.
    #[must_use]
    pub fn web(&self) -> Web {
        let nodes = || self.config.nodes.values();
        let http = nodes().find_map(|node| Some(node.http.as_ref()?.listen));
        let websocket = nodes().find_map(|node| node.websocket.as_ref()?.listen);
        Web { http: http.expect("a page"), websocket: websocket.expect("a WebSocket") }
    }
}

impl Drop for Shipped {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// The ports of a sample, and those that are free for them. All are held at once, lest two get the same one.
#[derive(Default)]
struct Ports(BTreeMap<u16, TcpListener>);

impl Ports {
    /// Replaces every port of an address or URL.
    fn free(&mut self, text: &str) -> String {
        let mut replaced = String::new();
        for (index, part) in text.split(':').enumerate() {
            let digits = part.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(part.len());
            let (port, rest) = part.split_at(digits);
            replaced += if index > 0 { ":" } else { "" };
            match port.parse::<u16>() {
                Ok(given) if index > 0 && given != 0 && rest.starts_with(['"', '/']) => {
                    let holder = || TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
                    let holder = self.0.entry(given).or_insert_with(holder);
                    replaced += &format!("{}{rest}", port_of(holder));
                }
                _ => replaced += part,
            }
        }
        replaced
    }

    /// One that nobody else has.
    fn first(&self) -> u16 {
        self.0.values().next().map_or(0, port_of)
    }
}

fn port_of(holder: &TcpListener) -> u16 {
    holder.local_addr().expect("an address").port()
}

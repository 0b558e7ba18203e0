//! What types can't say: ranges, and values that must fit each other.

mod tls;

use std::net::IpAddr;
use std::time::Duration;

use super::dashboard::SHORTEST_TOKEN;
use super::endpoint::{Endpoint, Scheme};
use super::peers::ANY;
use super::secret::SHORTEST;
use super::tree::{Path, Segment};
use super::units::FRAME_BYTES;
use super::{
    ConnectConfig, DashboardConfig, Entry, HttpConfig, ListenConfig, LogFileConfig, NodeConfig, PeerConfig,
    Secret, SystemConfig, WebSocketConfig,
};

/// A value that can't be used, or several that don't fit each other.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Problem {
    /// The keys that it is about; the first that is written in the file is shown.
    pub(super) paths: Vec<Vec<Segment>>,
    pub(super) message: String,
    pub(super) help: Option<String>,
    /// Whether it is about the key and not its value.
    pub(super) on_key: bool,
}

/// Everything that is wrong with a configuration.
pub(super) fn system(config: &SystemConfig) -> Vec<Problem> {
    let mut problems = Vec::new();
    #[cfg(feature = "logging")]
    if let Some(log) = &config.system.log
        && let Err(error) = crate::logging::check(log)
    {
        let mut check = Checks { base: vec!["system".into()], problems: &mut problems };
        check
            .say(&["log"], &format!("is no list of log directives such as \"info,systemge=debug\": {error}"));
    }
    if let Some(dashboard) = &config.dashboard {
        let mut check = Checks { base: vec!["dashboard".into()], problems: &mut problems };
        check.dashboard(dashboard);
    }
    log_files(config, &mut problems);
    for (section, nodes) in [("nodes", &config.nodes), ("kinds", &config.kinds)] {
        for (name, node) in nodes {
            self::node(section, name, node, &mut problems);
        }
    }
    problems
}

/// The files that log lines are written to, each of which has one writer.
fn log_files(config: &SystemConfig, problems: &mut Vec<Problem>) {
    let of_system = (vec!["system".into()], &config.system.log_files, "system", false);
    let nodes = config.nodes.iter().map(|(name, node)| {
        (vec!["nodes".into(), name.as_str().into()], &node.log_files, name.as_str(), false)
    });
    let kinds = config.kinds.iter().map(|(name, node)| {
        (vec!["kinds".into(), name.as_str().into()], &node.log_files, name.as_str(), true)
    });
    let mut seen = std::collections::HashSet::new();
    for (base, files, name, is_kind) in std::iter::once(of_system).chain(nodes).chain(kinds) {
        let mut check = Checks { base, problems: &mut *problems };
        if name == "system" && check.base.len() == 1 {
            check.log_files(files);
        }
        for (index, file) in files.iter().enumerate() {
            let path = file.file.to_string_lossy();
            if is_kind && !path.contains("{node}") {
                check.log_file(
                    index,
                    "file",
                    "has no `{node}` in it, so that all nodes of the kind would write to the same file",
                );
            }
            if !is_kind && !path.is_empty() && !seen.insert(path.replace("{node}", name)) {
                check.log_file(index, "file", "is written to by another entry, too");
            }
        }
    }
}

/// Everything that is wrong with the configuration of one node.
pub(super) fn node(section: &str, name: &str, node: &NodeConfig, problems: &mut Vec<Problem>) {
    let mut check = Checks { base: vec![section.into(), name.into()], problems };
    if !is_node_name(name) {
        let message = format!(
            "{:?} is no name of a node or a kind of nodes: it has 1 to 64 of the characters `a` to `z`, `A` to `Z`, `0` to `9`, `.`, `_`, `-`",
            super::source::shown(name)
        );
        let paths = vec![check.base.clone()];
        check.problems.push(Problem { paths, message, help: None, on_key: true });
    }
    for (index, listen) in node.listen.iter().enumerate() {
        check.listen(index, listen, node);
    }
    for (index, connect) in node.connect.iter().enumerate() {
        check.connect(index, connect);
    }
    check.tls(node);
    check.web_tls(node);
    check.log_files(&node.log_files);

    check.secret(node.secret.as_ref(), node.secret_file.is_some());
    for (name, peer) in &node.peers {
        check.peer(name, peer, node);
    }

    check.duration(&["requests", "timeout"], node.requests.timeout);

    check.duration(&["dial", "initial_delay"], node.dial.initial_delay);
    check.duration(&["dial", "max_delay"], node.dial.max_delay);
    check.duration(&["dial", "timeout"], node.dial.timeout);
    if node.dial.max_delay < node.dial.initial_delay {
        check.pair(
            ["dial", "max_delay"],
            ["dial", "initial_delay"],
            &format!(
                "must not be shorter than `initial_delay`: {:?} < {:?}",
                node.dial.max_delay, node.dial.initial_delay
            ),
        );
    }

    check.count(&["queue", "bytes"], node.queue.bytes);
    check.count(&["queue", "messages"], node.queue.messages);
    if node.queue.max_wait.is_zero() {
        check.say(
            &["queue", "max_wait"],
            "must be longer than 0s; for a peer to be disconnected at once, set `policy = \"disconnect\"`",
        );
    } else {
        check.duration(&["queue", "max_wait"], node.queue.max_wait);
    }

    check.duration(&["keepalive", "interval"], node.keepalive.interval);
    check.duration(&["keepalive", "timeout"], node.keepalive.timeout);
    if node.keepalive.timeout <= node.keepalive.interval {
        check.pair(
            ["keepalive", "timeout"],
            ["keepalive", "interval"],
            &format!(
                "must be longer than `interval`, so that a peer has time to answer: {:?} is not longer than {:?}",
                node.keepalive.timeout, node.keepalive.interval
            ),
        );
    }

    check.duration(&["keepalive", "replace_after"], node.keepalive.replace_after);

    let limits = &node.limits;
    check.frame_bytes(&["limits", "frame_bytes"], limits.frame_bytes);
    check.length(&["limits", "name_bytes"], limits.name_bytes, LONGEST_NAME);
    check.length(&["limits", "topic_bytes"], limits.topic_bytes, LONGEST_TOPIC);
    check.count(&["limits", "connections"], limits.connections);
    check.count(&["limits", "handshakes"], limits.handshakes);
    check.count(&["limits", "handshakes_per_address"], limits.handshakes_per_address);
    check.duration(&["limits", "handshake_timeout"], limits.handshake_timeout);
    check.count(&["limits", "handlers_per_connection"], limits.handlers_per_connection);
    check.count(&["limits", "handlers"], limits.handlers);
    check.not_too_long(&["stop", "deadline"], node.stop.deadline);

    if let Some(http) = &node.http {
        check.http(http);
    }
    if let Some(websocket) = &node.websocket {
        check.websocket(websocket, node.http.is_some());
    }
}

struct Checks<'a> {
    base: Vec<Segment>,
    problems: &'a mut Vec<Problem>,
}

impl Checks<'_> {
    fn path(&self, keys: &[&str]) -> Vec<Segment> {
        self.base.iter().cloned().chain(keys.iter().map(|key| Segment::from(*key))).collect()
    }

    fn push(&mut self, paths: Vec<Vec<Segment>>, message: &str, help: Option<String>) {
        let name = paths.first().map(|path| Path(path).to_string()).unwrap_or_default();
        let message = format!("`{name}` {message}");
        self.problems.push(Problem { paths, message, help, on_key: false });
    }

    /// The key's value is wrong in itself.
    fn say(&mut self, keys: &[&str], message: &str) {
        let paths = vec![self.path(keys)];
        self.push(paths, message, None);
    }

    /// The first key's value does not fit the second's.
    fn pair(&mut self, keys: [&str; 2], other: [&str; 2], message: &str) {
        let paths = vec![self.path(&keys), self.path(&other)];
        self.push(paths, message, None);
    }

    /// Something that must take some time.
    fn duration(&mut self, keys: &[&str], duration: Duration) {
        if duration.is_zero() {
            self.say(keys, "must be longer than 0s");
        }
        self.not_too_long(keys, duration);
    }

    /// Points in time are computed by addition, which a duration without bounds would overflow.
    fn not_too_long(&mut self, keys: &[&str], duration: Duration) {
        if duration > LONGEST {
            self.say(keys, "must not be longer than one year");
        }
    }

    /// A number of things that are held in memory.
    fn count(&mut self, keys: &[&str], count: usize) {
        if !(1..=MOST).contains(&count) {
            self.say(keys, &format!("must be from 1 to {MOST}; found {count}"));
        }
    }

    fn frame_bytes(&mut self, keys: &[&str], bytes: u32) {
        if !FRAME_BYTES.contains(&bytes) {
            let range = format!("from {} to {} bytes", FRAME_BYTES.start(), FRAME_BYTES.end());
            self.say(keys, &format!("must be {range}; found {bytes}"));
        }
    }

    /// The same checks inside an entry of a list.
    fn entry(&mut self, list: &str, index: usize, checks: impl FnOnce(&mut Checks<'_>)) {
        let mut base = self.path(&[list]);
        base.push(index.into());
        checks(&mut Checks { base, problems: self.problems });
    }

    fn listen(&mut self, index: usize, listen: &ListenConfig, node: &NodeConfig) {
        let endpoint = &listen.endpoint;
        if endpoint.scheme() == Scheme::Tcp && !is_loopback(endpoint) && !listen.is_insecure(node) {
            self.exposed(index, endpoint);
        }
        self.entry("listen", index, |check| {
            for (key, count) in [
                ("connections", listen.connections),
                ("handshakes", listen.handshakes),
                ("handshakes_per_address", listen.handshakes_per_address),
            ] {
                if let Some(count) = count {
                    check.count(&[key], count);
                }
            }
            if let Some(timeout) = listen.handshake_timeout {
                check.duration(&["handshake_timeout"], timeout);
            }
            if let Some(bytes) = listen.frame_bytes {
                check.frame_bytes(&["frame_bytes"], bytes);
            }
            if let Some(bytes) = listen.name_bytes {
                check.length(&["name_bytes"], bytes, LONGEST_NAME);
            }
            check.secret(listen.secret.as_ref(), listen.secret_file.is_some());
            if endpoint.scheme() == Scheme::Memory {
                let lists = [("allow", listen.allow.is_some()), ("deny", listen.deny.is_some())];
                for (key, _) in lists.iter().filter(|(_, is_set)| *is_set) {
                    check.say(&[key], "has nothing to look at: whoever dials `mem://` has no address");
                }
            }
        });
    }

    fn connect(&mut self, index: usize, connect: &ConnectConfig) {
        self.entry("connect", index, |check| {
            if let Some(bytes) = connect.frame_bytes {
                check.frame_bytes(&["frame_bytes"], bytes);
            }
            if let Some(bytes) = connect.topic_bytes {
                check.length(&["topic_bytes"], bytes, LONGEST_TOPIC);
            }
            check.secret(connect.secret.as_ref(), connect.secret_file.is_some());
        });
    }

    /// The longest name that is accepted.
    fn length(&mut self, keys: &[&str], bytes: usize, most: usize) {
        if !(1..=most).contains(&bytes) {
            self.say(keys, &format!("must be from 1 to {most}; found {bytes}"));
        }
    }

    /// A secret at this place, and whether there is a file of one, too.
    fn secret(&mut self, secret: Option<&Secret>, has_file: bool) {
        let has_secret = secret.is_some();
        if secret.is_some_and(|secret| !secret.is_long_enough()) {
            let why = format!("must have at least {SHORTEST} bytes, lest it is found by trying");
            let paths = vec![self.path(&["secret"])];
            self.push(paths, &why, Some("`openssl rand -base64 32` makes a good one".to_owned()));
        }
        if has_secret && has_file {
            let paths = vec![self.path(&["secret_file"]), self.path(&["secret"])];
            self.push(paths, "says where the secret is, but there is a `secret`, too", None);
        }
        if (has_secret || has_file) && cfg!(not(feature = "secret")) {
            let key = if has_secret { "secret" } else { "secret_file" };
            self.say(&[key], "needs a program that was built with the feature `secret` of systemge");
        }
    }

    fn peer(&mut self, name: &str, peer: &PeerConfig, node: &NodeConfig) {
        if name != ANY && !is_node_name(name) {
            let paths = vec![self.path(&["peers", name])];
            let shown = super::source::shown(name);
            let message =
                format!("{shown:?} is neither a name of a node nor `*`, which stands for all others");
            self.problems.push(Problem { paths, message, help: None, on_key: true });
        }
        {
            let mut base = self.base.clone();
            base.extend(["peers".into(), name.into()]);
            let mut check = Checks { base, problems: self.problems };
            check.secret(peer.secret.as_ref(), peer.secret_file.is_some());
            if name == ANY && peer.has_secret() {
                let key = if peer.secret.is_some() { "secret" } else { "secret_file" };
                check.say(&[key], "belongs to the node: `*` stands for many peers, which share one secret");
            }
        }
        if name == ANY || peer.has_secret() {
            return;
        }
        // a name that anyone can claim is no permission
        let nameless = node.listen.iter().enumerate().find(|(_, listen)| !listen.knows_names(node));
        if let (true, Some((index, listen))) = (peer.may_send.is_some(), nameless) {
            self.nameless(name, "may_send", ("listen", index), &listen.endpoint);
        }
        let nameless = node.connect.iter().enumerate().find(|(_, connect)| !connect.knows_names(node));
        if let (true, Some((index, connect))) = (peer.may_announce.is_some(), nameless) {
            self.nameless(name, "may_announce", ("connect", index), &connect.endpoint);
        }
    }

    fn nameless(&mut self, peer: &str, key: &str, (list, index): (&str, usize), endpoint: &Endpoint) {
        let mut entry = self.path(&[list]);
        entry.push(index.into());
        let message = format!(
            "is for a name that nobody has to prove: whoever is at the other side of `{endpoint}` can give it"
        );
        let help = "use mutual TLS, or set `secret` or `secret_file` for the peer, for the entry, or for the node; only \
                    `\"*\"` is for peers that have not proved who they are";
        self.push(vec![self.path(&["peers", peer, key]), entry], &message, Some(help.to_owned()));
    }

    /// A key of an entry of `log_files` is wrong.
    fn log_file(&mut self, index: usize, key: &str, message: &str) {
        let mut entry = self.path(&["log_files"]);
        entry.push(index.into());
        let mut path = entry.clone();
        path.push(key.into());
        self.push(vec![path, entry], message, None);
    }

    /// What is wrong with entries of `log_files`, each by itself.
    fn log_files(&mut self, files: &[LogFileConfig]) {
        for (index, file) in files.iter().enumerate() {
            if file.file.as_os_str().is_empty() {
                self.log_file(index, "file", "is missing: the path of the file");
            }
            if !(SMALLEST_LOG..=MOST).contains(&file.max_bytes) {
                let message = format!("must be from {SMALLEST_LOG} to {MOST}; found {}", file.max_bytes);
                self.log_file(index, "max_bytes", &message);
            }
            if file.max_age > LONGEST {
                self.log_file(index, "max_age", "must not be longer than one year");
            }
            if file.keep > MOST_LOGS {
                self.log_file(index, "keep", &format!("must be at most {MOST_LOGS}; found {}", file.keep));
            }
            #[cfg(feature = "logging")]
            if let Err(error) = crate::logging::check_level(&file.level) {
                let message =
                    format!("is no level or list of directives such as \"info,systemge=debug\": {error}");
                self.log_file(index, "level", &message);
            }
            #[cfg(not(feature = "logging"))]
            self.log_file(
                index,
                "file",
                "needs the feature `logging` of systemge, which this program was built without",
            );
        }
    }

    fn exposed(&mut self, index: usize, endpoint: &Endpoint) {
        let mut path = self.path(&["listen"]);
        path.push(index.into());
        let insecure = self.path(&["insecure"]);
        let message = format!(
            "would let everyone who reaches `{endpoint}` send to this node: plain `tcp://` has no encryption and no identity"
        );
        let help = "listen on a loopback address such as `tcp://127.0.0.1:PORT`, or set `insecure = true` on this \
                    listener or on the node where the network around it is trusted";
        self.push(vec![path, insecure], &message, Some(help.to_owned()));
    }

    fn dashboard(&mut self, dashboard: &DashboardConfig) {
        self.count(&["connections"], dashboard.connections);
        if let Some(tls) = &dashboard.tls {
            self.web_certificate(&["tls"], tls, false);
        }
        for (key, token) in [("token", &dashboard.token), ("read_only_token", &dashboard.read_only_token)] {
            let Some(token) = token else { continue };
            if token.reveal().len() < SHORTEST_TOKEN {
                self.say(
                    &[key],
                    &format!(
                        "must have at least {SHORTEST_TOKEN} characters, since a shorter one can be guessed"
                    ),
                );
            }
            if !token.reveal().bytes().all(|byte| byte.is_ascii_graphic()) {
                self.say(&[key], "must be of visible ASCII characters, since it travels in a header");
            }
        }
        if dashboard.token.is_some() && dashboard.token == dashboard.read_only_token {
            self.say(&["read_only_token"], "must differ from `token`");
        }
        for (index, origin) in dashboard.origins.iter().enumerate() {
            if origin == "*" || !is_origin(origin) {
                let mut path = self.path(&["origins"]);
                path.push(index.into());
                let found = super::source::shown(origin);
                let message = format!(
                    "is no origin: {found:?}; an origin is a scheme, a host and perhaps a port, such as \"https://example.org\""
                );
                self.push(vec![path], &message, None);
            }
        }
        for (index, host) in dashboard.hosts.iter().enumerate() {
            if host.is_empty()
                || !host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-_:[]".contains(&byte))
            {
                let mut path = self.path(&["hosts"]);
                path.push(index.into());
                let found = super::source::shown(host);
                self.push(
                    vec![path],
                    &format!("is no name of a host: {found:?}; it is one such as \"dash.example.org\""),
                    None,
                );
            }
        }
    }

    fn http(&mut self, http: &HttpConfig) {
        if http.body_bytes > MOST {
            self.say(&["http", "body_bytes"], &format!("must be at most {MOST}; found {}", http.body_bytes));
        }
        self.count(&["http", "connections"], http.connections);
        self.duration(&["http", "header_timeout"], http.header_timeout);
        self.duration(&["http", "request_timeout"], http.request_timeout);
        self.http_places(http);
        for prefix in http.folders.keys().filter(|prefix| !prefix.starts_with('/')) {
            let paths = vec![self.path(&["http", "folders", prefix])];
            let name = super::source::shown(prefix);
            let message =
                format!("{name:?} is no prefix of a URL's path: it starts with `/`, such as \"/assets\"");
            self.problems.push(Problem { paths, message, help: None, on_key: true });
        }
    }

    fn http_places(&mut self, http: &HttpConfig) {
        let header = |text: &str| text.bytes().all(|byte| matches!(byte, b' '..=b'~'));
        if !header(&http.cache_control) {
            self.say(
                &["http", "cache_control"],
                "is no header: it has a character that is not printable ASCII",
            );
        }
        for (path, place) in &http.redirects {
            if !path.starts_with('/') || path.contains(['{', '}', '?', '#']) {
                let paths = vec![self.path(&["http", "redirects", path])];
                let name = super::source::shown(path);
                let message =
                    format!("{name:?} is no path: it starts with `/` and has no `{{`, `}}`, `?` or `#`");
                self.problems.push(Problem { paths, message, help: None, on_key: true });
            }
            if place.is_empty() || !header(place) || place.contains(' ') {
                self.say(
                    &["http", "redirects", path],
                    "is no place to go to, such as \"/new\" or \"https://example.org/\"",
                );
            }
        }
    }

    fn websocket(&mut self, websocket: &WebSocketConfig, has_http: bool) {
        if websocket.listen.is_none() && !has_http {
            let paths =
                vec![self.path(&["websocket"]), self.path(&["websocket", "listen"]), self.path(&["http"])];
            let help = format!(
                "set `listen = \"127.0.0.1:8081\"` here, or add the section `[{}]`",
                Path(&self.path(&["http"]))
            );
            self.push(
                paths,
                "has no `listen`, and the node has no HTTP component whose listener it could share",
                Some(help),
            );
        }
        if !websocket.path.starts_with('/') {
            let found = super::source::shown(&websocket.path);
            self.say(
                &["websocket", "path"],
                &format!("must start with `/`, such as \"/ws\"; found {found:?}"),
            );
        }
        for (index, origin) in websocket.origins.iter().enumerate().filter(|(_, origin)| !is_origin(origin)) {
            let mut path = self.path(&["websocket", "origins"]);
            path.push(index.into());
            let found = super::source::shown(origin);
            let message = format!(
                "is no origin: {found:?}; an origin is a scheme, a host and perhaps a port, such as \"https://example.org\""
            );
            self.push(vec![path], &message, None);
        }
        self.count(&["websocket", "clients"], websocket.clients);
        self.count(&["websocket", "message_bytes"], websocket.message_bytes);
        self.count(&["websocket", "handlers"], websocket.handlers);
        self.count(&["websocket", "groups_per_client"], websocket.groups_per_client);
        self.count(&["websocket", "queue", "messages"], websocket.queue.messages);
        self.count(&["websocket", "queue", "bytes"], websocket.queue.bytes);
        self.not_too_long(&["websocket", "rate"], websocket.rate.per);
        self.not_too_long(&["websocket", "watchdog"], websocket.watchdog);
    }
}

/// Whether a text may be the name of a node.
pub(super) fn is_node_name(name: &str) -> bool {
    (1..=64).contains(&name.len())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-'))
}

/// Whether only this machine reaches the endpoint. Of names only `localhost` is known to.
fn is_loopback(endpoint: &Endpoint) -> bool {
    match endpoint.host().parse::<IpAddr>() {
        Ok(address) => address.to_canonical().is_loopback(),
        Err(_) => endpoint.host().eq_ignore_ascii_case("localhost"),
    }
}

fn is_origin(origin: &str) -> bool {
    let bare = |c: char| c.is_ascii_graphic() && !matches!(c, '/' | '?' | '#' | '@' | '*');
    origin == "*"
        || origin.split_once("://").is_some_and(|(scheme, host)| {
            !scheme.is_empty()
                && !host.is_empty()
                && scheme
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.'))
                && host.chars().all(bare)
        })
}

/// The longest name of a node, in bytes.
const LONGEST_NAME: usize = 64;
/// The longest name of a topic, in bytes.
const LONGEST_TOPIC: usize = 128;

/// A leap year.
const LONGEST: Duration = Duration::from_secs(366 * 24 * 60 * 60);

/// A file that is smaller would be set aside with every other line.
const SMALLEST_LOG: usize = 4096;

const MOST_LOGS: usize = 1000;

/// More than any machine holds, and few enough for every queue and semaphore.
const MOST: usize = u32::MAX as usize >> 4;

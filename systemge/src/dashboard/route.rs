//! The paths of the API.

use ::http::Method;

/// What is at a path of the API.
pub(super) enum Route<'p> {
    Session,
    SessionEnd,
    OpenApi,
    Fleet,
    Topology,
    Audit,
    Events,
    History,
    ProcessHistory,
    Metrics,
    Node(&'p str, NodeRoute<'p>),
}

pub(super) enum NodeRoute<'p> {
    Detail,
    History,
    Start,
    Stop,
    Restart,
    Drain,
    Connect,
    Disconnect,
    Settings,
    Command(&'p str),
}

impl<'p> Route<'p> {
    pub(super) fn find(path: &'p str) -> Option<Self> {
        if path == "/metrics" {
            return Some(Self::Metrics);
        }
        let segments: Vec<&str> = path.strip_prefix("/api/")?.split('/').collect();
        Some(match segments.as_slice() {
            ["session"] => Self::Session,
            ["session", "end"] => Self::SessionEnd,
            ["openapi.json"] => Self::OpenApi,
            ["fleet"] => Self::Fleet,
            ["topology"] => Self::Topology,
            ["audit"] => Self::Audit,
            ["events"] => Self::Events,
            ["history"] => Self::History,
            ["process", "history"] => Self::ProcessHistory,
            ["nodes", node, rest @ ..] => Self::Node(
                node,
                match rest {
                    [] => NodeRoute::Detail,
                    ["history"] => NodeRoute::History,
                    ["start"] => NodeRoute::Start,
                    ["stop"] => NodeRoute::Stop,
                    ["restart"] => NodeRoute::Restart,
                    ["drain"] => NodeRoute::Drain,
                    ["connect"] => NodeRoute::Connect,
                    ["disconnect"] => NodeRoute::Disconnect,
                    ["settings"] => NodeRoute::Settings,
                    ["commands", command] => NodeRoute::Command(command),
                    _ => return None,
                },
            ),
            _ => return None,
        })
    }

    /// The methods that it takes.
    pub(super) const fn methods(&self) -> &'static [Method] {
        match self {
            Self::Session => &[Method::GET, Method::POST],
            Self::SessionEnd => &[Method::POST],
            Self::Node(_, NodeRoute::Settings) => &[Method::GET, Method::POST],
            Self::Node(_, NodeRoute::Detail | NodeRoute::History) => &[Method::GET],
            Self::Node(..) => &[Method::POST],
            _ => &[Method::GET],
        }
    }
}

impl NodeRoute<'_> {
    /// The word for it in the audit log.
    pub(super) const fn action(&self) -> &'static str {
        match self {
            Self::Detail | Self::History => "look",
            Self::Start => "start",
            Self::Stop => "stop",
            Self::Restart => "restart",
            Self::Drain => "drain",
            Self::Connect => "connect",
            Self::Disconnect => "disconnect",
            Self::Settings => "set",
            Self::Command(_) => "command",
        }
    }
}

/// The methods that a path of the API takes.
#[cfg(test)]
pub(super) fn methods(path: &str) -> Option<&'static [Method]> {
    Route::find(path).map(|route| route.methods())
}

//! The API, as an OpenAPI document.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::audit::KEPT;
use super::history::{MINUTES, SECONDS};
use crate::node::Node;

/// One operation, in short.
struct Operation {
    method: &'static str,
    path: &'static str,
    id: &'static str,
    summary: &'static str,
    /// The schema of its answer.
    answer: &'static str,
    /// What it takes in the query.
    query: &'static [&'static str],
    /// The schema of what it takes in the body.
    body: Option<&'static str>,
    /// The statuses that it may have besides that of success.
    also: &'static [u16],
}

const LOOK: Operation =
    Operation { method: "get", path: "", id: "", summary: "", answer: "", query: &[], body: None, also: &[] };
const ACT: Operation = Operation {
    method: "post",
    answer: "Action",
    body: Some("Nothing"),
    also: &[202, 404, 409, 503],
    ..LOOK
};

const OPERATIONS: &[Operation] = &[
    Operation { path: "/api/session", id: "session", summary: "Who I am.", answer: "Session", ..LOOK },
    Operation {
        method: "post",
        path: "/api/session",
        id: "logIn",
        summary: "Opens a session, whose cookie takes the place of the token.",
        answer: "Session",
        body: Some("Login"),
        also: &[429, 503],
        ..LOOK
    },
    Operation {
        method: "post",
        path: "/api/session/end",
        id: "logOut",
        summary: "Ends the session of the cookie.",
        answer: "",
        body: Some("Nothing"),
        ..LOOK
    },
    Operation {
        path: "/api/fleet",
        id: "fleet",
        summary: "Every node at a glance: state, why and since when, rates, peers, errors.",
        answer: "Fleet",
        ..LOOK
    },
    Operation {
        path: "/api/topology",
        id: "topology",
        summary: "Who dials whom, and which topics nobody handles.",
        answer: "Topology",
        ..LOOK
    },
    Operation {
        path: "/api/events",
        id: "events",
        summary: "The present, about once a second, as server-sent events: `{\"fleet\": …}`, with `node` or `topology` if the query asks for it.",
        answer: "text/event-stream",
        query: &["node", "topology"],
        ..LOOK
    },
    Operation {
        path: "/api/history",
        id: "histories",
        summary: "The past of every node.",
        answer: "Histories",
        query: &["resolution", "rows", "series"],
        ..LOOK
    },
    Operation {
        path: "/api/process/history",
        id: "processHistory",
        summary: "The past of the process.",
        answer: "History",
        query: &["resolution", "rows"],
        ..LOOK
    },
    Operation {
        path: "/api/audit",
        id: "audit",
        summary: "The last actions, the newest first.",
        answer: "Audit",
        query: &["ofNode", "most"],
        ..LOOK
    },
    Operation {
        path: "/api/nodes/{node}",
        id: "node",
        summary: "A node with its topics, peers and commands.",
        answer: "NodeDetail",
        also: &[404],
        ..LOOK
    },
    Operation {
        path: "/api/nodes/{node}/history",
        id: "history",
        summary: "The past of a node.",
        answer: "History",
        query: &["resolution", "rows"],
        also: &[404],
        ..LOOK
    },
    Operation { path: "/api/nodes/{node}/start", id: "start", summary: "Starts a node.", ..ACT },
    Operation {
        path: "/api/nodes/{node}/stop",
        id: "stop",
        summary: "Stops a node in an orderly way: it finishes what is in flight.",
        ..ACT
    },
    Operation {
        path: "/api/nodes/{node}/restart",
        id: "restart",
        summary: "Stops and starts a node.",
        ..ACT
    },
    Operation {
        path: "/api/nodes/{node}/drain",
        id: "drain",
        summary: "Lets a node take nothing new and finish what is in flight.",
        ..ACT
    },
    Operation {
        path: "/api/nodes/{node}/connect",
        id: "connect",
        summary: "Lets a node dial a peer and keep the connection.",
        body: Some("Where"),
        ..ACT
    },
    Operation {
        path: "/api/nodes/{node}/disconnect",
        id: "disconnect",
        summary: "Lets a node no longer dial a peer.",
        body: Some("Where"),
        ..ACT
    },
    Operation {
        path: "/api/nodes/{node}/settings",
        id: "settings",
        summary: "What can be changed while a node runs, and where its configuration comes from.",
        answer: "Settings",
        also: &[404],
        ..LOOK
    },
    Operation {
        path: "/api/nodes/{node}/settings",
        id: "set",
        summary: "Changes a setting, until the program ends.",
        body: Some("Set"),
        ..ACT
    },
    Operation {
        path: "/metrics",
        id: "metrics",
        summary: "What the nodes have counted, as OpenMetrics text for Prometheus.",
        answer: "application/openmetrics-text",
        ..LOOK
    },
    Operation {
        path: "/health/live",
        id: "live",
        summary: "Whether the process answers. Needs no login.",
        answer: "Status",
        ..LOOK
    },
    Operation {
        path: "/health/ready",
        id: "ready",
        summary: "Whether every node runs and takes requests. Needs no login.",
        answer: "Status",
        also: &[503],
        ..LOOK
    },
    Operation {
        path: "/api/nodes/{node}/commands/{command}",
        id: "command",
        summary: "Runs a command of a node.",
        body: Some("Arguments"),
        ..ACT
    },
];

/// The document; the names of nodes and commands that there are now stand in it as examples.
pub(super) fn document(login: bool, nodes: &[Node]) -> Value {
    let mut paths: Map<String, Value> = Map::new();
    for operation in OPERATIONS {
        let path = paths.entry(operation.path).or_insert_with(|| json!({}));
        path[operation.method] = operation.document(login);
    }
    let mut document = json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Systemge dashboard",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "See and steer the nodes of one process. Requests that change something are POSTs with \
                `content-type: application/json` and the header `x-systemge-dashboard: 1`. Errors are problem details (RFC 9457)."
        },
        "paths": paths,
        "components": { "schemas": schemas(), "parameters": parameters(nodes) },
    });
    if login {
        document["components"]["securitySchemes"] =
            json!({ "token": { "type": "http", "scheme": "bearer" } });
        document["security"] = json!([{ "token": [] }]);
    }
    document
}

impl Operation {
    fn document(&self, login: bool) -> Value {
        let mut parameters: Vec<Value> = Vec::new();
        for (place, name) in [("{node}", "node"), ("{command}", "command")] {
            if self.path.contains(place) {
                parameters.push(reference("parameters", name));
            }
        }
        for name in self.query {
            let name = if *name == "node" { "watchedNode" } else { name };
            parameters.push(reference("parameters", name));
        }
        if self.method == "post" {
            parameters.push(reference("parameters", "write"));
        }
        let mut responses = Map::new();
        let content = |kind: &str, schema: Value| json!({ kind: { "schema": schema } });
        match self.answer {
            "" => {
                responses.insert("204".to_owned(), json!({ "description": "It is done." }));
            }
            kind if kind.contains('/') => {
                let answer = json!({ "description": "A stream.", "content": content(kind, json!({ "type": "string" })) });
                responses.insert("200".to_owned(), answer);
            }
            schema => {
                let content = content("application/json", reference("schemas", schema));
                responses
                    .insert("200".to_owned(), json!({ "description": "It is done.", "content": content }));
            }
        }
        let problems = [400, 403, 421].iter().chain(self.also).chain(if self.body.is_some() {
            &[408, 413, 415][..]
        } else {
            &[]
        });
        let unknown = login.then_some(&401).into_iter();
        for status in problems.chain(unknown) {
            let (schema, kind, description) = match status {
                202 => {
                    ("Action", "application/json", "It takes longer; the audit log will tell how it went.")
                }
                503 if self.id == "ready" => ("Status", "application/json", "Not every node serves."),
                409 => (
                    "Action",
                    "application/json",
                    "It was tried, and failed; or it does not fit the node as it is, and was not tried.",
                ),
                _ => ("Problem", "application/problem+json", "It was not tried."),
            };
            let mut content = content(kind, reference("schemas", schema));
            if *status == 409 {
                // what does not fit the node, such as arguments that its command doesn't take, is not tried
                content["application/problem+json"] = json!({ "schema": reference("schemas", "Problem") });
            }
            responses.insert(status.to_string(), json!({ "description": description, "content": content }));
        }
        let mut document = json!({
            "operationId": self.id,
            "summary": self.summary,
            "parameters": parameters,
            "responses": responses,
        });
        if let Some(body) = self.body {
            let content = content("application/json", reference("schemas", body));
            document["requestBody"] = json!({ "required": true, "content": content });
        }
        if matches!(self.id, "logIn" | "logOut" | "live" | "ready") {
            document["security"] = json!([]);
        }
        document
    }
}

fn reference(kind: &str, name: &str) -> Value {
    json!({ "$ref": format!("#/components/{kind}/{name}") })
}

fn parameters(nodes: &[Node]) -> Value {
    let most = SECONDS.max(MINUTES);
    let commands =
        nodes.iter().flat_map(|node| node.inner().program().commands.specs().map(|spec| spec.name));
    let commands: BTreeSet<&str> = commands.collect();
    let nodes: Vec<&str> = nodes.iter().map(Node::name).collect();
    let path = |name: &str, what: &str, examples: Value| {
        let schema = json!({ "type": "string", "minLength": 1, "examples": examples });
        json!({ "name": name, "in": "path", "required": true, "description": what, "schema": schema })
    };
    let query = |name: &str, what: &str, schema: Value| json!({ "name": name, "in": "query", "description": what, "schema": schema });
    json!({
        "node": path("node", "The name of a node.", json!(nodes)),
        "command": path("command", "The name of one of its commands.", json!(commands)),
        "watchedNode": query("node", "The node that is watched, too.", json!({ "type": "string" })),
        "ofNode": query("node", "Only what was done to this node.", json!({ "type": "string" })),
        "topology": query("topology", "Whether the topology is watched, too.", json!({ "type": "boolean" })),
        "resolution": query("resolution", "Seconds of the last 15 minutes, or minutes of the last 24 hours.", json!({ "enum": ["second", "minute"], "default": "second" })),
        "rows": query("rows", "At most so many, the last ones.", json!({ "type": "integer", "minimum": 1, "maximum": most })),
        "series": query("series", "Only these, with commas between them.", json!({ "type": "string" })),
        "most": query("most", "At most so many.", json!({ "type": "integer", "minimum": 1, "maximum": KEPT, "default": 200 })),
        "write": { "name": "x-systemge-dashboard", "in": "header", "required": true, "description": "Tells our requests from those that a page of another origin sends.", "schema": { "enum": ["1"] } },
    })
}

/// An object with exactly these properties; those whose names end in `?` may be missing.
fn object(properties: Value) -> Value {
    let Value::Object(properties) = properties else { return properties };
    let required: Vec<&str> =
        properties.keys().filter(|name| !name.ends_with('?')).map(String::as_str).collect();
    let required = json!(required);
    let properties: Map<String, Value> = properties
        .into_iter()
        .map(|(name, schema)| (name.trim_end_matches('?').to_owned(), schema))
        .collect();
    json!({ "type": "object", "properties": properties, "required": required, "additionalProperties": false })
}

fn list(of: Value) -> Value {
    json!({ "type": "array", "items": of })
}

fn schemas() -> Value {
    let text = || json!({ "type": "string" });
    let texts = || list(text());
    let seconds = || json!({ "type": ["number", "null"] });
    let truth = || json!({ "type": "boolean" });
    let count = || json!({ "type": "integer", "minimum": 0 });
    let time = || json!({ "type": "integer", "minimum": 0, "description": "Milliseconds since 1970." });
    let measured = || json!({ "type": "object", "additionalProperties": { "type": ["number", "null"] } });
    let schema = |name: &str| reference("schemas", name);
    let state = || json!({ "enum": ["starting", "running", "degraded", "stopping", "stopped", "failed"] });
    let role = || json!({ "enum": ["read_only", "operator"] });
    let kind = || json!({ "enum": ["message", "request"] });
    let link = || json!({ "enum": ["connected", "dialling", "waiting", "gave_up"] });
    let node = || {
        json!({
            "name": text(), "state": state(), "draining": truth(), "why": texts(), "since": time(), "endpoints": texts(),
            "http?": text(), "websocket?": text(), "connected_to": texts(), "connected_from": texts(), "topics": count(),
            "commands": count(), "errors": count(), "values": measured(),
        })
    };
    let mut detail = node();
    if let (Some(detail), Value::Object(more)) = (
        detail.as_object_mut(),
        json!({
            "counters": { "type": "object", "additionalProperties": count() },
            "handles": list(schema("Topic")), "calls": list(schema("Call")), "peers": list(schema("Peer")),
            "command_list": list(schema("Command")),
        }),
    ) {
        detail.extend(more);
    }
    let argument = json!({ "anyOf": [{ "type": ["string", "number", "boolean", "null"] }, list(json!({ "type": ["string", "number", "boolean"] }))] });
    json!({
        "Session": object(json!({ "role": role(), "login": truth() })),
        "Login": object(json!({ "token": text() })),
        "Nothing": object(json!({})),
        "Where": object(json!({ "endpoint": { "type": "string", "description": "Scheme, host and port, such as `tcp://127.0.0.1:60001`." } })),
        "Arguments": object(json!({ "arguments?": {
            "description": "By the names of the arguments, or all in their order.",
            "anyOf": [{ "type": "object", "additionalProperties": argument }, list(json!({ "type": ["string", "number", "boolean"] })), { "type": "null" }],
        } })),
        "Set": object(json!({ "key": text(), "value": text() })),
        "Status": object(json!({ "status": text() })),
        "Settings": object(json!({ "settings": list(schema("Setting")), "configuration": list(schema("Value")) })),
        "Setting": object(json!({
            "key": text(), "value": text(), "configured": text(), "kind": { "enum": ["duration", "count", "networks"] }, "help": text(),
        })),
        "Value": object(json!({
            "key": text(), "value": text(), "from": { "enum": ["default", "file", "environment", "code", "runtime"] },
            "place": { "type": "string", "description": "The line of the file, or the variable; empty for the others." },
        })),
        "Problem": { "type": "object", "properties": { "title": text(), "status": count(), "detail": text() }, "required": ["title", "status"] },
        "Action": object(json!({
            "id": count(), "time": time(), "role": role(), "address": text(), "action": text(), "node": text(), "detail": text(),
            "outcome": { "enum": ["running", "done", "failed", "refused"] }, "result": text(),
            "took": { "type": "integer", "minimum": 0, "description": "Milliseconds." },
        })),
        "Audit": object(json!({ "entries": list(schema("Action")) })),
        "Process": object(json!({ "id": count(), "started": time(), "version": text(), "values": measured() })),
        "Fleet": object(json!({ "time": time(), "process": schema("Process"), "nodes": list(schema("Node")), "audit": count() })),
        "Node": object(node()),
        "NodeDetail": object(detail),
        "Topic": object(json!({
            "name": text(), "kind": kind(), "payload": text(), "response?": text(), "error?": text(), "announced": truth(),
            "received": count(), "errors": count(), "p50": seconds(), "p99": seconds(),
        })),
        "Call": object(json!({ "name": text(), "kind": kind(), "providers": texts(), "sent": count(), "errors": count() })),
        "Peer": object(json!({
            "name": text(), "direction": { "enum": ["dialled", "accepted"] }, "endpoint?": text(), "state": link(), "why?": text(),
            "transport?": text(), "certificate?": schema("Certificate"), "retry_in?": count(), "queue_bytes": count(), "read_rate": count(), "written_rate": count(),
            "requests_in_flight": count(), "reconnects": count(), "dropped": { "type": "object", "additionalProperties": count() },
            "round_trip": seconds(), "silence": seconds(), "topics": texts(),
        })),
        "Certificate": object(json!({ "names": texts(), "fingerprint": text(), "expires": { "type": ["integer", "null"] } })),
        "Command": object(json!({ "name": text(), "help": text(), "usage": text(), "arguments": list(schema("Argument")) })),
        "Argument": object(json!({ "name": text(), "type": text(), "presence": { "enum": ["required", "optional", "rest"] } })),
        "Topology": object(json!({ "nodes": list(schema("Place")), "links": list(schema("Link")), "missing": list(schema("Missing")) })),
        "Place": object(json!({ "name": text(), "own": truth(), "state?": state(), "topics": texts() })),
        "Link": object(json!({
            "from": text(), "to": text(), "state": link(), "why?": text(), "mutual": truth(), "topics": texts(),
            "queue_bytes": count(), "rate": count(),
        })),
        "Missing": object(json!({ "node": text(), "topic": text(), "kind": kind() })),
        "History": object(json!({ "step": { "enum": [1, 60] }, "times": list(time()), "series": list(schema("Series")) })),
        "Series": object(json!({ "name": text(), "unit": text(), "help": text(), "values": list(json!({ "type": ["number", "null"] })) })),
        "Histories": object(json!({ "nodes": { "type": "object", "additionalProperties": schema("History") } })),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reference_leads_to_something() {
        fn walk(value: &Value, document: &Value) {
            match value {
                Value::Object(map) => {
                    if let Some(Value::String(reference)) = map.get("$ref") {
                        let target = reference.trim_start_matches('#');
                        assert!(document.pointer(target).is_some(), "{reference}");
                    }
                    map.values().for_each(|value| walk(value, document));
                }
                Value::Array(list) => list.iter().for_each(|value| walk(value, document)),
                _ => {}
            }
        }
        for login in [false, true] {
            let document = document(login, &[]);
            walk(&document, &document);
            assert_eq!(document.pointer("/components/securitySchemes").is_some(), login);
        }
    }

    #[test]
    fn every_path_of_the_document_is_served_with_its_methods() {
        for Operation { path, method, .. } in OPERATIONS {
            let path = path.replace("{node}", "a").replace("{command}", "b");
            if path.starts_with("/health/") {
                continue;
            }
            let methods = crate::dashboard::route::methods(&path).expect(&path);
            assert!(
                methods.iter().any(|known| known.as_str().eq_ignore_ascii_case(method)),
                "{method} {path}"
            );
        }
    }
}

//! Events as lines of text or JSON.

use std::fmt::{self, Write as _};
use std::time::SystemTime;

use tracing::field::{Field, Visit};
use tracing::{Event, Metadata};

/// What a line says, taken from an event and the spans around it.
#[derive(Debug, Default)]
pub(super) struct Fields {
    message: String,
    /// In the order of their recording.
    others: Vec<(&'static str, Value)>,
}

#[derive(Debug)]
enum Value {
    Text(String),
    Json(serde_json::Value),
}

impl Fields {
    /// The fields of an event.
    pub(super) fn of(event: &Event<'_>) -> Self {
        let mut fields = Self::default();
        event.record(&mut fields);
        fields
    }

    /// The node that the line is about, if a field says it.
    pub(super) fn node(&self) -> Option<&str> {
        self.others.iter().find_map(|(name, value)| match value {
            Value::Text(text) if *name == NODE => Some(text.as_str()),
            _ => None,
        })
    }

    /// Adds a field that a span around the event has.
    pub(super) fn set_node(&mut self, node: String) {
        self.others.push((NODE, Value::Text(node)));
    }

    /// A line for people. What would break the line or steer a terminal is escaped.
    pub(super) fn text(&self, metadata: &Metadata<'_>, now: SystemTime) -> String {
        let mut line = format!("{} {:>5} {}: ", time(now), metadata.level().as_str(), metadata.target());
        escape(&self.message, &mut line);
        for (name, value) in &self.others {
            line.push(' ');
            line.push_str(name);
            line.push('=');
            match value {
                Value::Text(text) if text.is_empty() || text.contains([' ', '"', '=']) => {
                    // the quotes of a text that has some are escaped, too
                    escape(&format!("{text:?}"), &mut line);
                }
                Value::Text(text) => escape(text, &mut line),
                Value::Json(value) => line.push_str(&value.to_string()),
            }
        }
        line.push('\n');
        line
    }

    /// A JSON object.
    pub(super) fn json(&self, metadata: &Metadata<'_>, now: SystemTime) -> String {
        let fields = self.others.iter().map(|(name, value)| {
            let value = match value {
                Value::Text(text) => serde_json::Value::from(text.as_str()),
                Value::Json(value) => value.clone(),
            };
            ((*name).to_owned(), value)
        });
        let line = serde_json::json!({
            "time": time(now),
            "level": metadata.level().as_str(),
            "target": metadata.target(),
            "message": self.message,
            "fields": serde_json::Map::from_iter(fields),
        });
        format!("{line}\n")
    }

    fn add(&mut self, field: &Field, value: Value) {
        if field.name() == "message" {
            self.message = match value {
                Value::Text(text) => text,
                Value::Json(value) => value.to_string(),
            };
        } else {
            self.others.push((field.name(), value));
        }
    }
}

impl Visit for Fields {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.add(field, Value::Text(value.to_owned()));
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.add(field, Value::Json(value.into()));
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.add(field, Value::Json(value.into()));
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.add(field, Value::Json(value.into()));
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.add(field, Value::Json(value.into()));
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.add(field, Value::Text(format!("{value:?}")));
    }
}

fn time(now: SystemTime) -> String {
    humantime_serde::re::humantime::format_rfc3339_micros(now).to_string()
}

fn escape(text: &str, out: &mut String) {
    for character in text.chars() {
        // what is turned around or invisible deceives people, too
        let deceives =
            matches!(character, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
        if character.is_control() || deceives {
            // writing to a String can't fail
            let _ = write!(out, "{}", character.escape_default());
        } else {
            out.push(character);
        }
    }
}

/// The field that says which node a line or a span is about.
pub(super) const NODE: &str = "node";

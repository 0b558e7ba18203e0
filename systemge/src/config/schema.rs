//! Which keys there are: the structs are asked through their own `Deserialize`, so that no list can go stale.

use serde::Deserialize as _;

use super::SystemConfig;
use super::deserialize::{Reader, Shape};
use super::tree::{Entry, Kind, Origin, Segment, Value};

/// What the structs expect at a path.
pub(super) fn shape_at(path: &[Segment]) -> Option<Shape> {
    let probe = Value { kind: Kind::Probe, origin: Origin::Text(0..0) };
    let root = path.iter().rev().fold(probe, |value, segment| {
        let kind = match segment {
            Segment::Index(_) => Kind::List(vec![value]),
            Segment::Key(key) => {
                Kind::Table(vec![Entry { key: key.clone(), key_origin: Origin::Text(0..0), value }])
            }
        };
        Value { kind, origin: Origin::Text(0..0) }
    });
    SystemConfig::deserialize(Reader(&root)).err()?.shape()
}

/// Every key, as paths such as `nodes.NAME.requests.timeout` and `nodes.NAME.listen[].connections`, sections among them.
#[cfg(test)]
pub(super) fn keys() -> Vec<String> {
    fn collect(path: &mut Vec<Segment>, keys: &mut Vec<String>) {
        match shape_at(path) {
            Some(Shape::Section(fields)) => {
                for field in fields {
                    path.push(Segment::from(*field));
                    keys.push(super::tree::Path(path).to_string().replace("[0]", "[]"));
                    collect(path, keys);
                    path.pop();
                }
            }
            Some(Shape::Map) => {
                path.push(Segment::from("NAME"));
                collect(path, keys);
                path.pop();
            }
            Some(Shape::List) => {
                path.push(Segment::Index(0));
                collect(path, keys);
                path.pop();
            }
            Some(Shape::Leaf) | None => {}
        }
    }
    let mut keys = Vec::new();
    collect(&mut Vec::new(), &mut keys);
    keys
}

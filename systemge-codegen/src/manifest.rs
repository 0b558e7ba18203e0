//! Which name a dependency has in a `Cargo.toml`.
//!
//! Reads just enough of TOML for the places where cargo lets a dependency be renamed; a full parser would cost
//! every user of the macros its compile time.

use std::fs;
use std::path::Path;

/// The name under which the manifest in `directory` depends on `package`.
pub(crate) fn dependency_name(directory: &Path, package: &str) -> Option<String> {
    let manifest = fs::read_to_string(directory.join("Cargo.toml")).ok()?;
    let inherited = || {
        directory
            .ancestors()
            .filter_map(|ancestor| fs::read_to_string(ancestor.join("Cargo.toml")).ok())
            .find(|text| text.lines().any(|line| line.trim_start().starts_with("[workspace")))
    };
    find(&manifest, inherited, package)
}

/// The same on the texts; the workspace's manifest is asked for only if a dependency is inherited from it.
fn find(manifest: &str, workspace: impl FnOnce() -> Option<String>, package: &str) -> Option<String> {
    let own = dependencies(manifest);
    if let Some(found) = own.iter().find(|dependency| dependency.package(package)) {
        return Some(found.name.clone());
    }
    if own.iter().all(|dependency| !dependency.inherited) {
        return None;
    }
    let renamed: Vec<Dependency> = dependencies(&workspace()?)
        .into_iter()
        .filter(|dependency| dependency.workspace_table && dependency.package(package))
        .collect();
    own.iter()
        .find(|dependency| dependency.inherited && renamed.iter().any(|other| other.name == dependency.name))
        .map(|dependency| dependency.name.clone())
}

#[derive(Debug)]
struct Dependency {
    name: String,
    renames: Option<String>,
    inherited: bool,
    workspace_table: bool,
}

impl Dependency {
    fn package(&self, package: &str) -> bool {
        self.renames.as_deref().unwrap_or(&self.name) == package
    }
}

fn dependencies(manifest: &str) -> Vec<Dependency> {
    let mut found: Vec<Dependency> = Vec::new();
    let mut table = Table::Other;
    for line in manifest.lines() {
        let line = line.trim();
        if let Some(header) = line.strip_prefix('[') {
            table = Table::read(header, &mut found);
            continue;
        }
        let Some((key, value)) = line.split_once('=') else { continue };
        let (key, value) = (unquote(key), value.trim());
        match table {
            Table::Dependencies { workspace } => {
                // `name.workspace = true` and `name.package = "…"` are the same as an inline table
                let (name, dotted) =
                    key.split_once('.').map_or((key, None), |(name, rest)| (name, Some(rest)));
                let dependency = entry(&mut found, unquote(name), workspace);
                match dotted {
                    Some(option) => dependency.option(unquote(option), value),
                    None => {
                        inline_options(value).for_each(|(option, value)| dependency.option(option, value))
                    }
                }
            }
            Table::Dependency(index) => found[index].option(key, value),
            Table::Other => {}
        }
    }
    found
}

impl Dependency {
    fn option(&mut self, key: &str, value: &str) {
        match key {
            "package" => self.renames = Some(unquote(value).to_owned()),
            "workspace" => self.inherited = value.starts_with("true"),
            _ => {}
        }
    }
}

#[derive(Debug, Clone, Copy)]
enum Table {
    Dependencies {
        workspace: bool,
    },
    /// A dependency with a table of its own, by its index.
    Dependency(usize),
    Other,
}

impl Table {
    fn read(header: &str, found: &mut Vec<Dependency>) -> Self {
        let header = header.split(']').next().unwrap_or_default();
        let is_table =
            |name: &str| matches!(name, "dependencies" | "dev-dependencies" | "build-dependencies");
        let workspace = header.starts_with("workspace.");
        let (parent, last) = header.rsplit_once('.').unwrap_or(("", header));
        let parent = parent.rsplit('.').next().unwrap_or_default();
        if is_table(last.trim()) {
            Self::Dependencies { workspace }
        } else if is_table(parent.trim()) {
            let name = unquote(last).to_owned();
            found.push(Dependency { name, renames: None, inherited: false, workspace_table: workspace });
            Self::Dependency(found.len() - 1)
        } else {
            Self::Other
        }
    }
}

fn entry<'f>(found: &'f mut Vec<Dependency>, name: &str, workspace_table: bool) -> &'f mut Dependency {
    let index = found
        .iter()
        .position(|dependency| dependency.name == name && dependency.workspace_table == workspace_table);
    let index = index.unwrap_or_else(|| {
        found.push(Dependency { name: name.to_owned(), renames: None, inherited: false, workspace_table });
        found.len() - 1
    });
    &mut found[index]
}

fn inline_options(value: &str) -> impl Iterator<Item = (&str, &str)> {
    value
        .strip_prefix('{')
        .unwrap_or_default()
        .split(',')
        .filter_map(|option| option.split_once('='))
        .map(|(key, value)| (unquote(key), value.trim().trim_end_matches('}').trim()))
}

fn unquote(text: &str) -> &str {
    let text = text.trim();
    let inner = text.strip_prefix('"').and_then(|rest| rest.split('"').next());
    inner.or_else(|| text.strip_prefix('\'').and_then(|rest| rest.split('\'').next())).unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(manifest: &str, workspace: Option<&str>, expected: Option<&str>) {
        let found = find(manifest, || workspace.map(str::to_owned), "systemge");
        assert_eq!(found.as_deref(), expected, "{manifest}");
    }

    #[test]
    fn a_dependency_is_found_under_every_spelling() {
        check("[dependencies]\nsystemge = \"0.1\"", None, Some("systemge"));
        check("[dependencies]\nsystemge.workspace = true", None, Some("systemge"));
        check("[dependencies]\nnet = { version = \"0.1\", package = \"systemge\" }", None, Some("net"));
        check(
            "[dependencies]\nnet = { features = [\"http\"], package = 'systemge' } # why",
            None,
            Some("net"),
        );
        check("[dependencies.net]\npackage = \"systemge\"\nversion = \"1\"", None, Some("net"));
        check("[target.'cfg(unix)'.dependencies]\nnet.package = \"systemge\"", None, Some("net"));
        check("[dev-dependencies]\nsystemge = { path = \"..\" }", None, Some("systemge"));
    }

    #[test]
    fn a_name_of_the_workspace_is_found() {
        let workspace =
            "[workspace]\n[workspace.dependencies]\nnet = { package = \"systemge\", path = \"x\" }";
        check("[dependencies]\nnet.workspace = true", Some(workspace), Some("net"));
        check("[dependencies]\nnet = { workspace = true }", Some(workspace), Some("net"));
        check("[dependencies]\nother = { workspace = true }", Some(workspace), None);
    }

    #[test]
    fn other_tables_and_hostile_text_find_nothing() {
        for manifest in
            ["", "[", "[dependencies", "=\n[dependencies]\n=", "[features]\nsystemge = []", "[dependencies.]"]
        {
            check(manifest, None, None);
        }
    }
}

//! Static folders.
//!
//! What is here decides which files there are: none whose name starts with a dot, none outside of the folder, not even
//! through a symbolic link, and only regular ones. How a file is sent is in `file`.

use std::path::{Path, PathBuf};

use ::http::header::{HeaderValue, LOCATION};
use ::http::{Method, StatusCode};
use percent_encoding::percent_decode_str;

use super::file::{self, File};
use super::site::other_methods;
use crate::web::{Refusal, WebError};

/// A folder that is served below a URL prefix.
pub(super) struct Folder {
    /// The segments of the URL prefix.
    prefix: Vec<String>,
    /// The folder without symbolic links on the way to it.
    root: PathBuf,
    cache_control: String,
}

/// What a folder has under a path.
pub(super) enum Served {
    File(File),
    /// Something, but the request wants it in another way.
    Refused(Refusal),
}

impl Folder {
    /// Checks that the folder is there; a relative one starts at `base`.
    pub(super) async fn open(
        prefix: &str,
        folder: &Path,
        base: Option<&Path>,
        cache_control: &str,
    ) -> Result<Self, WebError> {
        let segments = prefix_segments(prefix).ok_or_else(|| {
            WebError::Route(format!(
                "a folder cannot be served at `{prefix}`; a URL prefix starts with `/` and has plain segments"
            ))
        })?;
        let folder = base.map_or_else(|| folder.to_owned(), |base| base.join(folder));
        let failed = |source| WebError::Folder { prefix: prefix.to_owned(), folder: folder.clone(), source };
        let root = tokio::fs::canonicalize(&folder).await.map_err(failed)?;
        // reading it is the check: it tells a file from a folder, and whether we may
        drop(tokio::fs::read_dir(&root).await.map_err(failed)?);
        Ok(Self { prefix: segments, root, cache_control: cache_control.to_owned() })
    }

    pub(super) fn prefix(&self) -> &[String] {
        &self.prefix
    }

    /// What the folder has under the path of a request; `None` if nothing.
    pub(super) async fn find(&self, path: &str, method: &Method) -> Option<Served> {
        let (relative, as_folder) = relative_path(self.tail(path)?)?;
        let (mut found, metadata) = self.inside(&self.root.join(relative)).await?;
        if metadata.is_dir() {
            let (index, metadata) = self.inside(&found.join(INDEX)).await?;
            if !metadata.is_file() {
                return None;
            }
            if !path.ends_with('/') {
                // relative links of the page would miss a level
                return to_folder(path).map(Served::Refused);
            }
            found = index;
        } else if as_folder || !metadata.is_file() {
            return None;
        }
        if method != Method::GET && method != Method::HEAD {
            return Some(Served::Refused(other_methods(method, &[Method::GET, Method::HEAD])));
        }
        Some(Served::File(File::new(found).cache_control(self.cache_control.as_str())))
    }

    /// What of a path stands behind the prefix.
    fn tail<'p>(&self, path: &'p str) -> Option<&'p str> {
        let mut rest = path.strip_prefix('/')?;
        for segment in &self.prefix {
            let (first, more) = rest.split_once('/').unwrap_or((rest, ""));
            if first != segment {
                return None;
            }
            rest = more;
        }
        Some(rest)
    }

    /// A path without symbolic links, if there is something and it lies inside of the folder.
    async fn inside(&self, path: &Path) -> Option<(PathBuf, std::fs::Metadata)> {
        file::real(path).await.filter(|(path, _)| path.starts_with(&self.root))
    }
}

/// The segments of a URL prefix, `/a/b` or `/a/b/`; none for `/`.
fn prefix_segments(prefix: &str) -> Option<Vec<String>> {
    let inner = prefix.strip_prefix('/')?;
    if inner.is_empty() {
        return Some(Vec::new());
    }
    let inner = inner.strip_suffix('/').unwrap_or(inner);
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '~');
    let segments: Vec<_> = inner.split('/').map(str::to_owned).collect();
    let valid =
        |segment: &String| !segment.is_empty() && !segment.starts_with('.') && segment.chars().all(plain);
    segments.iter().all(valid).then_some(segments)
}

/// The path that a URL names below the folder, and whether it names a folder, by a slash at its end.
fn relative_path(tail: &str) -> Option<(PathBuf, bool)> {
    let tail = percent_decode_str(tail).decode_utf8().ok()?;
    let inner = tail.strip_suffix('/').unwrap_or(&tail);
    let as_folder = inner.len() < tail.len();
    let mut path = PathBuf::new();
    if inner.is_empty() {
        return (!as_folder).then_some((path, true));
    }
    for segment in inner.split('/') {
        let hidden = segment.is_empty() || segment.starts_with('.');
        if hidden || segment.contains(['\\', ':']) || segment.contains(char::is_control) {
            return None;
        }
        path.push(segment);
    }
    Some((path, as_folder))
}

/// Sends the client to the same path with a slash at its end. The path has no empty segment before its end, so it
/// can't lead to another host.
fn to_folder(path: &str) -> Option<Refusal> {
    let location = HeaderValue::from_str(&format!("{path}/")).ok().filter(|_| !path.starts_with("//"))?;
    Some(Refusal::new(StatusCode::MOVED_PERMANENTLY, "this is a folder").with(LOCATION, location))
}

const INDEX: &str = "index.html";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_names_a_path_below_the_folder_or_nothing() {
        let check = |tail: &str, expected: Option<(&str, bool)>| {
            let expected = expected.map(|(path, as_folder)| (PathBuf::from(path), as_folder));
            assert_eq!(relative_path(tail), expected, "{tail}");
        };
        check("", Some(("", true)));
        check("a.css", Some(("a.css", false)));
        check("css/a%20b.css", Some(("css/a b.css", false)));
        check("css/", Some(("css", true)));
        for refused in [
            "/",
            "//",
            "a//b",
            "/etc/passwd",
            "..",
            "../a",
            "a/../b",
            "a/..",
            "%2e%2e/a",
            "..%2fa",
            "a%2f..%2fb",
            "%2fetc",
            ".git/config",
            "a/.env",
            ".",
            "a/.",
            "a\\b",
            "..\\a",
            "%5c",
            "c:a",
            "a%00",
            "a%0a",
            "%ff",
        ] {
            check(refused, None);
        }
    }

    #[test]
    fn a_prefix_has_plain_segments() {
        let check = |prefix: &str, expected: Option<&[&str]>| {
            let expected = expected.map(|all| all.iter().map(ToString::to_string).collect::<Vec<_>>());
            assert_eq!(prefix_segments(prefix), expected, "{prefix}");
        };
        check("/", Some(&[]));
        check("/a", Some(&["a"]));
        check("/a/b.c/", Some(&["a", "b.c"]));
        for refused in ["", "a", "//", "/a//b", "/..", "/.a", "/a b", "/{a}"] {
            check(refused, None);
        }
    }
}

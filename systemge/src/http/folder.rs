//! Static folders.
//!
//! warp serves the files: content types, ranges, `Last-Modified`. What is here decides which files there are: none
//! whose name starts with a dot, none outside of the folder, not even through a symbolic link, and only regular ones.

use std::fs::Metadata;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::UNIX_EPOCH;

use ::http::header::{ETAG, HeaderValue, IF_NONE_MATCH, LAST_MODIFIED, LOCATION};
use ::http::{HeaderMap, Method, StatusCode};
use percent_encoding::percent_decode_str;
use warp::Filter as _;
use warp::filters::BoxedFilter;
use warp::filters::fs::File;
use warp::path::FullPath;
use warp::reject::Rejection;
use warp::reply::{Reply as _, Response};

use super::site::other_methods;
use crate::web::{Refusal, Site, WebError};

/// A folder that is served below a URL prefix.
pub(super) struct Folder {
    /// The segments of the URL prefix.
    prefix: Vec<String>,
    /// The folder without symbolic links on the way to it.
    root: PathBuf,
}

impl Folder {
    /// Checks that the folder is there; a relative one starts at `base`.
    pub(super) async fn open(prefix: &str, folder: &Path, base: Option<&Path>) -> Result<Self, WebError> {
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
        Ok(Self { prefix: segments, root })
    }

    pub(super) fn prefix(&self) -> &[String] {
        &self.prefix
    }

    pub(super) fn filter(self) -> Site {
        let mut prefix: BoxedFilter<()> = warp::any().boxed();
        for segment in self.prefix {
            prefix = prefix.and(warp::path::path(segment)).boxed();
        }
        let root: Arc<Path> = self.root.as_path().into();
        let allowed = warp::path::peek()
            .and(warp::path::full())
            .and(warp::method())
            .and_then(move |tail: warp::path::Peek, path: FullPath, method: Method| {
                check(root.clone(), tail, path, method)
            })
            .untuple_one();
        prefix
            .and(allowed)
            .and(warp::fs::dir(self.root))
            .and(warp::header::headers_cloned())
            .then(tagged)
            .boxed()
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

/// Lets a request through to a file that there is.
async fn check(
    root: Arc<Path>,
    tail: warp::path::Peek,
    path: FullPath,
    method: Method,
) -> Result<(), Rejection> {
    let (relative, as_folder) = relative_path(tail.as_str()).ok_or_else(warp::reject::not_found)?;
    let found = inside(&root, &root.join(relative)).await.ok_or_else(warp::reject::not_found)?;
    let file = if found.1.is_dir() {
        let index = inside(&root, &found.0.join(INDEX)).await.ok_or_else(warp::reject::not_found)?;
        if !path.as_str().ends_with('/') {
            // relative links of the page would miss a level
            return Err(to_folder(&path));
        }
        index
    } else if as_folder {
        return Err(warp::reject::not_found());
    } else {
        found
    };
    if !file.1.is_file() {
        return Err(warp::reject::not_found());
    }
    if method != Method::GET && method != Method::HEAD {
        return Err(other_methods(&method, &[Method::GET, Method::HEAD]).reject());
    }
    Ok(())
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

/// A path without symbolic links, if there is something and it lies inside of the folder.
async fn inside(root: &Path, path: &Path) -> Option<(PathBuf, Metadata)> {
    let path = tokio::fs::canonicalize(path).await.ok()?;
    if !path.starts_with(root) {
        return None;
    }
    let metadata = tokio::fs::metadata(&path).await.ok()?;
    Some((path, metadata))
}

/// Sends the client to the same path with a slash at its end. The path has no empty segment before its end, so it
/// can't lead to another host.
fn to_folder(path: &FullPath) -> Rejection {
    match HeaderValue::from_str(&format!("{}/", path.as_str())) {
        Ok(location) if !path.as_str().starts_with("//") => {
            Refusal::new(StatusCode::MOVED_PERMANENTLY, "this is a folder").with(LOCATION, location).reject()
        }
        _ => warp::reject::not_found(),
    }
}

/// Adds the entity tag, and answers 304 where the client has it already (RFC 9110, 13.1.2).
async fn tagged(file: File, headers: HeaderMap) -> Response {
    let metadata = tokio::fs::metadata(file.path()).await.ok();
    let mut response = file.into_response();
    let Some(tag) = metadata.as_ref().and_then(entity_tag) else { return response };
    if response.status() == StatusCode::OK || response.status() == StatusCode::PARTIAL_CONTENT {
        let asked = headers.get_all(IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
        let known = asked.flat_map(|value| value.split(',')).any(|known| {
            let known = known.trim();
            known == "*" || known.strip_prefix("W/").unwrap_or(known) == tag
        });
        if known {
            let mut unchanged = Response::default();
            *unchanged.status_mut() = StatusCode::NOT_MODIFIED;
            if let Some(modified) = response.headers_mut().remove(LAST_MODIFIED) {
                unchanged.headers_mut().insert(LAST_MODIFIED, modified);
            }
            response = unchanged;
        }
    }
    if let Ok(tag) = HeaderValue::from_str(&tag) {
        response.headers_mut().insert(ETAG, tag);
    }
    response
}

/// A tag of the file's length and the time of its last change.
fn entity_tag(metadata: &Metadata) -> Option<String> {
    let modified = metadata.modified().ok()?.duration_since(UNIX_EPOCH).ok()?;
    Some(format!("\"{:x}-{:x}\"", metadata.len(), modified.as_nanos()))
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

//! Paths of routes: `/api/cell/{row}/{column}`.

use syn::LitStr;

use crate::errors::{Mistake, Sink};

/// The names in braces; reports a path that can't be one.
pub(crate) fn placeholders(path: &LitStr, sink: &Sink<'_>) -> Vec<String> {
    let text = path.value();
    let wrong = |message: String, help: &str| sink.on(path, Mistake::new(501, message).help(help));
    if !text.starts_with('/') {
        let help = format!("write `\"/{text}\"`");
        wrong(format!("the path `{text}` does not start with `/`"), &help);
        return Vec::new();
    }
    if text.contains(['?', '#']) || text.chars().any(char::is_whitespace) {
        wrong(
            format!("the path `{text}` has a query or a space in it"),
            "a path is only what stands before the `?`; take the query as a parameter `Query<..>`",
        );
        return Vec::new();
    }
    let mut names: Vec<String> = Vec::new();
    for segment in text.split('/').skip(1) {
        let inner = segment.strip_prefix('{').and_then(|rest| rest.strip_suffix('}'));
        match inner {
            Some(name) if syn::parse_str::<syn::Ident>(name).is_err() => {
                wrong(
                    format!("`{{{name}}}` is no placeholder"),
                    "write the name of a parameter in the braces",
                );
            }
            Some(name) if names.iter().any(|other| other == name) => {
                wrong(
                    format!("`{{{name}}}` stands twice in the path"),
                    "give the two segments different names",
                );
            }
            Some(name) => names.push(name.to_owned()),
            None if segment.starts_with(':') && segment.len() > 1 => {
                wrong(format!("`{segment}` is no placeholder"), &format!("write `{{{}}}`", &segment[1..]));
            }
            None if segment.contains(['{', '}']) => {
                wrong(
                    format!("`{segment}` has braces inside a segment"),
                    "a placeholder is a whole segment, such as `/cell/{row}`",
                );
            }
            None => {}
        }
    }
    names
}

/// The path with all placeholders alike, since their names make no difference to who is asked.
pub(crate) fn normalized(path: &str) -> String {
    let segments = path.split('/').map(|segment| if segment.starts_with('{') { "{}" } else { segment });
    segments.collect::<Vec<_>>().join("/")
}

#[cfg(test)]
mod tests {
    use proc_macro2::Span;

    use super::*;
    use crate::errors::ErrorStore;

    #[track_caller]
    fn check(path: &str, expected: Result<&[&str], &str>) {
        let store = ErrorStore::default();
        let names = placeholders(&LitStr::new(path, Span::call_site()), &store.sink());
        let errors = store.into_sorted();
        match expected {
            Ok(expected) => {
                assert!(errors.is_empty(), "{path}: {errors:?}");
                assert_eq!(names, expected, "{path}");
            }
            Err(part) => {
                assert!(errors.len() == 1 && errors[0].to_string().contains(part), "{path}: {errors:?}")
            }
        }
    }

    #[test]
    fn placeholders_are_whole_segments() {
        check("/", Ok(&[]));
        check("/api/cell/{row}/{column}", Ok(&["row", "column"]));
        check("api", Err("does not start"));
        check("", Err("does not start"));
        check("/a?b=c", Err("query"));
        check("/a{b}", Err("inside a segment"));
        check("/{}", Err("no placeholder"));
        check("/{a b}", Err("space"));
        check("/{a}/{a}", Err("twice"));
        check("/:a", Err("no placeholder"));
    }

    #[test]
    fn names_of_placeholders_make_no_difference() {
        assert_eq!(normalized("/cell/{row}"), normalized("/cell/{id}"));
        assert_ne!(normalized("/cell/{row}"), normalized("/cell/row"));
    }
}

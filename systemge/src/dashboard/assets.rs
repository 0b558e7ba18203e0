//! The page: files that are part of the program.

macro_rules! assets {
    ($($path:literal: $file:literal as $kind:literal),* $(,)?) => {
        const ASSETS: &[(&str, Asset)] = &[
            $(($path, Asset { kind: $kind, bytes: include_bytes!(concat!("page/", $file)) })),*
        ];
    };
}

/// A file of the page.
#[derive(Debug, Clone, Copy)]
pub(super) struct Asset {
    pub(super) kind: &'static str,
    pub(super) bytes: &'static [u8],
}

assets! {
    "/": "index.html" as "text/html; charset=utf-8",
    "/theme.css": "theme.css" as "text/css; charset=utf-8",
    "/style.css": "style.css" as "text/css; charset=utf-8",
    "/icon.svg": "icon.svg" as "image/svg+xml",
    "/app.js": "app.js" as "text/javascript; charset=utf-8",
    "/api.js": "api.js" as "text/javascript; charset=utf-8",
    "/actions.js": "actions.js" as "text/javascript; charset=utf-8",
    "/activity.js": "activity.js" as "text/javascript; charset=utf-8",
    "/chart.js": "chart.js" as "text/javascript; charset=utf-8",
    "/commands.js": "commands.js" as "text/javascript; charset=utf-8",
    "/dom.js": "dom.js" as "text/javascript; charset=utf-8",
    "/fleet.js": "fleet.js" as "text/javascript; charset=utf-8",
    "/format.js": "format.js" as "text/javascript; charset=utf-8",
    "/login.js": "login.js" as "text/javascript; charset=utf-8",
    "/node.js": "node.js" as "text/javascript; charset=utf-8",
    "/peers.js": "peers.js" as "text/javascript; charset=utf-8",
    "/settings.js": "settings.js" as "text/javascript; charset=utf-8",
    "/theme.js": "theme.js" as "text/javascript; charset=utf-8",
    "/topology.js": "topology.js" as "text/javascript; charset=utf-8",
}

/// The file at a path.
pub(super) fn find(path: &str) -> Option<Asset> {
    ASSETS.iter().find(|(found, _)| *found == path).map(|(_, asset)| *asset)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_loads_only_what_is_part_of_it() {
        for (path, asset) in ASSETS {
            let text = std::str::from_utf8(asset.bytes).unwrap();
            assert!(!text.is_empty(), "{path}");
            let foreign = |text: &str| text.replace("http://www.w3.org/", "").contains("http://");
            assert!(!foreign(text) && !text.contains("https://"), "{path} names another host");
            for import in text.lines().filter(|line| line.starts_with("import ")) {
                let file = import.rsplit_once("\"./").and_then(|(_, file)| file.split('"').next());
                assert!(find(&format!("/{}", file.unwrap_or_default())).is_some(), "{path}: {import}");
            }
        }
    }

    #[test]
    fn the_page_has_no_way_to_write_html() {
        for (path, asset) in ASSETS.iter().filter(|(path, _)| path.ends_with(".js")) {
            let text = std::str::from_utf8(asset.bytes).unwrap();
            for word in
                ["innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "new Function"]
            {
                assert!(!text.contains(word), "{path} has {word}");
            }
        }
    }
}

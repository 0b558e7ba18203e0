//! The certificates of the sample: made once, by whichever of its processes is the first.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use systemge::certificates::Authority;
use systemge::{Error, Result};

/// The name of the CA's files.
pub const CA: &str = "ca";

/// Makes a CA and the certificates of both nodes in a folder that is not there yet; keys can be read by their owner alone.
///
/// # Errors
///
/// If they can't be made or written.
pub fn make(folder: &Path) -> Result<()> {
    if folder.exists() {
        return Ok(());
    }
    // another process may do the same: the folder appears as a whole, and the first one stays
    let new = folder.with_extension(format!("{}.new", std::process::id()));
    let authority = Authority::new("ping-spawner")?;
    authority.own().write(&new, CA, true)?;
    for node in ["gateway", "spawner"] {
        authority.node(node).issue()?.write(&new, node, true)?;
    }
    match fs::rename(&new, folder) {
        Err(_) if folder.exists() => Ok(fs::remove_dir_all(&new)?),
        Err(error) if error.kind() == ErrorKind::NotFound => {
            Err(Error::message(format!("`{}` can't be made: {error}", folder.display())))
        }
        renamed => Ok(renamed?),
    }
}

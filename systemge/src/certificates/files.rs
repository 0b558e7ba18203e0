//! Certificates and keys in files. A key is never readable by others, not even for a moment.

use std::fs::{self, OpenOptions};
use std::io::{self, ErrorKind, Write as _};
use std::path::{Path, PathBuf};

use super::{Authority, Certificate, CertificateError};

/// Why certificates can't be written or read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FileError {
    /// There is a file of that name, which might still be needed. The caller's decision.
    #[error("`{}` is there already; it is replaced only if that is asked for", .0.display())]
    Exists(PathBuf),
    /// A file can't be read or written.
    #[error("`{}` can't be read or written", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the operating system says.
        source: io::Error,
    },
    /// What is in the files is no authority.
    #[error(transparent)]
    Certificate(#[from] CertificateError),
}

impl Certificate {
    /// Writes `NAME.pem` and `NAME.key` into a folder, which is made if it is not there. The key can be read by its owner
    /// alone.
    ///
    /// # Errors
    ///
    /// If one of the files is there already and `replace` is false, or if they can't be written. A failed write leaves
    /// what was there before.
    pub fn write(&self, folder: &Path, name: &str, replace: bool) -> Result<(), FileError> {
        let [certificate, key] = paths(folder, name);
        make(folder).map_err(|source| FileError::Io { path: folder.to_owned(), source })?;
        if !replace && let Some(there) = [&key, &certificate].into_iter().find(|path| path.exists()) {
            return Err(FileError::Exists(there.clone()));
        }
        put(&key, self.key().as_bytes(), 0o600, replace)?;
        put(&certificate, self.certificate().as_bytes(), 0o644, replace)
    }
}

impl Authority {
    /// Reads what [`Certificate::write`] has written of an authority.
    ///
    /// # Errors
    ///
    /// If the files can't be read or are no authority.
    pub fn read(folder: &Path, name: &str) -> Result<Self, FileError> {
        let read = |path: &Path| {
            fs::read_to_string(path).map_err(|source| FileError::Io { path: path.to_owned(), source })
        };
        let [certificate, key] = paths(folder, name);
        Ok(Self::from_pem(&read(&certificate)?, &read(&key)?)?)
    }
}

/// Makes a folder that only its owner changes, whatever the process gives to others otherwise: whoever could replace a
/// certificate there would be trusted.
fn make(folder: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o755);
    builder.create(folder)
}

/// The files of a certificate and its key.
fn paths(folder: &Path, name: &str) -> [PathBuf; 2] {
    ["pem", "key"].map(|extension| folder.join(format!("{name}.{extension}")))
}

/// Writes a file that has its permissions before it has its first byte. One that is replaced is so in one step.
fn put(path: &Path, bytes: &[u8], mode: u32, replace: bool) -> Result<(), FileError> {
    let failed = |source: io::Error| match source.kind() {
        ErrorKind::AlreadyExists => FileError::Exists(path.to_owned()),
        _ => FileError::Io { path: path.to_owned(), source },
    };
    let mut new = path.as_os_str().to_owned();
    if replace {
        new.push(".new");
    }
    let new = PathBuf::from(new);
    if replace {
        // left behind by a write that was cut short
        match fs::remove_file(&new) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(failed(error)),
            _ => {}
        }
    }
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, mode);
    #[cfg(not(unix))]
    let _ = mode;
    let mut file = options.open(&new).map_err(failed)?;
    file.write_all(bytes).and_then(|()| file.sync_all()).map_err(failed)?;
    if replace {
        fs::rename(&new, path).map_err(failed)?;
    }
    Ok(())
}

//! A file that is set aside when it gets too large or too old.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use crate::config::LogFileConfig;

/// A file that is set aside when it gets too large or too old.
#[derive(Debug)]
pub(super) struct RotatingFile {
    path: PathBuf,
    max_bytes: u64,
    max_age: Option<Duration>,
    keep: usize,
    /// Not there after it could not be opened; the next line tries again.
    open: Option<Open>,
}

#[derive(Debug)]
struct Open {
    file: File,
    bytes: u64,
    begun: SystemTime,
}

impl RotatingFile {
    /// Opens the file, and goes on where it ends.
    pub(super) fn open(path: PathBuf, config: &LogFileConfig) -> io::Result<Self> {
        let mut this = Self {
            path,
            max_bytes: config.max_bytes as u64,
            max_age: Some(config.max_age).filter(|age| !age.is_zero()),
            keep: config.keep,
            open: None,
        };
        this.reopen()?;
        Ok(this)
    }

    fn reopen(&mut self) -> io::Result<()> {
        if let Some(folder) = self.path.parent() {
            fs::create_dir_all(folder)?;
        }
        let file = OpenOptions::new().append(true).create(true).open(&self.path)?;
        let metadata = file.metadata()?;
        // not every file system knows when a file was made
        let begun = metadata.created().or_else(|_| metadata.modified()).unwrap_or_else(|_| SystemTime::now());
        self.open = Some(Open { file, bytes: metadata.len(), begun });
        Ok(())
    }

    /// Writes whole lines.
    pub(super) fn write(&mut self, lines: &[u8]) -> io::Result<()> {
        if self.open.is_none() {
            self.reopen()?;
        }
        if self.open.as_ref().is_some_and(|open| self.is_full(open, lines.len() as u64)) {
            self.set_aside()?;
        }
        if let Some(open) = &mut self.open {
            open.bytes += lines.len() as u64;
            open.file.write_all(lines)?;
        }
        Ok(())
    }

    fn is_full(&self, open: &Open, more: u64) -> bool {
        // a clock that was set back makes no file old
        let age = SystemTime::now().duration_since(open.begun).unwrap_or_default();
        open.bytes > 0
            && (open.bytes.saturating_add(more) > self.max_bytes
                || self.max_age.is_some_and(|most| age >= most))
    }

    /// `FILE.1` becomes `FILE.2` and so on, `FILE` becomes `FILE.1`, and a new `FILE` is begun.
    fn set_aside(&mut self) -> io::Result<()> {
        self.open = None;
        let place = |number: usize| match number {
            0 => self.path.clone(),
            number => numbered(&self.path, number),
        };
        missing_is_fine(fs::remove_file(place(self.keep)))?;
        for number in (0..self.keep).rev() {
            missing_is_fine(fs::rename(place(number), place(number + 1)))?;
        }
        self.reopen()?;
        if let Some(open) = &mut self.open {
            // some file systems give a new file the age of the one that had its name
            open.begun = SystemTime::now();
        }
        Ok(())
    }
}

fn numbered(path: &Path, number: usize) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".{number}"));
    name.into()
}

fn missing_is_fine(result: io::Result<()>) -> io::Result<()> {
    match result {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        result => result,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_set_aside_when_it_is_too_old_whatever_its_size() {
        let folder = std::env::temp_dir().join(format!("systemge-age-{}", std::process::id()));
        let path = folder.join("node.log");
        let config = LogFileConfig { max_age: Duration::from_secs(3600), ..LogFileConfig::default() };
        let mut file = RotatingFile::open(path.clone(), &config).unwrap();
        file.write(b"first\n").unwrap();
        file.write(b"second\n").unwrap();
        file.open.as_mut().unwrap().begun -= Duration::from_secs(3600);
        file.write(b"third\n").unwrap();
        file.write(b"fourth\n").unwrap();
        let read = |path: &Path| fs::read_to_string(path).unwrap();
        assert_eq!(
            (read(&numbered(&path, 1)), read(&path)),
            ("first\nsecond\n".into(), "third\nfourth\n".into())
        );
        // a clock that is set back makes no file old
        file.open.as_mut().unwrap().begun += Duration::from_secs(7200);
        file.write(b"fifth\n").unwrap();
        assert_eq!(read(&path), "third\nfourth\nfifth\n");
        fs::remove_dir_all(folder).unwrap();
    }
}

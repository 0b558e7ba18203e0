//! A bounded queue in front of a thread that writes: whoever logs never waits for a disk.

use std::io;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::rotation::RotatingFile;

/// Where lines are written.
#[derive(Debug)]
pub(super) enum Target {
    /// A file.
    File(Mutex<RotatingFile>),
    /// Where a person sees them.
    Console,
}

/// A place that lines are written to, and what was lost on the way.
#[derive(Debug)]
pub(super) struct Sink {
    target: Target,
    /// For what is said about it.
    name: String,
    /// Lines that found the queue full, and were not told of yet.
    dropped: AtomicU64,
    /// Lines that could not be written, and were not told of yet.
    failed: AtomicU64,
}

impl Sink {
    pub(super) fn new(target: Target, name: String) -> Arc<Self> {
        Arc::new(Self { target, name, dropped: AtomicU64::new(0), failed: AtomicU64::new(0) })
    }

    fn write(&self, line: &[u8]) -> io::Result<()> {
        match &self.target {
            Target::File(file) => file.lock().unwrap_or_else(PoisonError::into_inner).write(line),
            Target::Console => crate::console::write(line),
        }
    }
}

enum Job {
    Write(Arc<Sink>, String),
    Flush(SyncSender<()>),
}

/// The queue.
pub(super) struct Queue {
    jobs: SyncSender<Job>,
    bytes: Arc<AtomicUsize>,
}

impl Queue {
    /// A queue with its thread, which lives as long as the program.
    pub(super) fn start() -> io::Result<Self> {
        let (jobs, receiver) = sync_channel(MOST_LINES);
        let bytes = Arc::<AtomicUsize>::default();
        let waiting = bytes.clone();
        std::thread::Builder::new()
            .name("systemge-log".to_owned())
            .spawn(move || write_all(&receiver, &waiting))?;
        Ok(Self { jobs, bytes })
    }

    /// Hands a line over; one for which there is no room is dropped, counted, and told of in its place.
    pub(super) fn push(&self, sink: &Arc<Sink>, line: String) {
        let length = line.len();
        if self.bytes.fetch_add(length, Relaxed) + length > MOST_BYTES
            || self.jobs.try_send(Job::Write(sink.clone(), line)).is_err()
        {
            self.bytes.fetch_sub(length, Relaxed);
            sink.dropped.fetch_add(1, Relaxed);
        }
    }

    /// Waits until what was handed over before is written, at most that long.
    pub(super) fn flush(&self, patience: Duration) {
        let (done, written) = sync_channel(1);
        let end = Instant::now() + patience;
        let mut job = Job::Flush(done);
        while let Err(TrySendError::Full(again)) = self.jobs.try_send(job) {
            if Instant::now() >= end {
                return;
            }
            std::thread::sleep(Duration::from_millis(1));
            job = again;
        }
        // too slow a disk keeps no program from ending
        let _ = written.recv_timeout(end.saturating_duration_since(Instant::now()));
    }
}

fn write_all(jobs: &Receiver<Job>, waiting: &AtomicUsize) {
    // the sinks that have something to tell of, which they can do when there is room again
    let mut last: Vec<Arc<Sink>> = Vec::new();
    loop {
        match jobs.recv_timeout(TELL_AFTER) {
            Ok(Job::Write(sink, line)) => {
                waiting.fetch_sub(line.len(), Relaxed);
                if sink.write(line.as_bytes()).is_err() {
                    sink.failed.fetch_add(1, Relaxed);
                }
                tell(&sink);
                if !last.iter().any(|known| Arc::ptr_eq(known, &sink)) {
                    last.push(sink);
                }
            }
            Ok(Job::Flush(done)) => {
                last.iter().for_each(|sink| tell(sink));
                // who asked may have lost patience
                let _ = done.try_send(());
            }
            Err(RecvTimeoutError::Timeout) => {
                last.iter().for_each(|sink| tell(sink));
                last.clear();
            }
            Err(RecvTimeoutError::Disconnected) => return,
        }
    }
}

/// Says how many lines were lost: dropped ones where they are missing, unwritable ones where people look.
fn tell(sink: &Sink) {
    let dropped = sink.dropped.swap(0, Relaxed);
    if dropped > 0 {
        let line = format!("{dropped} log lines were dropped: they came faster than they could be written\n");
        if sink.write(line.as_bytes()).is_err() {
            sink.failed.fetch_add(dropped, Relaxed);
        }
    }
    let failed = sink.failed.swap(0, Relaxed);
    if failed > 0 {
        let line = format!("{failed} log lines could not be written to {}\n", sink.name);
        // nobody is left to be told
        let _ = crate::console::write(line.as_bytes());
    }
}

const MOST_LINES: usize = 16 * 1024;

/// How many bytes of lines wait to be written.
const MOST_BYTES: usize = 8 * 1024 * 1024;

/// After how much silence it is looked whether something was dropped.
const TELL_AFTER: Duration = Duration::from_millis(500);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::LogFileConfig;

    #[test]
    fn lines_for_which_there_is_no_room_are_told_of_where_they_are_missing() {
        let path = std::env::temp_dir().join(format!("systemge-dropped-{}.log", std::process::id()));
        let file = RotatingFile::open(path.clone(), &LogFileConfig::default()).unwrap();
        let sink = Sink::new(Target::File(Mutex::new(file)), "the file".to_owned());
        let queue = Queue::start().unwrap();
        let Target::File(file) = &sink.target else { unreachable!("it is a file") };
        let disk = file.lock().unwrap();
        // the thread waits for the disk with one line in its hand, at most
        let pushed = MOST_LINES + 10;
        (0..pushed).for_each(|_| queue.push(&sink, "a line\n".to_owned()));
        drop(disk);
        queue.flush(Duration::from_secs(60));
        let text = std::fs::read_to_string(&path).unwrap();
        let written = text.lines().filter(|line| *line == "a line").count();
        let told = text.lines().filter_map(|line| {
            line.strip_suffix(" log lines were dropped: they came faster than they could be written")
        });
        let told: usize = told.map(|count| count.parse::<usize>().unwrap()).sum();
        assert!((9..=10).contains(&told), "{told}");
        assert_eq!(written + told, pushed);
        std::fs::remove_file(path).unwrap();
    }
}

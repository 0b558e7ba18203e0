//! Lines that a person types at a terminal: with editing, history and completion.

use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Weak};

use rustyline::completion::Completer;
use rustyline::config::BellStyle;
use rustyline::error::ReadlineError;
use rustyline::highlight::Highlighter;
use rustyline::hint::Hinter;
use rustyline::history::MemHistory;
use rustyline::validate::Validator;
use rustyline::{CompletionType, Config, Editor, Helper};
use tokio::sync::mpsc;

use super::Running;
use super::registry::Registry;
use super::standard_input::{LONGEST_LINE, answer, show};

/// Lets a person type until the system ends. Ctrl-C and Ctrl-D end the system, as `exit` does.
///
/// Returns false at once if the terminal can't do it.
pub(super) async fn read_commands(system: &Running) -> bool {
    #[cfg_attr(not(feature = "logging"), expect(unused_mut, reason = "log lines are what needs it"))]
    let Ok(mut editor) = editor(system) else { return false };
    #[cfg(feature = "logging")]
    if let Ok(mut printer) = editor.create_external_printer() {
        use rustyline::ExternalPrinter as _;
        // it fails when nobody reads it any more
        crate::console::set_printer(Box::new(move |text| drop(printer.print(text))));
    }
    let (wanted, mut lines) = type_lines(editor);
    while !system.is_ending() && wanted.send(()).await.is_ok() {
        TYPING.store(true, Relaxed);
        let line = tokio::select! {
            () = system.finished() => break,
            line = lines.recv() => line,
        };
        TYPING.store(false, Relaxed);
        match line {
            Some(Typed::Line(line)) => show(&answer(system, &line).await),
            Some(Typed::End) => system.exit(),
            None => break,
        }
    }
    true
}

enum Typed {
    Line(String),
    End,
}

type TerminalEditor = Editor<Assistant, MemHistory>;

fn editor(system: &Running) -> rustyline::Result<TerminalEditor> {
    let config = Config::builder()
        .completion_type(CompletionType::List)
        .bell_style(BellStyle::None)
        // what is pasted is carried out line by line
        .bracketed_paste(false)
        .max_history_size(HISTORY)?
        .auto_add_history(true)
        .build();
    let history = MemHistory::with_config(&config);
    let mut editor = Editor::with_history(config, history)?;
    editor.set_helper(Some(Assistant { system: Arc::downgrade(system.registry()) }));
    Ok(editor)
}

/// The lines that are typed, each once it is wanted, by a thread of its own.
///
/// The thread belongs to nobody on purpose: waiting for a key can't be interrupted, and neither the runtime nor the end
/// of the program must wait for it. It ends with the program, with the input, or with the receiver.
fn type_lines(mut editor: TerminalEditor) -> (mpsc::Sender<()>, mpsc::Receiver<Typed>) {
    let (wanted, mut wants) = mpsc::channel(1);
    let (sender, receiver) = mpsc::channel(1);
    std::thread::spawn(move || {
        while wants.blocking_recv().is_some() {
            let typed = match editor.readline("> ") {
                Ok(line) if line.len() as u64 > LONGEST_LINE => {
                    tracing::warn!(bytes = line.len(), "the line is too long, and is left aside");
                    Typed::Line(String::new())
                }
                Ok(line) => Typed::Line(line),
                Err(ReadlineError::Interrupted | ReadlineError::Eof) => Typed::End,
                Err(error) => {
                    tracing::warn!(%error, "the terminal can't be read");
                    return;
                }
            };
            if sender.blocking_send(typed).is_err() {
                return;
            }
        }
    });
    (wanted, receiver)
}

/// Whether a line is being typed, after whose prompt nothing else may stand.
static TYPING: AtomicBool = AtomicBool::new(false);

/// Gives the terminal back as it was, at the end of the program: the thread that waits for a key never gets to do it.
pub(super) struct Restored {
    #[cfg(unix)]
    before: Option<nix::sys::termios::Termios>,
}

impl Restored {
    #[cfg(unix)]
    pub(super) fn at_the_end() -> Self {
        Self { before: nix::sys::termios::tcgetattr(std::io::stdin()).ok() }
    }

    #[cfg(not(unix))]
    pub(super) const fn at_the_end() -> Self {
        Self {}
    }
}

impl Drop for Restored {
    fn drop(&mut self) {
        #[cfg(feature = "logging")]
        {
            // up to here log lines stand above the prompt
            crate::logging::flush();
            crate::console::forget_printer();
        }
        #[cfg(unix)]
        if let Some(before) = &self.before {
            use nix::sys::termios::{SetArg, tcsetattr};
            // a terminal that is gone needs nothing
            let _ = tcsetattr(std::io::stdin(), SetArg::TCSADRAIN, before);
        }
        if TYPING.load(Relaxed) {
            show("\n");
        }
    }
}

/// Knows what may follow where a person is about to type.
struct Assistant {
    system: Weak<Registry>,
}

impl Completer for Assistant {
    type Candidate = String;

    fn complete(
        &self,
        line: &str,
        position: usize,
        _: &rustyline::Context<'_>,
    ) -> rustyline::Result<(usize, Vec<String>)> {
        let typed = line.get(..position).unwrap_or(line);
        let Some(registry) = self.system.upgrade() else { return Ok((typed.len(), Vec::new())) };
        let completion = Running::new(registry).complete(typed);
        let mut words = completion.words;
        if let [only] = &mut words[..] {
            only.push(' ');
        }
        Ok((completion.start, words))
    }
}

impl Hinter for Assistant {
    type Hint = String;
}

impl Highlighter for Assistant {}

impl Validator for Assistant {}

impl Helper for Assistant {}

/// How many lines are remembered.
const HISTORY: usize = 1000;

//! Where log lines go while a person types at the terminal: above the line that is being typed, and not through it.

use std::io::{self, Write as _};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Mutex, PoisonError};

/// Prints a text above the line that is being typed. May wait for the terminal.
pub(crate) type Printer = Box<dyn FnMut(String) + Send>;

/// There is one terminal in a process, and at most one person types there.
static PRINTER: Mutex<Option<Printer>> = Mutex::new(None);

/// Whether log lines go through the printer.
static TYPED_AT: AtomicBool = AtomicBool::new(false);

/// From now on, log lines are printed by it, if they would be seen on the same terminal.
#[cfg(feature = "cli")]
pub(crate) fn set_printer(printer: Printer) {
    *PRINTER.lock().unwrap_or_else(PoisonError::into_inner) = Some(printer);
    TYPED_AT.store(io::IsTerminal::is_terminal(&io::stderr()), Relaxed);
}

/// Nobody types any more. Waits for nobody: a printer that is stuck must not keep the program from ending.
#[cfg(feature = "cli")]
pub(crate) fn forget_printer() {
    TYPED_AT.store(false, Relaxed);
}

/// Whether log lines go through the terminal on which a person types.
pub(crate) fn is_typed_at() -> bool {
    TYPED_AT.load(Relaxed)
}

/// Writes log lines to where they are seen; may wait for the terminal.
pub(crate) fn write(lines: &[u8]) -> io::Result<()> {
    if is_typed_at()
        && let Some(printer) = &mut *PRINTER.lock().unwrap_or_else(PoisonError::into_inner)
    {
        printer(String::from_utf8_lossy(lines).into_owned());
        return Ok(());
    }
    io::stderr().lock().write_all(lines)
}

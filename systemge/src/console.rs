//! Where log lines go while a person types at the terminal: above the line that is being typed, and not through it.

use std::io::{self, IsTerminal as _, Write};
use std::sync::{Mutex, PoisonError};

/// Prints a text above the line that is being typed. May wait for the terminal.
pub(crate) type Printer = Box<dyn FnMut(String) + Send>;

/// There is one terminal in a process, and at most one person types there.
static PRINTER: Mutex<Option<Printer>> = Mutex::new(None);

/// From now on, log lines are printed by it; `None` when nobody types any more.
#[cfg(feature = "cli")]
pub(crate) fn set_printer(printer: Option<Printer>) {
    *PRINTER.lock().unwrap_or_else(PoisonError::into_inner) = printer;
}

/// Whether log lines go through the terminal on which a person types.
pub(crate) fn is_typed_at() -> bool {
    PRINTER.lock().unwrap_or_else(PoisonError::into_inner).is_some() && io::stderr().is_terminal()
}

/// Writes log lines to where they are seen.
pub(crate) fn write(lines: &[u8]) -> io::Result<()> {
    if io::stderr().is_terminal()
        && let Some(printer) = &mut *PRINTER.lock().unwrap_or_else(PoisonError::into_inner)
    {
        printer(String::from_utf8_lossy(lines).into_owned());
        return Ok(());
    }
    io::stderr().lock().write_all(lines)
}

//! Hooks: `#[on_start]`, `#[on_stop]`, `#[on_connect]`, `#[on_disconnect]`.

use syn::Attribute;

use crate::attributes::{Carried, arguments_of};
use crate::block::{self, RawMethod, Rules, ValidSignature};
use crate::errors::{Mistake, Sink};

/// A hook that is known to be right.
#[derive(Debug)]
pub(crate) struct Hook {
    pub(crate) signature: ValidSignature,
    pub(crate) carried: Carried,
}

/// Judges a hook; `again` says that the block has one of this kind already.
pub(crate) fn read(
    method: &RawMethod,
    attribute: &Attribute,
    carried: Carried,
    rules: Rules,
    again: bool,
    sink: &Sink<'_>,
) -> Option<Hook> {
    let name = block::path_text(attribute.path());
    for argument in arguments_of(attribute, sink) {
        let mistake = Mistake::new(8, format!("`#[{name}]` takes no options"));
        sink.on(&argument.tokens, mistake.help(format!("write `#[{name}]`")));
    }
    // under a `#[cfg]`, only one of the two may exist
    if again && carried.cfgs.is_empty() {
        let mistake = Mistake::new(506, format!("there are two `#[{name}]`"));
        sink.on(attribute.path(), mistake.help("call the second from the first"));
    }
    let signature = ValidSignature::read(&method.signature, rules, sink)?;
    (!sink.failed()).then_some(Hook { signature, carried })
}

//! Where a value stands, and by which call it is read there.

use super::super::instance::{Call, Instance};

/// Where an expression is evaluated: its folder, the run of its code where that is known, and the repeated block that it
/// stands in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct At {
    pub folder: String,
    pub call: Option<Call>,
    pub(super) each: Option<Each>,
}

/// A block by its words, and which of its instances is meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Each {
    pub(super) words: Vec<String>,
    pub(super) instance: Option<Instance>,
}

impl At {
    pub fn folder(folder: &str) -> At {
        At::run(folder, None)
    }

    /// In one run of the folder's code.
    pub fn run(folder: &str, call: Option<Call>) -> At {
        At { folder: folder.to_owned(), call, each: None }
    }

    /// Within a block.
    pub fn block(self, words: &[&str], instance: Option<Instance>) -> At {
        let words = words.iter().map(|word| (*word).to_owned()).collect();
        At { each: Some(Each { words, instance }), ..self }
    }

    /// In the arguments of a call.
    pub(super) fn caller(call: &Call) -> At {
        let at = At::run(&call.folder, call.caller().cloned());
        match call.name.as_str() {
            "" => at,
            _ if call.is_of_file() => at,
            name => at.block(&["module", name], call.instance.clone()),
        }
    }

    /// Beside the block: what a block is repeated over is not told by its instances.
    pub(super) fn outside(&self) -> At {
        At { each: None, ..self.clone() }
    }
}

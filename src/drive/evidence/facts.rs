//! Facts as text, in one form that depends on nothing else.

use std::fmt::{Display, Write as _};

use jiff::Timestamp;

use crate::model::{Blind, Seen};

/// Facts one after the other, texts with their length before them: no two lists of facts read alike.
#[derive(Default)]
pub(super) struct Facts(pub(super) String);

impl Facts {
    pub(super) fn text(&mut self, text: &str) -> &mut Facts {
        self.word(text.len()).word(text)
    }

    /// Something that has no blanks in it, or whose length is told before.
    pub(super) fn word(&mut self, word: impl Display) -> &mut Facts {
        // A String takes whatever is written to it.
        let _ = write!(self.0, "{word} ");
        self
    }

    pub(super) fn time(&mut self, at: Option<Timestamp>) -> &mut Facts {
        match at {
            Some(at) => self.word(at.as_nanosecond()),
            None => self.word("-"),
        }
    }

    pub(super) fn maybe<T>(&mut self, value: Option<T>, write: impl FnOnce(&mut Facts, T)) {
        let Some(value) = value else { return self.nothing() };
        write(self, value);
    }

    pub(super) fn maybe_text(&mut self, text: Option<&str>) -> &mut Facts {
        match text {
            Some(text) => self.text(text),
            None => self.word("-"),
        }
    }

    pub(super) fn nothing(&mut self) {
        self.word("-");
    }

    pub(super) fn list<T>(&mut self, items: &[T], write: impl Fn(&mut Facts, &T)) {
        self.word(items.len());
        items.iter().for_each(|item| write(self, item));
    }

    pub(super) fn told<T>(&mut self, told: &Result<T, Blind>, write: impl FnOnce(&mut Facts, &T)) {
        match told {
            Ok(what) => write(self, what),
            Err(blind) => {
                self.word(format_args!("{:?}", blind.kind));
            }
        }
    }

    /// Not the date: that it was young enough, the decision has seen to.
    pub(super) fn seen<T>(&mut self, seen: Option<&Seen<T>>, write: impl FnOnce(&mut Facts, &T)) {
        match seen.map(|seen| &seen.what) {
            Some(told) => self.told(told, write),
            None => self.nothing(),
        }
    }
}

pub(super) fn texts(facts: &mut Facts, texts: &[String]) {
    facts.word(texts.len());
    texts.iter().for_each(|text| {
        facts.text(text);
    });
}

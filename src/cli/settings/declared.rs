//! `[check]`: what a team declares about its Terraform, for `check`, `flip` and rotations alike.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::places::{Step, span_of};
use super::read::{Settings, read};
use super::{SettingsError, SettingsFile};
use crate::terraform::{Declared, DeclaredAccount, Written};

/// The whole section.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CheckSettings {
    /// Places that read both slots on purpose: `FOLDER:PLACE`, the place as `keyslot check` names it after “in”.
    /// Folders start from the file; `*` stands for any text.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub mirrors: Vec<String>,
    /// `[[check.account]]`
    #[serde(default, rename = "account", skip_serializing_if = "Vec::is_empty")]
    pub accounts: Vec<CheckAccount>,
}

/// One account and the symbols that stand for it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CheckAccount {
    /// Its name in Azure, or what the team calls it.
    pub name: String,
    /// `FOLDER:ADDRESS` or `ADDRESS`, as `keyslot check` shows them. Folders start from the file; `*` stands for
    /// any text. An address with an instance (`…main["eu"]`) means that one, an address without all of them.
    pub symbols: Vec<String>,
}

impl CheckSettings {
    /// The declarations for a tree whose root lies at `root`, seen from the file's folder.
    pub fn declared(&self, root: &str) -> Declared {
        let account = |account: &CheckAccount| DeclaredAccount {
            name: account.name.clone(),
            symbols: account.symbols.clone(),
        };
        Declared {
            accounts: self.accounts.iter().map(account).collect(),
            mirrors: self.mirrors.clone(),
            root: root.to_owned(),
            ..Declared::default()
        }
    }
}

impl CheckSettings {
    /// What is declared, and where it stands in the text.
    fn places(&self, text: &str) -> BTreeMap<String, Range<usize>> {
        let at = |path: &[Step]| span_of(text, path).map(|span| within_quotes(text, span));
        let mirrors = self
            .mirrors
            .iter()
            .enumerate()
            .map(|(at, mirror)| (mirror, vec!["check".into(), "mirrors".into(), at.into()]));
        let symbols = self.accounts.iter().enumerate().flat_map(|(account, it)| {
            it.symbols.iter().enumerate().map(move |(at, symbol)| {
                let path: Vec<Step> =
                    vec!["check".into(), "account".into(), account.into(), "symbols".into(), at.into()];
                (symbol, path)
            })
        });
        let mut places = BTreeMap::new();
        for (declared, path) in mirrors.chain(symbols) {
            if let Some(span) = at(&path) {
                places.entry(declared.clone()).or_insert(span);
            }
        }
        places
    }
}

/// A text's own bytes.
fn within_quotes(text: &str, span: Range<usize>) -> Range<usize> {
    let quoted = text.get(span.clone()).is_some_and(|it| it.len() > 1 && it.starts_with(['"', '\'']));
    if quoted { span.start + 1..span.end - 1 } else { span }
}

impl SettingsFile {
    /// What a file says of the code in a folder of the disk, and where; nothing for a folder that is not below it.
    /// Release units' outputs are not read.
    ///
    /// # Errors
    /// As [`SettingsFile::load`].
    pub fn declarations(path: &Path, folder: &Path) -> Result<Declared, SettingsError> {
        let text = read(path)?;
        let file = SettingsFile { path: path.to_owned(), settings: Settings::parse(&text, path)? };
        let places = file.settings.check.places(&text);
        Ok(Declared { written: Written { text, places }, ..file.declared_for(folder) })
    }

    fn declared_for(&self, folder: &Path) -> Declared {
        let (Ok(here), Ok(folder)) = (self.folder().canonicalize(), folder.canonicalize()) else {
            return Declared::default();
        };
        match folder.strip_prefix(here) {
            Ok(below) => Declared {
                file: self.path.display().to_string(),
                ..self.settings.check.declared(&below.to_string_lossy().replace('\\', "/"))
            },
            Err(_) => Declared::default(),
        }
    }
}

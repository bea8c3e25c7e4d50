//! `[check]`: what a team declares about its Terraform, for `check`, `flip` and rotations alike.

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::SettingsFile;
use crate::terraform::{Declared, DeclaredAccount};

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

impl SettingsFile {
    /// The declarations for a folder of the disk; none for one that is not below the file.
    pub fn declared_for(&self, folder: &Path) -> Declared {
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

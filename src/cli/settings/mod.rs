//! `keyslot.toml`: what a team tells keyslot about its environments.
//!
//! The types are the file: what is written is what is read, and an unknown key is refused with the nearest
//! known one. Single values are checked where they are read, everything that takes two values in `check`.
//! There are no secrets in it, only where to find them; no error repeats a value that could be one.
//!
//! | word | what it means |
//! | --- | --- |
//! | settings | the whole file |
//! | chosen | one environment of it, with the paths made absolute |
//! | duration | text such as `"90s"`, `"15m"`, `"1h30m"`, `"90d"`; world time |
//! | token source | `{ env = "NAME" }` or `{ file = "path" }` |

mod check;
mod choose;
mod declared;
mod duration;
mod endpoints;
mod environment;
mod error;
mod find;
mod places;
mod policy;
mod read;
mod readers;
mod release;
mod stamp;
#[cfg(test)]
mod tests;
mod units;
mod validation;
mod value;

pub use crate::model::Network;
pub use choose::Chosen;
pub use declared::{CheckAccount, CheckSettings};
pub use endpoints::{ClockSettings, CredentialKind, Endpoints};
pub use environment::{
    AccountSettings, AuthorSettings, CommitBy, Environment, ProbeSettings, SecretSettings, SignCommits,
    TerraformSettings, WorkloadSettings,
};
pub use error::SettingsError;
pub use find::{FILE_NAME, find};
pub use policy::{AgeSettings, PaceSettings, PolicySettings};
pub use read::{Settings, SettingsFile};
pub use readers::{LogSettings, ReaderSettings};
pub use release::{
    AppName, AppRight, AppSettings, ForgeKind, ForgeSettings, PipelineKind, PipelineName, PipelineSettings,
    ReleaseSettings, StageSettings, TokenKind, Trigger, azure_devops, github_api,
};
pub use stamp::{AksSettings, InventorySettings, StampSettings, UnitSettings};
pub use validation::ValidationSettings;
pub use value::{Span, TokenPlace, WebAddress};

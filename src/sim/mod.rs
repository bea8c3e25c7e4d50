//! The simulated world: the same ports, and the same wire protocols, from one seeded state machine.
//!
//! [`World`] is synchronous, does no IO and reads no clock: time passes when it is told to. Its parts are the
//! repository with pull requests and the people around them, the release pipeline, the account with its keys,
//! and stamps with a vault and a cluster each. The outage meter counts every request of a pod that a dead key
//! refused. [`memory`] puts the ports on it, [`wire`] the protocols. It uses nothing of keyslot's own reading of
//! Terraform and nothing of its decisions: it is what they are tested against.

pub mod account;
mod audit;
pub mod command;
mod compare;
pub mod config;
mod counters;
mod deeds;
mod deployment;
mod events;
pub mod fault;
mod forge;
mod genesis;
mod keys;
pub mod kubernetes;
mod logs;
pub mod memory;
pub mod meter;
mod metrics;
mod outcome;
mod people;
pub mod pipeline;
mod pull;
mod refusal;
pub mod repository;
mod secrets_map;
mod seed;
mod shared;
mod stamp;
pub mod time;
mod validation;
pub mod vault;
pub mod wire;
mod world;

pub use account::{Key, KeyId, OperationStatus, Regeneration};
pub use audit::{AuditRow, KeyEvent};
pub use command::{Command, DeploymentPatch, Expected, Reply};
pub use config::WorldConfig;
pub use counters::Counters;
pub use deployment::Deployment;
pub use fault::{Admission, Call, CallEnd, Fault, Operation, Target, Trouble, When};
pub use forge::{CommitStatus, Mark};
pub use logs::{LogRow, Outsider};
pub use meter::{Outage, Tally};
pub use metrics::Minutes;
pub use outcome::{Holds, Outcome, Regenerated, StampOutcome};
pub use pipeline::{Run, StageRun};
pub use pull::{CheckState, Comment, Pull, Review};
pub use refusal::Refusal;
pub use shared::SharedWorld;
pub use stamp::{Stamp, Unit};
pub use time::Span;
pub use world::World;

#[cfg(test)]
mod tests;

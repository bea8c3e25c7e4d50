//! keyslot rotates Azure Cosmos DB keys without downtime, driven by Terraform and pull requests.
//!
//! # The idea
//!
//! A rotation is a pure function of evidence:
//!
//! ```text
//! observe (ports → World)  →  decide (journal fold + World + policy + now → Decision)  →  act (its steps)
//!       ↑                                                                                    |
//!       └──────────────────────────── journal: intent, outcome ─────────────────────────────┘
//! ```
//!
//! # The map
//!
//! | room | what it owns |
//! | --- | --- |
//! | [`cli`] | one command a file: what was typed → what to do → what to print; exit codes; `keyslot.toml` |
//! | [`drive`] | the loop: observe, decide, journal, act; lease; opening and closing |
//! | [`render`] | reports → text for people and machines; every reason's words |
//! | [`observe`] | ports → [`model::World`] |
//! | [`execute`] | step → outcome, one effect each; a commit's Terraform as `flip` and `check` read it |
//! | [`adapters`] | one outside system a folder: git, GitHub, Azure DevOps, Cosmos DB, Key Vault, Kubernetes and AKS, Resource Graph, Log Analytics, the activity log |
//! | [`sim`] | the same ports and the same wire protocols, from one simulated world |
//! | [`journal`] | numbered records in an object store, created once, never changed; the lease in them |
//! | [`ports`] | the traits between core and outside; effects that may be unknown; permits |
//! | [`rotation`] | **core**: phases, steps, gates, reasons, fold, decide; how far a command reaches; the census of readers |
//! | [`check`] | **core**: rules over references, one a file |
//! | [`terraform`] | **core**: source, references, accounts, flip; text in, values out |
//! | [`model`] | **core**: slots, accounts, stamps, workloads, evidence, policy |
//!
//! # Invariants
//!
//! - Arrows point down this table, and only along the ones in `tests/it/arrows.rs`.
//! - The core does no IO, has no async, reads no clock and no environment.
//! - Nothing below [`cli`] knows whether [`sim`] or [`adapters`] is behind a port.
//! - [`sim`] uses nothing of keyslot's reading of Terraform and nothing of its decisions.
//! - Key material never crosses a port: what leaves an adapter is a keyed fingerprint.
//! - Every effect has an intent in the journal before it and an outcome after it; an unknown outcome is settled by
//!   a new observation, never by a blind retry. No layer below repeats a write.
//! - A step carries a permit that ends with the oldest evidence behind its decision; where the step cannot be taken
//!   back, it is checked when the token is at hand, just before the bytes leave.
//! - Old evidence cannot be used by accident: asking for evidence names its maximum age, and notes what was asked.
//! - What anybody's step may have touched is void for everybody who reads the journal.
//! - [`rotation`] never sees HCL, JSON or a socket.
//! - There is no `unsafe`, and nothing below [`cli`] prints.

pub mod adapters;
pub mod check;
pub mod cli;
pub mod drive;
pub mod execute;
pub mod journal;
pub mod model;
pub mod observe;
pub mod ports;
pub mod render;
pub mod rotation;
pub mod sim;
pub mod terraform;

//! All integration tests in one binary: one link instead of many.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod git;
mod journal_folder;
mod journal_remote;
mod kubernetes_adapter;
mod recordings;
mod wire_core;

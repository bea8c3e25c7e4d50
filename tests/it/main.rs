//! All integration tests in one binary: one link instead of many.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod arrows;
mod gates;
mod git;
mod git_face;
mod journal_folder;
mod journal_remote;
mod kubernetes_adapter;
mod recordings;
mod stage;
mod wire_azure;
mod wire_core;

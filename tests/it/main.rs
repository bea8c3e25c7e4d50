//! All integration tests in one binary: one link instead of many.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout, clippy::print_stderr)]

mod arrows;
mod azure_devops;
mod both_faces;
mod check;
mod contract;
mod desk;
mod flip;
mod gates;
mod git;
mod git_face;
mod github;
mod hotfix;
mod in_memory;
mod journal_folder;
mod journal_remote;
mod kubernetes_adapter;
mod kubernetes_face;
mod leaks;
mod live;
mod recordings;
mod rehearse;
mod rotation;
mod sandbox;
mod sigkill;
mod stage;
mod terraform_any_bytes;
mod tool;
mod wire_azure;
mod wire_contracts;
mod wire_core;
mod wire_data_plane;
mod wire_leaks;

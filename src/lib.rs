//! keyslot rotates Azure Cosmos DB keys without downtime, driven by Terraform and pull requests.

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

//! The ports over real services, one outside system a file.
//!
//! Adapters translate: a port's question becomes requests, answers become `model` values, failures become
//! faults that name no secret. They decide nothing and keep nothing but caches of tokens and connections.

pub mod git;
pub mod http;
pub mod kubernetes;
pub mod token;

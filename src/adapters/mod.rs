//! The ports over real services, one outside system a file.
//!
//! Adapters translate: a port's question becomes requests, answers become `model` values, failures become
//! faults that name no secret. They decide nothing and keep nothing but caches of tokens and connections.

pub mod account_logs;
pub mod activity_log;
pub mod arm;
mod arm_pages;
mod at_commit;
pub mod azure_devops;
pub mod clock;
pub mod cosmos;
pub mod credential;
pub mod git;
pub mod github;
pub mod http;
pub mod key_vault;
pub mod kubernetes;
pub mod log_analytics;
mod log_tail;
pub mod manual;
pub mod metrics;
pub mod resource_graph;
mod runs;
mod skips;
mod taken;
pub mod token;

/// An error and its causes in one line, without repeating what the outer one already says.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(this) = cause {
        let more = this.to_string();
        if !text.contains(&more) {
            text.push_str(": ");
            text.push_str(&more);
        }
        cause = this.source();
    }
    text
}

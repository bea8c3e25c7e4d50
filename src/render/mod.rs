//! Reports → text for people and machines. Pure: values in, bytes out; nothing here prints.

pub mod check_human;
pub mod check_json;
pub mod diff;
mod excerpt;
pub mod explain;
pub mod flip_human;
pub mod matrix;
pub mod mermaid;
pub mod plan_human;
pub mod plan_json;
pub mod pull_request;
pub mod reason;
pub mod rehearse_json;
pub mod report_html;
pub mod rules;
pub mod span;
pub mod trace;

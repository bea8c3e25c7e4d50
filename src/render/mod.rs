//! Reports → text for people and machines. Pure: values in, bytes out; nothing here prints.

pub mod check_human;
pub mod check_json;
pub mod diff;
mod excerpt;
pub mod explain;
mod finding_json;
pub mod flip_human;
mod flow_json;
pub mod github;
pub mod matrix;
pub mod mermaid;
pub mod note;
mod place;
pub mod plan_human;
pub mod plan_json;
pub mod pull_request;
pub mod reason;
pub mod rehearse_json;
pub mod report_html;
pub mod rules;
pub mod sarif;
mod sarif_rule;
pub mod schema;
pub mod span;
pub mod trace;

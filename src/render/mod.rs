//! Reports → text for people and machines. Pure: values in, bytes out; nothing here prints.

pub mod explain;
pub mod matrix;
pub mod pull_request;
pub mod reason;
pub mod span;

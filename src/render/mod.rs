//! Reports → text for people and machines. Pure: values in, bytes out; nothing here prints.

pub mod pull_request;

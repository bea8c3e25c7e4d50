//! (empty room)

pub mod rollout;

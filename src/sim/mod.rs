//! The simulated world: one state machine, behind the ports and behind the wire.

pub mod wire;

//! What we may do, as the services say when they are asked. Asking changes nothing.

/// Whether something is allowed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Right {
    Allowed,
    Denied,
    /// The service could not be asked, or did not answer the question: why.
    Unknown(String),
}

/// One thing that a rotation has to be allowed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RightView {
    /// As “patch Deployments in workload”.
    pub what: String,
    pub right: Right,
    /// What to do where it is denied.
    pub remedy: String,
}

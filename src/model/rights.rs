//! What we may do, as the services say when they are asked. Asking changes nothing.

use jiff::Timestamp;

/// Whether something is allowed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Right {
    Allowed,
    Denied,
    /// Denied, and nothing needs it: with it, more is told of what goes wrong.
    Unneeded,
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

/// For how long a right is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Term {
    /// An assignment that ends by no date gives it.
    Lasting,
    /// The last of the assignments that give it ends then.
    Until(Timestamp),
    /// Nobody says: why.
    Untold(String),
}

/// What we may do with the account, and for how long we may regenerate its keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountRights {
    pub rights: Vec<RightView>,
    pub term: Term,
}

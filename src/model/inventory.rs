//! What Azure knows beside what the configuration lists.

use std::collections::BTreeSet;
use std::fmt;

use super::StampName;

/// What a stamp is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ResourceKind {
    Cluster,
    Vault,
}

impl fmt::Display for ResourceKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            ResourceKind::Cluster => "cluster",
            ResourceKind::Vault => "Key Vault",
        })
    }
}

/// A resource that looks like part of a stamp and that nobody listed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Unlisted {
    pub kind: ResourceKind,
    pub name: String,
    pub resource_group: String,
    pub location: String,
}

/// A configured resource that Azure's list does not show.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Absent {
    pub stamp: StampName,
    pub kind: ResourceKind,
    pub name: String,
}

/// Azure's own list, compared with the configuration's.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct InventoryView {
    /// How many resources look like parts of stamps, listed or not.
    pub alike: usize,
    pub unlisted: Vec<Unlisted>,
    /// Clusters that look like parts of stamps and that may be those of stamps which do not tell their own.
    pub unattributed: Vec<Unlisted>,
    /// What is configured and not shown: it does not exist, or the list is not whole.
    pub absent: Vec<Absent>,
    /// What is configured and shown, wherever it lies.
    pub shown: BTreeSet<(StampName, ResourceKind)>,
    /// Stamps that are shown, and that do not look like stamps by what is said of them: whoever is called like one would not
    /// be found.
    pub unlike: BTreeSet<StampName>,
    /// The branches that the configured ones are tagged with: from which code their units were built.
    pub branches: BTreeSet<String>,
}

impl InventoryView {
    /// What a resource that nobody listed is called by: its name, with its group's where another one has the same.
    pub fn name_of(&self, one: &Unlisted) -> String {
        let all = || self.unlisted.iter().chain(&self.unattributed);
        let same = all().filter(|other| other.kind == one.kind && other.name.eq_ignore_ascii_case(&one.name));
        match same.count() {
            0 | 1 => one.name.clone(),
            _ => format!("{}/{}", one.resource_group, one.name),
        }
    }
}

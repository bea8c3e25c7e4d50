//! The configured stamps by the names that Azure has for their parts. Those names have no case.

use std::collections::BTreeSet;

use crate::model::{Absent, ResourceKind, StampName};

/// A configured stamp, by the names that Azure has for its parts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedStamp {
    pub name: StampName,
    /// Without a domain.
    pub vault: String,
    /// Where the configuration tells it.
    pub cluster: Option<String>,
    /// The kubeconfig's context, which Azure's own tools call like the cluster.
    pub context: Option<String>,
}

impl ListedStamp {
    pub(super) fn is_vault(&self, name: &str) -> bool {
        self.vault.eq_ignore_ascii_case(name)
    }

    pub(super) fn is_cluster(&self, name: &str) -> bool {
        match (&self.cluster, &self.context) {
            (Some(cluster), _) => cluster.eq_ignore_ascii_case(name),
            (None, Some(context)) => {
                context.strip_suffix("-admin").unwrap_or(context).eq_ignore_ascii_case(name)
            }
            (None, None) => false,
        }
    }

    /// Its parts that are known by name.
    fn parts(&self) -> impl Iterator<Item = (ResourceKind, &String)> {
        let cluster = self.cluster.as_ref().map(|cluster| (ResourceKind::Cluster, cluster));
        std::iter::once((ResourceKind::Vault, &self.vault)).chain(cluster)
    }
}

/// What is configured, by whether Azure shows it.
pub(super) fn sought(
    stamps: &[ListedStamp],
    shown: &BTreeSet<(ResourceKind, &str)>,
) -> (Vec<Absent>, BTreeSet<(StampName, ResourceKind)>) {
    let shown: BTreeSet<(ResourceKind, String)> =
        shown.iter().map(|(kind, name)| (*kind, name.to_ascii_lowercase())).collect();
    let (mut absent, mut present) = (Vec::new(), BTreeSet::new());
    for stamp in stamps {
        for (kind, name) in stamp.parts() {
            match shown.contains(&(kind, name.to_ascii_lowercase())) {
                true => drop(present.insert((stamp.name.clone(), kind))),
                false => absent.push(Absent { stamp: stamp.name.clone(), kind, name: name.clone() }),
            }
        }
    }
    (absent, present)
}

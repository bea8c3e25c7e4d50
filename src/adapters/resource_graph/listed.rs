//! The configured stamps by the names that Azure has for their parts. Those names have no case. A vault's is the only one
//! in Azure; a cluster's is only that of its resource group, so clusters are told apart by all of their place.

use std::collections::BTreeSet;

use crate::model::{Absent, ResourceKind, StampName};

/// A configured stamp, by the names that Azure has for its parts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedStamp {
    pub name: StampName,
    /// Without a domain.
    pub vault: String,
    /// Where the configuration tells it.
    pub cluster: Option<ListedCluster>,
    /// The kubeconfig's context, which Azure's own tools call like the cluster.
    pub context: Option<String>,
}

/// A cluster's place in Azure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedCluster {
    pub subscription: String,
    pub resource_group: String,
    pub name: String,
}

/// A cluster or a vault that Azure shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Found<'r> {
    pub kind: ResourceKind,
    pub name: &'r str,
    /// `/subscriptions/S/resourceGroups/G/…`
    pub id: &'r str,
}

impl Found<'_> {
    fn is(&self, cluster: &ListedCluster) -> bool {
        let mut parts = self.id.split('/').filter(|part| !part.is_empty());
        let subscription = parts.nth(1).unwrap_or_default();
        let group = parts.nth(1).unwrap_or_default();
        cluster.subscription.eq_ignore_ascii_case(subscription)
            && cluster.resource_group.eq_ignore_ascii_case(group)
            && cluster.name.eq_ignore_ascii_case(self.name)
    }
}

impl ListedStamp {
    /// Whether it is a part of this stamp, among all that is shown: of several clusters that are called as the context,
    /// nobody can say which.
    pub(super) fn has(&self, part: &Found<'_>, all: &[Found<'_>]) -> bool {
        match (part.kind, &self.cluster, &self.context) {
            (ResourceKind::Vault, ..) => self.vault.eq_ignore_ascii_case(part.name),
            (ResourceKind::Cluster, Some(cluster), _) => part.is(cluster),
            (ResourceKind::Cluster, None, Some(context)) => {
                let called = context.strip_suffix("-admin").unwrap_or(context);
                let so = |found: &&Found<'_>| {
                    found.kind == ResourceKind::Cluster && found.name.eq_ignore_ascii_case(called)
                };
                so(&part) && all.iter().filter(so).count() == 1
            }
            (ResourceKind::Cluster, None, None) => false,
        }
    }

    /// Its parts that are known by name.
    fn parts(&self) -> impl Iterator<Item = (ResourceKind, &String)> {
        let cluster = self.cluster.as_ref().map(|cluster| (ResourceKind::Cluster, &cluster.name));
        std::iter::once((ResourceKind::Vault, &self.vault)).chain(cluster)
    }
}

/// What is configured, by whether Azure shows it.
pub(super) fn sought(
    stamps: &[ListedStamp],
    all: &[Found<'_>],
) -> (Vec<Absent>, BTreeSet<(StampName, ResourceKind)>) {
    let (mut absent, mut present) = (Vec::new(), BTreeSet::new());
    for stamp in stamps {
        for (kind, name) in stamp.parts() {
            match all.iter().any(|found| found.kind == kind && stamp.has(found, all)) {
                true => drop(present.insert((stamp.name.clone(), kind))),
                false => absent.push(Absent { stamp: stamp.name.clone(), kind, name: name.clone() }),
            }
        }
    }
    (absent, present)
}

/// Stamps of which something is shown, and nothing of that looks like part of a stamp: another one that is called like
/// it would not be found.
pub(super) fn unlike(
    stamps: &[ListedStamp],
    all: &[Found<'_>],
    is_alike: impl Fn(&Found<'_>) -> bool,
) -> BTreeSet<StampName> {
    let parts = |stamp: &ListedStamp| -> Vec<bool> {
        all.iter().filter(|found| stamp.has(found, all)).map(&is_alike).collect()
    };
    let misfits = stamps.iter().filter(|stamp| {
        let parts = parts(stamp);
        !parts.is_empty() && !parts.contains(&true)
    });
    misfits.map(|stamp| stamp.name.clone()).collect()
}

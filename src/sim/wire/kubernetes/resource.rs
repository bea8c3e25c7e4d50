//! The kinds of objects that the face serves, in one table: for paths, discovery and `Status` bodies.

/// A kind in the API.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Resource {
    Namespaces,
    Pods,
    Secrets,
    Deployments,
    ReplicaSets,
    Classes,
    PodStatuses,
}

/// How the API calls a kind.
#[derive(Clone, Copy, Debug)]
pub(super) struct Names {
    /// Empty for the core group.
    pub group: &'static str,
    pub version: &'static str,
    pub plural: &'static str,
    pub singular: &'static str,
    pub kind: &'static str,
    pub short: &'static [&'static str],
    pub namespaced: bool,
    pub verbs: &'static [&'static str],
}

const READ: &[&str] = &["get", "list", "watch"];
const CSI: &str = "secrets-store.csi.x-k8s.io";

impl Resource {
    pub const ALL: [Resource; 7] = [
        Resource::Namespaces,
        Resource::Pods,
        Resource::Secrets,
        Resource::Deployments,
        Resource::ReplicaSets,
        Resource::Classes,
        Resource::PodStatuses,
    ];

    pub fn find(group: &str, version: &str, plural: &str) -> Option<Resource> {
        Resource::ALL.into_iter().find(|resource| {
            let names = resource.names();
            (names.group, names.version, names.plural) == (group, version, plural)
        })
    }

    pub fn names(self) -> Names {
        match self {
            Resource::Namespaces => Names {
                plural: "namespaces",
                singular: "namespace",
                kind: "Namespace",
                short: &["ns"],
                namespaced: false,
                ..CORE
            },
            Resource::Pods => Names {
                plural: "pods",
                singular: "pod",
                kind: "Pod",
                short: &["po"],
                verbs: &["delete", "get", "list", "watch"],
                ..CORE
            },
            Resource::Secrets => Names { plural: "secrets", singular: "secret", kind: "Secret", ..CORE },
            Resource::Deployments => Names {
                plural: "deployments",
                singular: "deployment",
                kind: "Deployment",
                short: &["deploy"],
                verbs: &["get", "list", "patch", "watch"],
                ..APPS
            },
            Resource::ReplicaSets => Names {
                plural: "replicasets",
                singular: "replicaset",
                kind: "ReplicaSet",
                short: &["rs"],
                ..APPS
            },
            Resource::Classes => Names {
                plural: "secretproviderclasses",
                singular: "secretproviderclass",
                kind: "SecretProviderClass",
                ..DRIVER
            },
            Resource::PodStatuses => Names {
                plural: "secretproviderclasspodstatuses",
                singular: "secretproviderclasspodstatus",
                kind: "SecretProviderClassPodStatus",
                ..DRIVER
            },
        }
    }
}

const CORE: Names = Names {
    group: "",
    version: "v1",
    plural: "",
    singular: "",
    kind: "",
    short: &[],
    namespaced: true,
    verbs: READ,
};
const APPS: Names = Names { group: "apps", ..CORE };
const DRIVER: Names = Names { group: CSI, ..CORE };

impl Names {
    /// `apiVersion` of its objects.
    pub fn api_version(&self) -> String {
        if self.group.is_empty() {
            self.version.to_owned()
        } else {
            format!("{}/{}", self.group, self.version)
        }
    }

    /// As messages name it: `deployments.apps`.
    pub fn qualified(&self) -> String {
        if self.group.is_empty() { self.plural.to_owned() } else { format!("{}.{}", self.plural, self.group) }
    }
}

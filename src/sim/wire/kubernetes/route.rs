//! From a request's path to what it is about.

use http::Method;

use super::answer::At;
use super::resource::Resource;
use crate::model::WorkloadName;

/// What a path names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Target {
    Version,
    CoreVersions,
    Groups,
    Group(String),
    Resources {
        group: String,
        version: String,
    },
    AccessReview,
    RulesReview,
    Schemas,
    /// Of one group and version, as the list of schemas names it: `apis/batch/v1`.
    Schema(String),
    Collection {
        resource: Resource,
        namespace: Option<String>,
    },
    Object {
        resource: Resource,
        namespace: Option<String>,
        name: String,
    },
    Scale {
        namespace: String,
        name: String,
    },
    Unknown,
}

impl Target {
    pub fn parse(path: &str) -> Target {
        let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
        match parts.as_slice() {
            ["version"] => Target::Version,
            ["openapi", "v3"] => Target::Schemas,
            ["openapi", "v3", rest @ ..] => Target::Schema(rest.join("/")),
            ["api"] => Target::CoreVersions,
            ["apis"] => Target::Groups,
            ["api", version, rest @ ..] => within("", version, rest),
            ["apis", group] => Target::Group((*group).to_owned()),
            ["apis", group, version, rest @ ..] => within(group, version, rest),
            _ => Target::Unknown,
        }
    }

    /// The kind, where it is one that the table holds.
    pub fn resource(&self) -> Option<Resource> {
        match self {
            Target::Collection { resource, .. } | Target::Object { resource, .. } => Some(*resource),
            Target::Scale { .. } => Some(Resource::Deployments),
            Target::Version
            | Target::CoreVersions
            | Target::Groups
            | Target::Group(_)
            | Target::Resources { .. }
            | Target::AccessReview
            | Target::RulesReview
            | Target::Schemas
            | Target::Schema(_)
            | Target::Unknown => None,
        }
    }
}

impl Target {
    /// The workload that it is about, if it is one.
    pub fn workload(&self) -> Option<WorkloadName> {
        match self {
            Target::Object { resource, namespace: Some(namespace), name } => {
                Some(WorkloadName::of_kind(resource.workload()?, namespace, name))
            }
            Target::Scale { namespace, name } => Some(WorkloadName::new(namespace, name)),
            _ => None,
        }
    }

    pub fn at(&self) -> At<'_> {
        match self {
            Target::Object { namespace, name, .. } => {
                At { namespace: namespace.as_deref(), name: Some(name) }
            }
            Target::Scale { namespace, name } => At { namespace: Some(namespace), name: Some(name) },
            Target::Collection { namespace, .. } => At { namespace: namespace.as_deref(), name: None },
            _ => At::default(),
        }
    }

    /// What the method does to it, as permissions name it.
    pub fn verb(&self, method: &Method) -> &'static str {
        match (method.as_str(), self) {
            ("GET", Target::Collection { .. }) => "list",
            ("GET", _) => "get",
            ("PATCH", _) => "patch",
            ("DELETE", _) => "delete",
            ("PUT", _) => "update",
            _ => "create",
        }
    }
}

fn within(group: &str, version: &str, rest: &[&str]) -> Target {
    let find = |plural| Resource::find(group, version, plural);
    let target = match rest {
        [] => Some(Target::Resources { group: group.to_owned(), version: version.to_owned() }),
        ["selfsubjectaccessreviews"] if group == super::discovery::AUTHORIZATION => {
            Some(Target::AccessReview)
        }
        ["selfsubjectrulesreviews"] if group == super::discovery::AUTHORIZATION => Some(Target::RulesReview),
        // What lies in no namespace, and what lies in one.
        [plural, name] if find(plural).is_some_and(|resource| !resource.names().namespaced) => find(plural)
            .map(|resource| Target::Object { resource, namespace: None, name: (*name).to_owned() }),
        ["namespaces", namespace, plural] => find(plural)
            .map(|resource| Target::Collection { resource, namespace: Some((*namespace).to_owned()) }),
        ["namespaces", namespace, plural, name] => find(plural).map(|resource| Target::Object {
            resource,
            namespace: Some((*namespace).to_owned()),
            name: (*name).to_owned(),
        }),
        ["namespaces", namespace, "deployments", name, "scale"] if group == "apps" => {
            Some(Target::Scale { namespace: (*namespace).to_owned(), name: (*name).to_owned() })
        }
        [plural] => find(plural).map(|resource| Target::Collection { resource, namespace: None }),
        _ => None,
    };
    target.unwrap_or(Target::Unknown)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_lead_to_what_they_name() {
        let object = |resource, namespace: &str, name: &str| Target::Object {
            resource,
            namespace: Some(namespace.into()).filter(|text: &String| !text.is_empty()),
            name: name.into(),
        };
        let cases = [
            ("/version", Target::Version),
            ("/apis/apps/v1/", Target::Resources { group: "apps".into(), version: "v1".into() }),
            ("/api/v1/namespaces/workload", object(Resource::Namespaces, "", "workload")),
            ("/api/v1/nodes/n", object(Resource::Nodes, "", "n")),
            ("/api/v1/namespaces/w/pods/p", object(Resource::Pods, "w", "p")),
            (
                "/apis/apps/v1/deployments",
                Target::Collection { resource: Resource::Deployments, namespace: None },
            ),
            (
                "/apis/apps/v1/namespaces/w/deployments/d/scale",
                Target::Scale { namespace: "w".into(), name: "d".into() },
            ),
            ("/apis/apps/v1/namespaces/w/statefulsets/s", object(Resource::StatefulSets, "w", "s")),
            ("/apis/nosuch.example/v1/things", Target::Unknown),
            ("/apis/apps/v2/deployments", Target::Unknown),
            ("/apis/apps/v1/namespaces/w/deployments/d/status", Target::Unknown),
        ];
        for (path, target) in cases {
            assert_eq!(Target::parse(path), target, "{path}");
        }
    }
}

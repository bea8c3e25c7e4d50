//! What the server can do, for clients that ask first: `/version`, groups, resources.
//!
//! Only the older, unaggregated form is served; clients ask for both in one request and take what they get.

use serde_json::{Map, Value, json};

use super::resource::{Names, Resource};

/// `/version`.
pub(super) fn version(git_version: &str) -> Value {
    let mut parts = git_version.trim_start_matches('v').split('.');
    json!({
        "major": parts.next().unwrap_or("1"),
        "minor": parts.next().unwrap_or("0"),
        "gitVersion": git_version,
        "gitCommit": "simulated",
        "gitTreeState": "clean",
        "buildDate": "2025-06-17T00:00:00Z",
        "goVersion": "none",
        "compiler": "rustc",
        "platform": "linux/amd64",
    })
}

/// Whether a watch may begin with everything that there is, as the feature gate `WatchList` is set by default: in 1.32, and
/// again from 1.34 on.
pub(super) fn streams_lists(git_version: &str) -> bool {
    let minor = git_version.split('.').nth(1).and_then(|minor| minor.parse::<u32>().ok());
    minor.is_some_and(|minor| minor == 32 || minor >= 34)
}

/// `/api`.
pub(super) fn core_versions() -> Value {
    json!({"kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": []})
}

/// `/apis`.
pub(super) fn groups() -> Value {
    let mut names: Vec<&str> = Resource::ALL.iter().map(|resource| resource.names().group).collect();
    names.retain(|group| !group.is_empty());
    names.push(AUTHORIZATION);
    names.sort_unstable();
    names.dedup();
    let groups: Vec<Value> = names.into_iter().map(group).collect();
    json!({"kind": "APIGroupList", "apiVersion": "v1", "groups": groups})
}

/// The group in which permissions are asked for.
pub(super) const AUTHORIZATION: &str = "authorization.k8s.io";

/// The one version of a group; `None` for a group that is not served.
pub(super) fn version_of(group: &str) -> Option<&'static str> {
    let mut known = Resource::ALL.iter().map(|resource| resource.names());
    let version = known.find(|names| names.group == group).map(|names| names.version);
    version.or_else(|| (group == AUTHORIZATION).then_some("v1"))
}

/// `/openapi/v3`: where the schemas of each group are.
pub(super) fn schemas() -> Value {
    let places = Resource::ALL.iter().map(|resource| place_of(&resource.names()));
    let paths = places.map(|place| {
        let url = json!({"serverRelativeURL": format!("/openapi/v3/{place}?hash=1")});
        (place, url)
    });
    json!({ "paths": paths.collect::<Map<String, Value>>() })
}

/// Of one group: that the server checks members by itself, which is all that clients ask of it before they create something.
pub(super) fn schema(place: &str) -> Option<Value> {
    let kinds =
        Resource::ALL.iter().map(|resource| resource.names()).filter(|names| place_of(names) == place);
    let paths: Map<String, Value> = kinds
        .map(|names| {
            let patch = json!({"parameters": [{"name": "fieldValidation", "in": "query"}],
                "x-kubernetes-group-version-kind":
                    {"group": names.group, "version": names.version, "kind": names.kind}});
            let path = format!("/{place}/namespaces/{{namespace}}/{}/{{name}}", names.plural);
            (path, json!({ "patch": patch }))
        })
        .collect();
    let info = json!({"title": "Kubernetes", "version": "unversioned"});
    (!paths.is_empty()).then(|| json!({"openapi": "3.0.0", "info": info, "paths": paths}))
}

fn place_of(names: &Names) -> String {
    match names.group {
        "" => format!("api/{}", names.version),
        group => format!("apis/{group}/{}", names.version),
    }
}

/// `/apis/GROUP`.
pub(super) fn group(name: &str) -> Value {
    let version = version_of(name).unwrap_or("v1");
    let version = json!({"groupVersion": format!("{name}/{version}"), "version": version});
    json!({"kind": "APIGroup", "apiVersion": "v1", "name": name, "versions": [version],
        "preferredVersion": version})
}

/// `/api/v1` and `/apis/GROUP/VERSION`; `None` for a group that is not served.
pub(super) fn resources(group: &str, version: &str) -> Option<Value> {
    let mut resources: Vec<Value> = Resource::ALL
        .iter()
        .map(|resource| resource.names())
        .filter(|names| names.group == group && names.version == version)
        .map(|names| {
            json!({"name": names.plural, "singularName": names.kind.to_ascii_lowercase(), "namespaced": names.namespaced,
                "kind": names.kind, "verbs": names.verbs, "shortNames": names.short})
        })
        .collect();
    if group == "apps" {
        resources.push(json!({"name": "deployments/scale", "singularName": "", "namespaced": true,
            "group": "autoscaling", "version": "v1", "kind": "Scale", "verbs": ["get", "patch"]}));
    }
    if group == AUTHORIZATION && version == "v1" {
        resources.push(json!({"name": "selfsubjectaccessreviews", "singularName": "selfsubjectaccessreview",
            "namespaced": false, "kind": "SelfSubjectAccessReview", "verbs": ["create"]}));
        resources.push(json!({"name": "selfsubjectrulesreviews", "singularName": "selfsubjectrulesreview",
            "namespaced": false, "kind": "SelfSubjectRulesReview", "verbs": ["create"]}));
    }
    let group_version = if group.is_empty() { version.to_owned() } else { format!("{group}/{version}") };
    (!resources.is_empty()).then(|| {
        json!({"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": group_version,
            "resources": resources})
    })
}

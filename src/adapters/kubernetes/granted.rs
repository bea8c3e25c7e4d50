//! Everything that one may do in a namespace, in one answer: SelfSubjectRulesReview. What it shows is granted; what it does
//! not show is refused only where the server says that it has shown all of it. Authorizers beside the cluster's own roles
//! (Azure RBAC for Kubernetes, webhooks) are asked one by one, and their answers are not in it.

use reqwest::Method;
use serde::Deserialize;
use serde_json::json;

use super::api::{Api, Kind};
use crate::model::Right;

const REVIEWS: &str = "/apis/authorization.k8s.io/v1/selfsubjectrulesreviews";

#[derive(Deserialize)]
struct Review {
    status: Option<Granted>,
}

/// What the answer shows.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Granted {
    #[serde(default)]
    resource_rules: Vec<Rule>,
    /// Something else may grant more.
    #[serde(default)]
    incomplete: bool,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct Rule {
    verbs: Vec<String>,
    api_groups: Vec<String>,
    resources: Vec<String>,
    resource_names: Vec<String>,
}

/// Asks for it. Nothing where nobody answers, or not to the question.
pub(super) async fn within(api: &Api, namespace: &str) -> Option<Granted> {
    let body = json!({
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SelfSubjectRulesReview",
        "spec": { "namespace": namespace },
    });
    let body = Some(("application/json", body.to_string().into_bytes()));
    let answer = api.call(Method::POST, REVIEWS, body, None).await.ok()?;
    serde_json::from_slice::<Review>(&answer.body).ok()?.status
}

impl Granted {
    /// Whether it is not all there is.
    pub fn is_incomplete(&self) -> bool {
        self.incomplete
    }

    /// The right to do this with all of a kind, or else with each of these; `None` where it does not tell.
    pub fn right(&self, verb: &str, kind: Kind, names: &[String]) -> Option<Right> {
        let rules = || self.resource_rules.iter().filter(|rule| rule.is_of(verb, kind));
        let all = rules().any(|rule| rule.resource_names.is_empty());
        let named = |name: &String| rules().any(|rule| rule.resource_names.contains(name));
        match all || (!names.is_empty() && names.iter().all(named)) {
            true => Some(Right::Allowed),
            false if self.incomplete => None,
            false => Some(Right::Denied),
        }
    }
}

impl Rule {
    fn is_of(&self, verb: &str, kind: Kind) -> bool {
        let holds = |list: &[String], wanted: &str| list.iter().any(|one| one == "*" || one == wanted);
        holds(&self.verbs, verb)
            && holds(&self.api_groups, kind.group_name())
            && holds(&self.resources, kind.plural)
    }
}

#[cfg(test)]
mod tests {
    use super::super::api::{DEPLOYMENTS, STATEFUL_SETS};
    use super::*;

    fn granted(incomplete: bool) -> Granted {
        serde_json::from_value(json!({ "incomplete": incomplete, "nonResourceRules": [], "resourceRules": [
            { "verbs": ["*"], "apiGroups": ["batch"], "resources": ["*"] },
            { "verbs": ["get", "patch"], "apiGroups": ["apps"], "resources": ["deployments"],
                "resourceNames": ["orders", "billing"] },
        ] }))
        .unwrap()
    }

    #[test]
    fn what_is_granted_by_name_is_granted_for_these_names_alone() {
        let names = |all: &[&str]| all.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        let right = |granted: &Granted, all: &[&str]| granted.right("patch", DEPLOYMENTS, &names(all));
        let whole = granted(false);
        assert_eq!(right(&whole, &["orders", "billing"]), Some(Right::Allowed));
        assert_eq!(right(&whole, &["orders", "search"]), Some(Right::Denied));
        assert_eq!(right(&whole, &[]), Some(Right::Denied), "not those of the whole namespace");
        assert_eq!(whole.right("delete", DEPLOYMENTS, &names(&["orders"])), Some(Right::Denied));
        assert_eq!(whole.right("patch", STATEFUL_SETS, &names(&["orders"])), Some(Right::Denied));
        let part = granted(true);
        assert_eq!(right(&part, &["orders"]), Some(Right::Allowed), "what is shown is granted");
        assert_eq!(right(&part, &["search"]), None, "what is not shown may be");
    }
}

//! What starts a pipeline besides somebody who asks for a run: pushes, pull requests, and other pipelines that end.
//!
//! The definition says whether its YAML decides (`settingsSourceType` 2) or whether somebody has overridden that on the page
//! (1, with filters of its own). A definition without an entry of a kind has that kind switched off; but one that leaves pushes to
//! the YAML and says nothing of pull requests may leave these to it too. In the YAML, no `trigger`
//! means every branch and no `pr` every pull request; a project may have switched the former off, which is not asked, so it counts
//! as starting. `batch` only puts off.

use serde::Deserialize;
use serde_json::Value;

use super::filters::Filters;
use crate::ports::Arrival;

/// One entry of a definition's triggers.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Trigger {
    trigger_type: String,
    settings_source_type: Option<u32>,
    branch_filters: Option<Vec<String>>,
    path_filters: Option<Vec<String>>,
}

const BY_YAML: u32 = 2;

/// One way to start, if it is not switched off.
struct Way {
    branches: Filters,
    paths: Filters,
}

impl Trigger {
    fn is(&self, kinds: &[&str]) -> bool {
        kinds.iter().any(|kind| self.trigger_type.eq_ignore_ascii_case(kind))
    }

    fn way(&self, yaml: Option<&Value>, member: &str) -> Option<Way> {
        match yaml {
            Some(yaml) if self.settings_source_type == Some(BY_YAML) => written(yaml.get(member)),
            _ => Some(Way {
                branches: Filters::signed(self.branch_filters.as_deref().unwrap_or_default()),
                paths: Filters::signed(self.path_filters.as_deref().unwrap_or_default()),
            }),
        }
    }
}

/// `none`, a list of branches, or the whole syntax.
fn written(trigger: Option<&Value>) -> Option<Way> {
    match trigger {
        Some(Value::String(only)) if only.eq_ignore_ascii_case("none") => None,
        Some(Value::Object(whole)) => {
            Some(Way { branches: Filters::of(whole.get("branches")), paths: Filters::of(whole.get("paths")) })
        }
        other => Some(Way { branches: Filters::of(other), paths: Filters::default() }),
    }
}

/// What the commit's coming would start the pipeline by, in words. `yaml`: its file at the commit, where it has one.
/// `changed`: the paths that differ from what lies beneath. `is_silent`: the commit's message says that its push starts
/// nothing; what a merge says, nobody knows before.
pub(super) fn causes(
    triggers: &[Trigger],
    yaml: Option<&Value>,
    arrival: &Arrival<'_>,
    changed: &[String],
    is_silent: bool,
) -> Vec<String> {
    let Arrival { branch, into, .. } = *arrival;
    let mut causes = Vec::new();
    let pushes = triggers.iter().filter(|trigger| {
        trigger.is(&[
            "continuousIntegration",
            "batchedContinuousIntegration",
            "gatedCheckIn",
            "batchedGatedCheckIn",
            "all",
        ])
    });
    for Way { branches, paths } in pushes.filter_map(|trigger| trigger.way(yaml, "trigger")) {
        // With what a new branch is compared is not said.
        let passes = into.is_some() || paths.may_take_any(changed);
        if !is_silent && passes && branches.may_take(branch.as_str()) {
            causes.push(format!("the push to {branch}"));
        }
        if let Some(into) =
            into.filter(|into| branches.may_take(into.as_str()) && paths.may_take_any(changed))
        {
            causes.push(format!("the merge into {into}"));
        }
    }
    if let Some(into) = into {
        let said = |trigger: &&Trigger| trigger.is(&["pullRequest", "all"]);
        let unsaid = |trigger: &&Trigger| trigger.settings_source_type == Some(BY_YAML);
        let unsaid = triggers.iter().find(unsaid).filter(|_| !triggers.iter().any(|one| said(&one)));
        let pulls = triggers.iter().filter(said).chain(unsaid);
        for Way { branches, paths } in pulls.filter_map(|trigger| trigger.way(yaml, "pr")) {
            if branches.may_take(into.as_str()) && paths.may_take_any(changed) {
                causes.push(format!("the pull request to {into}"));
            }
        }
    }
    let ends = [Some(branch), into];
    let after_others = after_others(triggers, yaml);
    for branch in ends.into_iter().flatten() {
        if after_others.iter().any(|branches| branches.may_take(branch.as_str())) {
            causes.push(format!("another pipeline that ends on {branch}"));
            break;
        }
    }
    causes
}

/// The branches of other pipelines whose end starts this one.
fn after_others(triggers: &[Trigger], yaml: Option<&Value>) -> Vec<Filters> {
    let completions = triggers.iter().filter(|trigger| trigger.is(&["buildCompletion"]));
    let mut found: Vec<Filters> = completions
        .map(|trigger| Filters::signed(trigger.branch_filters.as_deref().unwrap_or_default()))
        .collect();
    let resources = yaml.and_then(|yaml| yaml.pointer("/resources/pipelines")).and_then(Value::as_array);
    for trigger in resources.into_iter().flatten().filter_map(|resource| resource.get("trigger")) {
        match trigger {
            Value::Bool(false) => {}
            Value::Bool(true) | Value::Null => found.push(Filters::default()),
            other => found.extend(written(Some(other)).map(|way| way.branches)),
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::model::{BranchName, CommitId};

    fn of(triggers: Value, yaml: &str, (branch, into): (&str, Option<&str>), is_silent: bool) -> String {
        let commit = CommitId::new("a".repeat(40));
        let (branch, into) = (BranchName::new(branch), into.map(BranchName::new));
        let arrival = Arrival {
            commit: &commit,
            beneath: &commit,
            branch: &branch,
            into: into.as_ref(),
            deployed: true,
        };
        let triggers: Vec<Trigger> = serde_json::from_value(triggers).unwrap();
        let yaml = serde_saphyr::from_str(yaml).unwrap();
        causes(&triggers, Some(&yaml), &arrival, &["infra/main.tf".to_owned()], is_silent).join("; ")
    }

    const RELEASE: (&str, Option<&str>) = ("release/1", None);
    const PROPOSED: (&str, Option<&str>) = ("fix/keyslot", Some("main"));

    fn by_yaml() -> Value {
        json!([
            { "triggerType": "continuousIntegration", "settingsSourceType": 2, "branchFilters": [], "pathFilters": [] },
            { "triggerType": "pullRequest", "settingsSourceType": 2 },
        ])
    }

    #[test]
    fn the_yaml_decides_where_the_definition_says_so() {
        let to = "the push to release/1";
        for (yaml, told) in [
            ("trigger: none", ""),
            ("stages: []", to),
            ("trigger:", to),
            ("trigger: [main]", ""),
            ("trigger: ['release/*']", to),
            ("trigger: { batch: true, branches: { include: ['release/*'] } }", to),
            ("trigger: { branches: { include: ['*'], exclude: ['release/*'] } }", ""),
            ("trigger: { branches: { include: ['release/*'] }, paths: { exclude: [infra] } }", ""),
            ("trigger: { paths: { include: [src] } }", ""),
            ("trigger: { paths: { include: [infra] } }", to),
            ("trigger: { tags: { include: ['v*'] } }", to),
            ("trigger: { enabled: 5 }", to),
            (
                "{ trigger: none, resources: { pipelines: [{ pipeline: a, trigger: true }] } }",
                "another pipeline that ends on release/1",
            ),
            (
                "{ trigger: none, resources: { pipelines: [{ pipeline: a, trigger: { branches: [main] } }, { pipeline: b }] } }",
                "",
            ),
            ("{ trigger: none, resources: { pipelines: [{ pipeline: a, trigger: none }] } }", ""),
        ] {
            assert_eq!(of(by_yaml(), yaml, RELEASE, false), told, "{yaml}");
        }
        for (yaml, told) in [
            ("{ trigger: none, pr: none }", ""),
            ("{ trigger: none }", "the pull request to main"),
            ("{ trigger: none, pr: ['release/*'] }", ""),
            ("{ trigger: none, pr: { branches: { include: [main] }, paths: { exclude: [infra] } } }", ""),
            ("{ trigger: [main], pr: none }", "the merge into main"),
            (
                "{ trigger: { branches: [fix/*], paths: { exclude: [infra] } }, pr: none }",
                "the push to fix/keyslot",
            ),
        ] {
            assert_eq!(of(by_yaml(), yaml, PROPOSED, false), told, "{yaml}");
        }
    }

    #[test]
    fn a_definition_may_override_its_yaml_or_switch_a_trigger_off() {
        let ci = |filters: &[&str]| json!([{ "triggerType": "continuousIntegration", "settingsSourceType": 1, "branchFilters": filters }]);
        assert_eq!(
            of(ci(&["+refs/heads/release/*"]), "trigger: none", RELEASE, false),
            "the push to release/1"
        );
        assert_eq!(of(ci(&["+refs/heads/main"]), "stages: []", RELEASE, false), "");
        assert_eq!(of(json!([]), "stages: []", RELEASE, false), "");
        assert_eq!(of(json!([]), "stages: []", PROPOSED, false), "");
        let pushes_alone = json!([{ "triggerType": "continuousIntegration", "settingsSourceType": 2 }]);
        assert_eq!(of(pushes_alone.clone(), "trigger: none", PROPOSED, false), "the pull request to main");
        assert_eq!(of(pushes_alone, "{ trigger: none, pr: none }", PROPOSED, false), "");
        let after = json!([{ "triggerType": "buildCompletion", "branchFilters": ["+refs/heads/main"] }]);
        assert_eq!(of(after, "trigger: none", PROPOSED, false), "another pipeline that ends on main");
    }

    #[test]
    fn a_message_that_wants_no_run_is_believed_for_its_push_alone() {
        assert_eq!(of(by_yaml(), "pr: none", RELEASE, true), "");
        assert_eq!(
            of(by_yaml(), "stages: []", PROPOSED, true),
            "the merge into main; the pull request to main"
        );
    }
}

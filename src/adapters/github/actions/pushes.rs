//! Which events of a branch start a workflow, by what it says under `on`.
//!
//! What cannot be told with certainty starts it: patterns with more than asterisks in them, filters on paths, and the
//! kinds of an event (`types`).

use serde_json::Value;

/// Whether an event of this name that is of the branch may start it.
pub(super) fn may_start(on: &Value, event: &str, branch: &str) -> bool {
    match on {
        Value::Null => false,
        Value::String(only) => only == event,
        Value::Array(several) => several.iter().any(|one| one == event),
        Value::Object(each) => each.get(event).is_some_and(|filters| passes(filters, branch)),
        _ => true,
    }
}

/// Only tags filtered means no branches; with filters of branches, those decide.
fn passes(filters: &Value, branch: &str) -> bool {
    let Value::Object(filters) = filters else { return true };
    let filter = |name: &str| filters.get(name).filter(|filter| !filter.is_null());
    let tags = filter("tags").or(filter("tags-ignore"));
    match (filter("branches"), filter("branches-ignore")) {
        (Some(only), _) => patterns(only).is_none_or(|only| is_among(&only, branch)),
        (None, Some(not)) => {
            patterns(not).is_none_or(|not| !not.iter().any(|one| fits(one, branch) == Some(true)))
        }
        (None, None) => tags.is_none(),
    }
}

fn patterns(filter: &Value) -> Option<Vec<&str>> {
    match filter {
        Value::String(one) => Some(vec![one]),
        Value::Array(several) => several.iter().map(Value::as_str).collect(),
        _ => None,
    }
}

/// The last pattern that fits decides; one that begins with an exclamation mark takes back.
fn is_among(patterns: &[&str], branch: &str) -> bool {
    patterns.iter().fold(false, |among, pattern| match pattern.strip_prefix('!') {
        Some(not) => among && fits(not, branch) != Some(true),
        None => among || fits(pattern, branch) != Some(false),
    })
}

/// One asterisk stands for anything within a part of the name, two for anything. None: it cannot be told.
fn fits(pattern: &str, name: &str) -> Option<bool> {
    if pattern.contains(['?', '+', '[', ']', '!', '\\']) {
        return None;
    }
    let name: Vec<char> = name.chars().collect();
    // How much of the name what was read of the pattern may stand for.
    let mut ends = vec![false; name.len() + 1];
    ends[0] = true;
    let mut rest = pattern;
    while let Some(next) = rest.chars().next() {
        let deep = rest.starts_with("**");
        rest = &rest[if deep { 2 } else { next.len_utf8() }..];
        let mut longer = vec![false; ends.len()];
        for at in 0..ends.len() {
            let stretched = at > 0 && longer[at - 1] && next == '*' && (deep || name[at - 1] != '/');
            longer[at] = match next {
                '*' => ends[at] || stretched,
                letter => at > 0 && ends[at - 1] && name[at - 1] == letter,
            };
        }
        ends = longer;
    }
    Some(ends[name.len()])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn starts(on: &str, branch: &str) -> bool {
        may_start(&serde_saphyr::from_str(on).unwrap(), "push", branch)
    }

    #[test]
    fn a_push_starts_what_says_so_for_its_branch() {
        for (on, started) in [
            ("push", true),
            ("workflow_dispatch", false),
            ("[workflow_dispatch, push]", true),
            ("[pull_request]", false),
            ("{ workflow_dispatch: }", false),
            ("{ push: }", true),
            ("{ push: { branches: [main] } }", false),
            ("{ push: { branches: 'fix/*' } }", true),
            ("{ push: { branches: ['fix/**', '!fix/key*'] } }", false),
            ("{ push: { branches: ['!fix/key*', 'fix/**'] } }", true),
            ("{ push: { branches: ['*'] } }", false),
            ("{ push: { branches: ['**'] } }", true),
            ("{ push: { branches: ['**slot*'] } }", true),
            ("{ push: { branches-ignore: ['fix/**'] } }", false),
            ("{ push: { branches-ignore: [main] } }", true),
            ("{ push: { tags: ['v*'] } }", false),
            ("{ push: { tags: ['v*'], branches: ['fix/**'] } }", true),
            ("{ push: { paths: ['docs/**'] } }", true),
            ("{ push: { paths-ignore: ['**'] } }", true),
            ("5", true),
        ] {
            assert_eq!(starts(on, "fix/keyslot"), started, "{on}");
        }
    }

    #[test]
    fn what_cannot_be_told_starts_it() {
        for on in [
            "branches: ['rel?ase']",
            "branches: ['**', '!fi[xy]/**']",
            "branches-ignore: ['fix/+']",
            "branches: 5",
        ] {
            assert!(starts(&format!("{{ push: {{ {on} }} }}"), "fix/keyslot"), "{on}");
        }
    }
}

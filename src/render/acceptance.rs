//! What people have accepted: which gate for which subject, who, why, and until when.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::span;
use crate::model::StampName;
use crate::rotation::Acceptance;

/// One of them as a line, with whether it is over at this moment.
pub fn words(one: &Acceptance, at: Option<Timestamp>) -> String {
    let Acceptance { by, gate: _, subject: _, because, until, why } = one;
    let bound = why.as_ref().map(|why| format!("; only as it was: {}", why.trim())).unwrap_or_default();
    let over = if at.is_some_and(|at| one.is_over(at)) { "; that is over" } else { "" };
    format!("{} is accepted by {by} until {}: {because}{bound}{over}", one.name(), span::rfc3339(*until))
}

/// A line each.
pub fn lines(given: &[Acceptance], at: Timestamp) -> String {
    given.iter().map(|one| format!("{}\n", words(one, Some(at)))).collect()
}

/// As `--withdraw` takes them.
pub fn names(given: &[Acceptance]) -> Vec<String> {
    let names: BTreeSet<String> = given.iter().map(Acceptance::name).collect();
    names.into_iter().collect()
}

/// Those that count now, each once, where others may read them: of subjects only stamps and what is theirs, for others may be
/// people, addresses or machines; and nothing of who accepted it and why, which is free text.
pub fn public(given: &[Acceptance], stamps: &[StampName], at: Timestamp) -> Vec<String> {
    let theirs = |subject: &str| {
        let of = |stamp: &StampName| {
            let rest = subject.strip_prefix(stamp.as_str());
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/') && !rest.starts_with("/node/"))
        };
        stamps.iter().any(of)
    };
    let counting = given.iter().filter(|one| !one.is_over(at));
    let line = |one: &Acceptance| {
        let of = if theirs(&one.subject) { format!(" for {}", one.subject) } else { String::new() };
        format!("{}{of} is accepted until {}", one.gate, span::rfc3339(one.until))
    };
    let lines: BTreeSet<String> = counting.map(line).collect();
    lines.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rotation::Gate;

    fn given(gate: Gate, subject: &str) -> Acceptance {
        Acceptance {
            by: "ada".to_owned(),
            gate,
            subject: subject.to_owned(),
            because: "it ends tonight".to_owned(),
            until: Timestamp::UNIX_EPOCH,
            why: None,
        }
    }

    #[test]
    fn it_is_told_who_why_until_when_and_of_what() {
        let one = given(Gate::Preflight, "eastus2/workload/a");
        let told = words(&one, Some(Timestamp::UNIX_EPOCH));
        for part in
            ["preflight:eastus2/workload/a", "by ada", "1970-01-01T00:00:00Z", "it ends tonight", "over"]
        {
            assert!(told.contains(part), "{part}: {told}");
        }
        assert!(!words(&one, None).contains("over"));
        assert_eq!(names(&[one.clone(), one]), ["preflight:eastus2/workload/a"]);
    }

    #[test]
    fn in_public_only_stamps_and_what_is_theirs_are_named() {
        let before = Timestamp::MIN;
        let stamps = [StampName::new("eastus2")];
        let told = |subject: &str| public(&[given(Gate::NotRefused, subject)], &stamps, before).concat();
        assert!(told("eastus2/workload/a").contains("for eastus2/workload/a"));
        for private in ["ada", "it ends tonight"] {
            assert!(!told("eastus2/workload/a").contains(private), "{private}");
        }
        for hidden in ["192.0.2.7", "eastus2/node/vm-1", "eastus22"] {
            assert!(!told(hidden).contains(hidden), "{hidden}");
        }
        assert!(public(&[given(Gate::NotRefused, "eastus2")], &stamps, Timestamp::UNIX_EPOCH).is_empty());
    }
}

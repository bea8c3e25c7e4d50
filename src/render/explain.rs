//! `explain` and `status`: every phase, and every reason that holds, with what would open it.

use jiff::Timestamp;

use super::{acceptance, count::counted, matrix::columns, reason, span};
use crate::model::{AccountView, World};
use crate::rotation::{
    Approval, Followed, Leg, Opened, Opens, Outlook, Pause, Phase, PhaseState, Reason, Report, Verdict,
};

/// The phases as a list with marks, one line each.
pub fn phases(report: &Report) -> String {
    let lines: Vec<[String; 4]> = report
        .phases
        .iter()
        .map(|phase| {
            let mark = match phase.state {
                PhaseState::Done => "done",
                PhaseState::FoundDone => "was so",
                PhaseState::Current => "now",
                PhaseState::Running => "running",
                PhaseState::Pending => "-",
            };
            let name = match phase.leg {
                Leg::Out => phase.phase.to_string(),
                Leg::Back => format!("back: {}", phase.phase),
            };
            let took = match (phase.started, phase.ended) {
                (Some(started), Some(ended)) => span::duration(span::between(started, ended)),
                (Some(started), None) => {
                    format!("for {}", span::duration(span::between(started, report.at)))
                }
                (None, _) => String::new(),
            };
            [mark.to_owned(), name, phase.phase.title().to_owned(), took]
        })
        .collect();
    columns(&lines)
}

/// Why it does not go on, and what would open each gate.
pub fn reasons(report: &Report) -> String {
    let Some(decision) = &report.decision else {
        let none = || "no rotation is open\n".to_owned();
        return closed(report).unwrap_or_else(none);
    };
    let phase = decision.phase;
    let head = match report.outlook() {
        Some(Outlook::Ready) => format!("{phase}: ready"),
        Some(Outlook::Waits(until)) => format!("{phase}: waits, looks again at {}", span::time(until)),
        Some(Outlook::Halted) => format!("{phase}: halted, a person must act"),
        Some(Outlook::Enough) => format!("{phase}: what was asked for is so"),
        Some(Outlook::Done) | None => "done".to_owned(),
    };
    let mut text = format!("{head}\n");
    if let Verdict::Act { steps, .. } = &decision.verdict {
        text.extend(steps.iter().map(|step| format!("  next: {step}\n")));
    }
    text.push_str(&paused(report));
    text.push_str(&approvals(report));
    text.push_str(&acceptances(report));
    text.push_str(&regeneration(report));
    text.extend(evidence_of_use(report).iter().map(|line| format!("  {line}\n")));
    let held = report.held();
    held.iter().for_each(|one| text.push_str(&block(one, "rotate")));
    let beside = report.hazards.iter().filter(|hazard| !held.contains(hazard));
    text.extend(
        beside.map(|hazard| format!("  {}: nothing is regenerated beside it\n", reason::why(hazard))),
    );
    if let Some((head, reasons)) = restart_halted(report) {
        text.push_str(&head);
        reasons.iter().for_each(|one| text.push_str(&block(one, "restart")));
    }
    text
}

fn restart_halted(report: &Report) -> Option<(String, &[Reason])> {
    let (phase, reasons) = report.restart_halted.as_ref()?;
    Some((format!("{phase}, by `keyslot restart` ahead of the rest: halted, a person must act\n"), reasons))
}

/// What a restart alone was halted by, a line each below one that says so. Empty where none was, or the rotation's own
/// restarts are what it is about.
pub fn restart(report: &Report) -> String {
    let Some((head, reasons)) = restart_halted(report) else { return String::new() };
    reasons.iter().fold(head, |text, one| format!("{text}  [{}] {}\n", one.gate, reason::why(one)))
}

/// The regeneration that was sent and is not over: since when, and how its end will be known. Empty where there is
/// none.
pub fn regeneration(report: &Report) -> String {
    let Some(one) = &report.regeneration else { return String::new() };
    let since = span::rfc3339(one.sent);
    let lasts = span::duration(span::between(one.sent, report.at));
    if let Some(why) = &one.failed {
        return format!("the regeneration of the {} key, sent at {since}, failed: {why}\n", one.kind);
    }
    let what = match &one.followed {
        Followed::Unanswered => {
            format!("whether the request to regenerate the {} key arrived is not known", one.kind)
        }
        Followed::Operation { .. } | Followed::Account => {
            format!("the {} key is being regenerated", one.kind)
        }
    };
    let again = one.again.map(|at| format!(", again at {}", span::time(at))).unwrap_or_default();
    format!("{what}: sent at {since} ({lasts}); {}{again}\n", followed(&one.followed))
}

/// How the end of a regeneration will be known, as a clause.
pub fn followed(followed: &Followed) -> String {
    match followed {
        Followed::Operation { url, asked } => {
            let asked = match asked {
                Some(at) => format!("asked last at {}", span::time(*at)),
                None => "not asked yet".to_owned(),
            };
            format!("followed at {} ({asked})", address(url))
        }
        Followed::Account => "followed by the account's state and the key's generation time".to_owned(),
        Followed::Unanswered => {
            "followed by the account's state, the key's generation time and the activity log".to_owned()
        }
    }
}

/// Without what is behind the question mark: the service signs its addresses there.
pub fn address(url: &str) -> &str {
    url.split('?').next().unwrap_or_default()
}

/// How the last rotation ended, as a line; absent where it has not, or there was none.
pub fn closed(report: &Report) -> Option<String> {
    let (at, done, why) = report.closed.as_ref()?;
    let at = span::rfc3339(*at);
    Some(match done {
        true => format!("the last rotation was done at {at}\n"),
        false => format!("the last rotation was closed at {at}: {why}\n"),
    })
}

/// Which rotation it is, as a line. Its name is what an approval gives.
pub fn opened(opened: &Opened, at: Option<Timestamp>) -> String {
    let (name, from, to) = (opened.approval_name(), opened.from, opened.to());
    let since = at.map_or_else(String::new, |at| format!(" at {}", span::rfc3339(at)));
    format!("rotation {name} of {}: {from} to {to}, begun{since} by {}\n", opened.account, opened.by)
}

/// Who paused it, a line each. Empty where nobody did.
pub fn paused(report: &Report) -> String {
    let line = |(at, by, because): &Pause| {
        let at = span::rfc3339(*at);
        format!("paused by {by} at {at}: {because}; `keyslot resume` lets it go on\n")
    };
    report.paused.iter().map(line).collect()
}

/// Who approved the regeneration, a line each. Empty where nobody did, or no rotation is open.
pub fn approvals(report: &Report) -> String {
    let Some(decision) = &report.decision else { return String::new() };
    let holds = report.approved || decision.phase > Phase::Regenerate;
    let void = if holds { "" } else { "; it does not count as things are" };
    let line = |(at, approval): &(Timestamp, Approval)| {
        let of = approval.key.map(|slot| format!(" of the {slot} key")).unwrap_or_default();
        let void = if approval.key.is_some() { "" } else { void };
        format!("the regeneration{of} is approved by {} at {}{void}\n", approval.by, span::rfc3339(*at))
    };
    report.approvals.iter().map(line).collect()
}

/// What was accepted, a line each. Empty where nothing was, or no rotation is open.
pub fn acceptances(report: &Report) -> String {
    match report.closed.is_none() {
        true => acceptance::lines(&report.acceptances, report.at),
        false => String::new(),
    }
}

/// Which evidence there is of who uses the old key, where that is what the rotation is about to rest on.
pub fn evidence_of_use(report: &Report) -> Vec<String> {
    match report.decision.as_ref().map(|decision| decision.phase) {
        Some(Phase::Quiesce | Phase::Regenerate) => {
            std::iter::once(told_by(&report.world)).chain(readers_told_by(&report.world)).collect()
        }
        Some(_) | None => Vec::new(),
    }
}

/// Which evidence there is of who uses the old key. None is no evidence that nobody does.
pub fn told_by(world: &World) -> String {
    let account = world.account.as_ref().and_then(|seen| seen.get());
    let noted = account.is_some_and(AccountView::notes_uses).then(|| "the account's own note".to_owned());
    let logged = world.usage.as_ref().map(|seen| match &seen.what {
        Ok(usage) => match usage.newest {
            Some(newest) => format!("the logs, whose newest row is of {}", span::rfc3339(newest)),
            None => "the logs, which have no row of the account".to_owned(),
        },
        Err(_) => "the logs, which cannot be read".to_owned(),
    });
    let told: Vec<String> = noted.into_iter().chain(logged).collect();
    match told.is_empty() {
        true => "nobody tells whether the old key is used: the gates of vaults and pods carry the weight"
            .to_owned(),
        false => format!("who uses the old key is told by {}", told.join(" and by ")),
    }
}

/// Which evidence there is of those who come by now and then, or read the secret and keep quiet.
fn readers_told_by(world: &World) -> Option<String> {
    let census = world.census.as_ref()?.get()?;
    let used = match &census.used {
        Ok(used) if used.newest.is_some() => format!("by the logs since {}", span::rfc3339(used.begins())),
        Ok(_) => "not by the logs, which have no row of the account".to_owned(),
        Err(_) => "not by the logs, which cannot be read".to_owned(),
    };
    let read = match &census.read {
        Ok(audit) if audit.newest.is_empty() => {
            "not by the vaults' audit, which has no row of them".to_owned()
        }
        Ok(audit) => {
            let of = format!("by the audit of {}", counted(audit.newest.len(), "vault"));
            let late: Vec<String> = audit
                .begins_late()
                .map(|(stamp, begins)| format!("that of {stamp} begins at {}", span::rfc3339(begins)))
                .collect();
            if late.is_empty() {
                of
            } else {
                format!("{of} ({}; who read the secret before is not known)", late.join(", "))
            }
        }
        Err(_) => "not by the vaults' audit, which cannot be read".to_owned(),
    };
    Some(format!("who else has read it is told {used}, and {read}"))
}

/// With the command that takes an acceptance of it.
fn block(one: &Reason, command: &str) -> String {
    let mut text = format!("  [{}] {}\n", one.gate, reason::why(one));
    text.push_str(&format!("      protects from: {}\n", reason::harm(one)));
    let remedy = reason::remedy(one);
    let opens = match one.why.opens() {
        Opens::ByLooking => "looking again",
        Opens::ByWaiting if remedy.is_empty() => "time",
        Opens::ByWaiting => "others, in time",
        Opens::ByPerson => "a person",
    };
    text.push_str(&format!("      opened by: {opens}"));
    if !remedy.is_empty() {
        text.push_str(&format!(": {remedy}"));
    }
    text.push('\n');
    if !one.gate.never_accepted() && one.why.opens() != Opens::ByLooking {
        text.push_str(&format!(
            "      or accept it: keyslot {command} --accept '{}:{}' --because TEXT --until TIME\n",
            one.gate, one.subject
        ));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Caller, PullNumber, PullWait, Slot, StampName, WorkloadName};
    use crate::rotation::{Gate, Subject, Why};

    #[test]
    fn a_review_is_opened_by_others_and_its_address_comes_after_what_is_missing() {
        let waits = vec![PullWait::Reviews { have: 0, want: 1, from: Vec::new() }, PullWait::Draft];
        let why = Why::PullOpen { url: "https://github.com/acme/a/pull/1".to_owned(), waits };
        let text = block(&Reason::new(Gate::Validated, Subject::Pull(PullNumber(1)), why), "rotate");
        let told = "waits: 0 of 1 reviews, it is a draft (https://github.com/acme/a/pull/1)\n";
        assert!(text.contains(told), "{text}");
        assert!(text.contains("opened by: others, in time: review and merge it\n"), "{text}");
    }

    #[test]
    fn what_the_stamps_own_pods_did_is_opened_by_time_and_nobody_is_sent_to_search() {
        let seen = |stamp: Option<&str>| {
            let by = Box::new(Caller { address: "10.0.0.1".to_owned(), agent: String::new() });
            let (at, until) = (Timestamp::UNIX_EPOCH, Timestamp::UNIX_EPOCH);
            let stamp = stamp.map(StampName::new);
            let why = Why::SeenInLogs { slot: Slot::Primary, at, until, by, stamp, count: 3 };
            block(&Reason::new(Gate::KeyQuiet, Subject::Key(Slot::Primary), why), "rotate")
        };
        let own = seen(Some("east"));
        assert!(own.contains("opened by: time\n") && !own.contains("census"), "{own}");
        assert!(seen(None).contains("opened by: others, in time: find who it is"), "{}", seen(None));
    }

    #[test]
    fn a_failed_rollout_is_looked_into_by_commands_that_can_be_typed() {
        let subject = Subject::Workload(StampName::new("east"), WorkloadName::new("shop", "cart"));
        let why = Why::RolloutFailed { message: "timed out".to_owned(), symptoms: Vec::new() };
        let text = block(&Reason::new(Gate::RolloutSettled, subject, why), "rotate");
        assert!(text.contains("context of east: `kubectl -n shop get pods"), "{text}");
        assert!(!text.contains("somebody else"), "it is our own: {text}");
    }

    #[test]
    fn old_pods_that_end_are_told_with_how_long_they_have() {
        let of = |ends| {
            let why = Why::OldPods { pods: vec!["a".to_owned()], terminating: 1, ends };
            block(&Reason::new(Gate::OldPodsGone, Subject::Stamp(StampName::new("east")), why), "rotate")
        };
        let text = of(Some(Timestamp::UNIX_EPOCH));
        assert!(text.contains("(1 terminating, with time until 1970-01-01T00:00:00Z)"), "{text}");
        assert!(of(None).contains("(1 terminating)"));
    }
}

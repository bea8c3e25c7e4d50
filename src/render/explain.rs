//! `explain` and `status`: every phase, and every reason that holds, with what would open it.

use super::{count::counted, matrix::columns, reason, span};
use crate::model::World;
use crate::rotation::{Leg, Opens, Phase, PhaseState, Reason, Report, Verdict};

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
    let held = report.held();
    let head = match &decision.verdict {
        Verdict::Act { steps, .. } => {
            let steps: Vec<String> = steps.iter().map(|step| format!("  next: {step}")).collect();
            format!("{}: ready\n{}", decision.phase, steps.join("\n"))
        }
        Verdict::Wait { .. } if held.is_empty() && report.paused.is_some() => {
            format!("{}: halted, a person must act", decision.phase)
        }
        // Nothing but the lease is missing, which is taken when the step is due.
        Verdict::Wait { .. } if held.is_empty() => format!("{}: ready", decision.phase),
        Verdict::Record(_) => format!("{}: ready", decision.phase),
        Verdict::Wait { until, .. } => {
            format!("{}: waits, looks again at {}", decision.phase, span::time(*until))
        }
        Verdict::Halt { .. } => format!("{}: halted, a person must act", decision.phase),
        Verdict::Done => "done".to_owned(),
        Verdict::Enough => format!("{}: what was asked for is so", decision.phase),
    };
    let mut text = format!("{head}\n{}", paused(report));
    if matches!(decision.phase, Phase::Quiesce | Phase::Regenerate) {
        text.push_str(&format!("  {}\n", told_by(&report.world)));
        if let Some(readers) = readers_told_by(&report.world) {
            text.push_str(&format!("  {readers}\n"));
        }
    }
    for one in held {
        text.push_str(&block(one));
    }
    text
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

/// Who paused it, as a line. Empty where nobody did.
pub fn paused(report: &Report) -> String {
    report.paused.as_ref().map_or_else(String::new, |(at, by, because)| {
        let at = span::rfc3339(*at);
        format!("paused by {by} at {at}: {because}; `keyslot resume` lets it go on\n")
    })
}

/// Which evidence there is of who uses the old key. None is no evidence that nobody does.
pub fn told_by(world: &World) -> String {
    let account = world.account.as_ref().and_then(|seen| seen.get());
    let noted =
        account.is_some_and(|account| account.tells_last_use).then(|| "the account's own note".to_owned());
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
        Ok(used) if used.newest.is_some() => format!("by the logs since {}", span::rfc3339(used.since)),
        Ok(_) => "not by the logs, which have no row of the account".to_owned(),
        Err(_) => "not by the logs, which cannot be read".to_owned(),
    };
    let read = match &census.read {
        Ok(audit) if audit.newest.is_empty() => {
            "not by the vaults' audit, which has no row of them".to_owned()
        }
        Ok(audit) => format!("by the audit of {}", counted(audit.newest.len(), "vault")),
        Err(_) => "not by the vaults' audit, which cannot be read".to_owned(),
    };
    Some(format!("who else has read it is told {used}, and {read}"))
}

fn block(one: &Reason) -> String {
    let mut text = format!("  [{}] {}\n", one.gate, reason::why(one));
    text.push_str(&format!("      protects from: {}\n", one.gate.harm()));
    let remedy = reason::remedy(one);
    let opens = match one.why.opens() {
        Opens::ByLooking => "looking again",
        Opens::ByWaiting => "time",
        Opens::ByPerson => "a person",
    };
    text.push_str(&format!("      opened by: {opens}"));
    if !remedy.is_empty() {
        text.push_str(&format!(": {remedy}"));
    }
    text.push('\n');
    if !one.gate.never_accepted() && one.why.opens() != Opens::ByLooking {
        text.push_str(&format!(
            "      or accept it: --accept '{}:{}' --because TEXT --until TIME\n",
            one.gate, one.subject
        ));
    }
    text
}

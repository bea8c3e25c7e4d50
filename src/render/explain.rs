//! `explain` and `status`: every phase, and every reason that holds, with what would open it.

use super::{matrix::columns, reason, span};
use crate::rotation::{Leg, Opens, PhaseState, Reason, Report, Verdict};

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
        return match &report.closed {
            Some((at, true, _)) => format!("the last rotation was done at {}\n", span::rfc3339(*at)),
            Some((at, false, why)) => {
                format!("the last rotation was closed at {}: {why}\n", span::rfc3339(*at))
            }
            None => "no rotation is open\n".to_owned(),
        };
    };
    let (head, reasons): (String, &[Reason]) = match &decision.verdict {
        Verdict::Act { steps, held } => {
            let steps: Vec<String> = steps.iter().map(|step| format!("  next: {step}")).collect();
            (format!("{}: ready\n{}", decision.phase, steps.join("\n")), held)
        }
        Verdict::Record(_) => (format!("{}: ready", decision.phase), &[]),
        Verdict::Wait { reasons, until } => {
            (format!("{}: waits, looks again at {}", decision.phase, span::time(*until)), reasons)
        }
        Verdict::Halt { reasons } => (format!("{}: halted, a person must act", decision.phase), reasons),
        Verdict::Done => ("done".to_owned(), &[]),
    };
    let mut text = format!("{head}\n");
    for one in reasons {
        text.push_str(&block(one));
    }
    text
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

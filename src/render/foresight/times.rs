//! How long it takes: the waits that are prescribed, and what rollouts may take.

use std::time::Duration;

use super::super::span;
use crate::rotation::{Course, Estimate, Foresight, Wave};

pub(super) fn waits(foresight: &Foresight) -> Vec<String> {
    let waits = &foresight.waits;
    let to = foresight.opened.to();
    let unused = format!("the {to} key is unused before it is made anew");
    let all = [
        (unused.as_str(), waits.renewal),
        ("until every replica of a vault answers with the new version", waits.settling),
        ("the canary runs on the new key", waits.soak),
        ("it is known of each wave whom the account refuses, before the next one", waits.judging),
        ("the old key is unused", waits.quiet),
        ("the regenerated key is accepted again and again", waits.confirm),
    ];
    let mut lines: Vec<String> = all
        .into_iter()
        .filter(|(_, wait)| !wait.is_zero())
        .map(|(what, wait)| format!("{}: {what}", span::duration(wait)))
        .collect();
    if foresight.renewal.as_ref().is_some_and(|renewal| renewal.course != Course::Done) {
        lines.push(format!("a minute to hours: Azure makes the {to} key anew, which comes on top"));
    }
    let total = span::duration(waits.total());
    let all = if foresight.begun { "are left in all" } else { "in all" };
    lines.push(format!("{total} {all}; reviews, pipeline runs and rollouts come on top"));
    lines
}

/// By wave, and by stamp where a wave has several left; what is over is left out.
pub(super) fn rollouts(foresight: &Foresight) -> Vec<String> {
    let (Some(total), Some(with)) = (foresight.rollout_left(), foresight.time_left()) else {
        return Vec::new();
    };
    let wave = |(number, wave): (usize, &Wave)| {
        let each = wave.stamps.iter().filter(|(_, course)| *course != Course::Done);
        let each =
            each.filter_map(|(stamp, _)| Some(format!("{stamp} {}", range(*foresight.rollouts.get(stamp)?))));
        let each: Vec<String> = each.collect();
        let by_stamp = if each.len() > 1 { format!(" ({})", each.join(", ")) } else { String::new() };
        format!("wave {number}: {}{by_stamp}", range(foresight.rollout_of(wave)))
    };
    let mut lines: Vec<String> = foresight.waves_left().map(wave).collect();
    lines.push(format!("{} in all, and with the waits above {}", range(total), range(with)));
    lines.push(
        "made of replicas, `maxSurge` and `maxUnavailable`, `minReadySeconds`, the delays of readiness probes, and how long \
         the pods that run took to become ready; with the grace period where a pod ends before its successor begins. Images \
         that are pulled anew, nodes that are added, and pods that fail come on top"
            .to_owned(),
    );
    lines
}

/// `2m to 5m`; the greater one is rounded up to whole minutes.
fn range(Estimate { least, most }: Estimate) -> String {
    let Some(most) = most else {
        return match least.is_zero() {
            true => "not known".to_owned(),
            false => format!("at least {}", span::duration(least)),
        };
    };
    let up = match most.as_secs() {
        few if few < 60 => most,
        more => Duration::from_secs(more.div_ceil(60) * 60),
    };
    let (least, most) = (span::duration(least), span::duration(up));
    if least == most { format!("about {least}") } else { format!("{least} to {most}") }
}

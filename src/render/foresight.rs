//! `keyslot plan` for people: what will be done, in which waves, what is in the way, what nobody knows.

use super::{acceptance, branch_rules, concern, reason, span};
use crate::model::{Merging, Promotion, Propagation, Right, Route, WorkloadName};
use crate::rotation::{Course, Estimate, Foresight, Phase, Reason, Wave};

/// The plan as text. `code` is what changes in the code, line by line; empty where nothing is left to change.
pub fn plan(foresight: &Foresight, code: &[String]) -> String {
    let opened = &foresight.opened;
    let (from, to) = (opened.from, opened.from.other());
    let mut text =
        format!("rotation {} of {}: retire the {from} key", opened.approval_name(), opened.account);
    text.push_str(if foresight.begun { " (open)\n" } else { " (not begun)\n" });
    section(&mut text, "what happens", &steps(foresight, code));
    section(&mut text, "waits that the policy prescribes", &waits(foresight));
    section(&mut text, "how long the rollouts may take, estimated", &rollouts(foresight));
    section(&mut text, "in the way", &held(&foresight.holds));
    let given = foresight.acceptances.iter().map(|one| acceptance::words(one, None));
    section(&mut text, "accepted by somebody", &given.collect::<Vec<_>>());
    section(&mut text, "in the way later", &held(&foresight.later));
    section(&mut text, "rights that are missing", &rights(foresight, |right| *right == Right::Denied));
    section(
        &mut text,
        "rights that could not be asked for",
        &rights(foresight, |right| matches!(right, Right::Unknown(_))),
    );
    section(&mut text, "rights that would tell more", &rights(foresight, |right| *right == Right::Unneeded));
    section(&mut text, "to know", &foresight.concerns.iter().flat_map(concern::lines).collect::<Vec<_>>());
    let allowed = foresight.rights.iter().filter(|(_, right)| right.right == Right::Allowed).count();
    text.push_str(&format!("\n{allowed} of {} rights are there; ", foresight.rights.len()));
    text.push_str(&match (foresight.may_begin(), foresight.begun) {
        (true, false) => format!("nothing is in the way: `keyslot rotate` moves everybody to {to}"),
        (true, true) => format!("nothing is in the way of “{}”", foresight.phase),
        (false, _) => "something is in the way".to_owned(),
    });
    text.push('\n');
    text
}

/// Each reason with what to do about it.
fn held(reasons: &[Reason]) -> Vec<String> {
    let lines = reasons.iter().flat_map(|hold| {
        let what = reason::remedy(hold);
        let to_do = (!what.is_empty()).then(|| format!("    to do: {what}"));
        std::iter::once(format!("{}: {}", hold.gate, reason::why(hold))).chain(to_do)
    });
    lines.collect()
}

fn section(text: &mut String, title: &str, lines: &[String]) {
    if lines.is_empty() {
        return;
    }
    text.push_str(&format!("\n{title}\n"));
    lines.iter().for_each(|line| text.push_str(&format!("  {line}\n")));
}

fn steps(foresight: &Foresight, code: &[String]) -> Vec<String> {
    let (from, to) = (foresight.opened.from, foresight.opened.from.other());
    let names = |workloads: &[WorkloadName]| {
        workloads.iter().map(|it| it.name.clone()).collect::<Vec<_>>().join(", ")
    };
    let line = |phases: &[Phase], what: String| marked(foresight, foresight.course(phases), &what);
    let proven = format!("the {to} key is proven in every region, for reading and writing");
    let mut lines = renewal(foresight);
    lines.push(line(&[Phase::Prepare], proven));
    let proposed = match (code.is_empty(), foresight.course(&[Phase::Propose])) {
        (true, Course::Done) => {
            "a pull request changes the code, which nothing is left to change in".to_owned()
        }
        (true, _) => "a pull request changes the code: nothing, it is so already".to_owned(),
        (false, _) => "a pull request changes the code:".to_owned(),
    };
    lines.push(line(&[Phase::Propose], proposed));
    lines.extend(code.iter().map(|line| format!("    {line}")));
    lines.push(line(&[Phase::Merge, Phase::Promote, Phase::Deploy, Phase::Propagate], way(foresight)));
    lines.extend(foresight.ruled.iter().filter_map(branch_rules::asked).map(|asked| format!("    {asked}")));
    for (at, wave) in foresight.waves.iter().enumerate() {
        let canary = if wave.canary { ", the canary" } else { "" };
        let what = format!(
            "wave {}{canary}: {}: restart {}, one after the other",
            at + 1,
            stamps(wave),
            names(&foresight.workloads)
        );
        lines.push(marked(foresight, Course::of_all(wave.stamps.iter().map(|(_, course)| *course)), &what));
    }
    lines.push(line(
        &[Phase::Quiesce],
        format!("no pod is left that could hold the {from} key, and it is unused"),
    ));
    lines.push(marked(foresight, foresight.approval, "somebody approves that it is regenerated"));
    lines.push(line(
        &[Phase::Regenerate, Phase::Confirm],
        format!("the {from} key is regenerated, and the new one is tried in every region"),
    ));
    lines
}

/// How the change comes into the vaults.
fn way(foresight: &Foresight) -> String {
    let merged = match foresight.merging {
        Merging::People => "it is merged by people",
        Merging::Auto => "it is merged by the forge, as soon as its rules allow",
        Merging::Keyslot => "it is merged by keyslot, as soon as the forge's rules allow",
    };
    if foresight.opened.route == Route::NextRelease {
        let written = match foresight.propagation {
            Propagation::Pipeline => "",
            Propagation::Write => ", and keyslot writes the secret in the vault of every stamp",
        };
        return format!(
            "{merged}; the next release brings it along: nothing is promoted or restarted, and units that are built from older \
             code are waited for until they are gone{written}"
        );
    }
    let promoted = match foresight.promotion {
        Promotion::Push => "promoted to the live release",
        Promotion::PullRequest => "promoted to the live release by a pull request, which people merge",
    };
    let written = match foresight.propagation {
        Propagation::Pipeline => "that release's pipeline writes the vaults",
        Propagation::Write => "keyslot writes the secret in the vault of every stamp",
    };
    format!("{merged}, {promoted}, and {written}")
}

/// That the target key is made anew first, and what holds it until then.
fn renewal(foresight: &Foresight) -> Vec<String> {
    let Some(renewal) = &foresight.renewal else { return Vec::new() };
    let to = foresight.opened.from.other();
    let most = span::duration(renewal.max);
    let why = match renewal.age {
        Some(age) if age > renewal.max => {
            format!("it is {} old, and {most} are allowed", span::duration(age))
        }
        Some(_) => format!("no older than {most} is allowed"),
        None => format!("nobody knows how old it is, and {most} are allowed"),
    };
    let first = format!("the {to} key is made anew before anything else ({why}: `max_target_age`)");
    let mut lines = vec![marked(foresight, renewal.course, &first)];
    if renewal.course == Course::ToCome {
        lines.push(format!(
            "    held until no vault, Kubernetes Secret, pod or known reader has it and no code or run names it, it is unused, \
             and somebody approves it by its slot (`--approve {to}`); `target-young:{to}` accepts its age instead"
        ));
    }
    lines
}

/// With how far it is, where the rotation is open.
fn marked(foresight: &Foresight, course: Course, what: &str) -> String {
    match foresight.begun {
        true => format!("{:<8} {what}", course_word(course)),
        false => what.to_owned(),
    }
}

fn course_word(course: Course) -> &'static str {
    match course {
        Course::ToCome => "to come",
        Course::Running => "now",
        Course::Done => "done",
    }
}

/// The stamps of a wave; each with how far it is, where they differ.
fn stamps(wave: &Wave) -> String {
    let alike = wave.stamps.iter().all(|(_, course)| Some(course) == wave.stamps.first().map(|(_, it)| it));
    let name = |(stamp, course): &(crate::model::StampName, Course)| match alike {
        true => stamp.to_string(),
        false => format!("{stamp} ({})", course_word(*course)),
    };
    wave.stamps.iter().map(name).collect::<Vec<_>>().join(", ")
}

fn waits(foresight: &Foresight) -> Vec<String> {
    let waits = &foresight.waits;
    let to = foresight.opened.from.other();
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
fn rollouts(foresight: &Foresight) -> Vec<String> {
    let left = |wave: &&Wave| wave.stamps.iter().any(|(_, course)| *course != Course::Done);
    let numbered = foresight.waves.iter().enumerate().filter(|(_, wave)| left(wave));
    let mut total = Estimate::NOTHING;
    let mut lines: Vec<String> = numbered
        .map(|(at, wave)| {
            let whole = foresight.rollout_of(wave);
            total = total.then(whole);
            let each = wave.stamps.iter().filter(|(_, course)| *course != Course::Done);
            let each = each
                .filter_map(|(stamp, _)| Some(format!("{stamp} {}", range(*foresight.rollouts.get(stamp)?))));
            let each: Vec<String> = each.collect();
            let by_stamp = if each.len() > 1 { format!(" ({})", each.join(", ")) } else { String::new() };
            format!("wave {}: {}{by_stamp}", at + 1, range(whole))
        })
        .collect();
    if lines.is_empty() {
        return lines;
    }
    let waits = foresight.waits.total();
    let with = total.then(Estimate { least: waits, most: Some(waits) });
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
        more => std::time::Duration::from_secs(more.div_ceil(60) * 60),
    };
    let (least, most) = (span::duration(least), span::duration(up));
    if least == most { format!("about {least}") } else { format!("{least} to {most}") }
}

fn rights(foresight: &Foresight, wanted: impl Fn(&Right) -> bool) -> Vec<String> {
    let told = foresight.rights.iter().filter(|(_, right)| wanted(&right.right));
    told.map(|(by, right)| match &right.right {
        Right::Unknown(why) => format!("{by}: {}: {why}", right.what),
        Right::Allowed | Right::Denied | Right::Unneeded => {
            format!("{by}: {}; to do: {}", right.what, right.remedy)
        }
    })
    .collect()
}

//! What happens, step by step; of a rotation that is open, with how far each is.

use super::super::{branch_rules, span};
use crate::model::{Merging, Promotion, Propagation, Route, StampName, WorkloadName};
use crate::rotation::{Course, Foresight, Phase, Wave};

pub(super) fn steps(foresight: &Foresight, code: &[String]) -> Vec<String> {
    let (from, to) = (foresight.opened.from, foresight.opened.to());
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
        lines.push(marked(foresight, wave.course(), &what));
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
    let to = foresight.opened.to();
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
    let name = |(stamp, course): &(StampName, Course)| match alike {
        true => stamp.to_string(),
        false => format!("{stamp} ({})", course_word(*course)),
    };
    wave.stamps.iter().map(name).collect::<Vec<_>>().join(", ")
}

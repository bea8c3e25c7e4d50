//! `keyslot plan` for people: what will be done, in which waves, what is in the way, what nobody knows.

mod code;
mod steps;
mod times;

use super::{acceptance, concern, reason};
use crate::model::Right;
use crate::rotation::{Foresight, Reason};

use code::code_lines;
pub use code::{ChangedLine, Code};

/// The plan as text. `code`: what changes, nothing where nothing is left to, or why it cannot be changed.
pub fn plan(foresight: &Foresight, code: &Code) -> String {
    let opened = &foresight.opened;
    let (from, to) = (opened.from, opened.to());
    let mut text =
        format!("rotation {} of {}: retire the {from} key", opened.approval_name(), opened.account);
    text.push_str(if foresight.begun { " (open)\n" } else { " (not begun)\n" });
    section(&mut text, "what happens", &steps::steps(foresight, &code_lines(code)));
    section(&mut text, "waits that the policy prescribes", &times::waits(foresight));
    section(&mut text, "how long the rollouts may take, estimated", &times::rollouts(foresight));
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
    text.push_str(&match (foresight.may_begin() && code.is_ok(), foresight.begun) {
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

//! What an approval rests on, for the person who is asked for it.

use super::{explain, matrix::Matrix, span};
use crate::model::{KeyKind, Policy, Slot, Term};
use crate::rotation::Report;

/// The evidence in lines, for the regeneration of the slot's key.
pub fn evidence(report: &Report, policy: &Policy, digest: &str, slot: Slot) -> String {
    let Some(opened) = &report.opened else { return String::new() };
    let stamps: Vec<_> = policy.stamps.iter().map(|stamp| stamp.name.clone()).collect();
    let matrix = Matrix::of(&report.world, &stamps, opened.access, policy.vault_lag, report.at);
    let account = report.world.account.as_ref().and_then(|seen| seen.get());
    let made = account.and_then(|account| account.key(KeyKind { slot, access: opened.access }).generated);
    let made = made.map_or_else(|| "before 2022-06-18".to_owned(), span::rfc3339);
    let rights = report.world.rights.as_ref().and_then(|seen| seen.get());
    let term = match rights.map(|rights| &rights.term) {
        Some(Term::Until(until)) => format!("the right to regenerate ends at {}", span::rfc3339(*until)),
        Some(Term::Lasting) => "the right to regenerate does not end by itself".to_owned(),
        Some(Term::Untold(why)) => format!("until when the right to regenerate lasts is not told: {why}"),
        None => "the right to regenerate was not asked for".to_owned(),
    };
    let what = match slot == opened.from {
        true => format!("the {slot} key"),
        false => format!("the {slot} key before everybody moves to it"),
    };
    format!(
        "only an approval is missing: rotation {} of {} regenerates {} (made {made})\n{}{}\n{term}\n{}evidence \
         {digest}\n",
        opened.approval_name(),
        opened.account,
        what,
        matrix.table(),
        explain::told_by(&report.world),
        explain::acceptances(report),
    )
}

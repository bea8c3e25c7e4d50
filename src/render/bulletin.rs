//! How a rotation stands, for the pull request: the matrix, the phases, what holds it, in Markdown.
//!
//! A pull request may be public. So reasons that name people, addresses or machines, or that quote a service, are told
//! by their gate alone; which are told in full is listed here, and a new reason is not. Nothing here has an age: the
//! same state gives the same text.

use std::collections::BTreeMap;

use super::matrix::{Cell, Matrix, Row};
use super::{acceptance, pull_request, reason, span};
use crate::model::{Policy, StampName};
use crate::ports::{Bulletin, BulletinState};
use crate::rotation::{Leg, Opened, Opens, Phase, PhaseReport, PhaseState, Reason, Report, Verdict, Why};

/// What a commit status may say.
const LINE: usize = 140;

/// The bulletin of the rotation that the report is about; absent where there never was one.
pub fn bulletin(report: &Report, policy: &Policy) -> Option<Bulletin> {
    let opened = report.opened.as_ref()?;
    let (state, line) = stands(report);
    let stamps: Vec<StampName> = policy.stamps.iter().map(|stamp| stamp.name.clone()).collect();
    let matrix = Matrix::of(&report.world, &stamps, opened.access, policy.vault_lag, report.at);
    let mut text = head(opened);
    text.push_str(&format!("**{line}**\n\n"));
    if state == BulletinState::UnderWay {
        text.push_str(&reasons(report));
        text.push_str(&accepted(report, &stamps));
        // Whoever only proposes looks at no vault, and then there is nothing to show.
        if !report.world.vaults.is_empty() {
            text.push_str(&table(&matrix));
        }
    }
    text.push_str(&phases(report));
    let line = line.chars().take(LINE).collect();
    Some(Bulletin { rotation: opened.rotation.clone(), text, state, line, head: None })
}

fn head(opened: &Opened) -> String {
    let kind = opened.retires();
    let account = &opened.account.name;
    format!("### Rotation of the {kind} key of `{account}` ({})\n\n", plain(opened.environment.as_str()))
}

fn stands(report: &Report) -> (BulletinState, String) {
    match &report.closed {
        Some((at, true, _)) => return (BulletinState::Done, format!("done at {}", span::rfc3339(*at))),
        Some((at, false, why)) => {
            return (BulletinState::GivenUp, format!("closed at {}: {}", span::rfc3339(*at), plain(why)));
        }
        None => {}
    }
    let Some(decision) = &report.decision else { return (BulletinState::UnderWay, "under way".to_owned()) };
    let phase = decision.phase;
    let line = match &decision.verdict {
        _ if !report.paused.is_empty() => format!("paused in {phase}"),
        Verdict::Halt { .. } => format!("{phase}: a person must act"),
        Verdict::Wait { .. } => format!("{phase}: waits ({})", phase.title()),
        Verdict::Act { .. } | Verdict::Record(_) => format!("{phase}: {}", phase.title()),
        Verdict::Enough if phase >= Phase::Restart => format!("{phase}: what was asked for is so"),
        Verdict::Done | Verdict::Enough => format!("{phase} is through"),
    };
    (BulletinState::UnderWay, line)
}

/// What it waits for. That something is to be looked at again is no news.
fn reasons(report: &Report) -> String {
    let held = report.held().into_iter().filter(|one| one.why.opens() != Opens::ByLooking);
    let mut lines: Vec<String> = held.map(line).collect();
    lines.dedup();
    const SHOWN: usize = 12;
    let more = lines.len().saturating_sub(SHOWN);
    let mut text: String = lines.iter().take(SHOWN).map(|line| format!("- {line}\n")).collect();
    if more > 0 {
        text.push_str(&format!("- and {more} more\n"));
    }
    if text.is_empty() { text } else { format!("{text}\n") }
}

/// What people have accepted of it.
fn accepted(report: &Report, stamps: &[StampName]) -> String {
    let lines = acceptance::public(&report.acceptances, stamps, report.at);
    let text: String = lines.iter().map(|line| format!("- {}\n", plain(line))).collect();
    if text.is_empty() { text } else { format!("{text}\n") }
}

fn line(one: &Reason) -> String {
    let why = match may_be_public(&one.why) {
        true => reason::why(one).lines().next().unwrap_or_default().to_owned(),
        false => format!("not yet: {}", one.gate.holds_for()),
    };
    match one.why.opens() {
        Opens::ByPerson => format!("{} (`{}`; a person must act)", plain(&why), one.gate),
        Opens::ByLooking | Opens::ByWaiting => format!("{} (`{}`)", plain(&why), one.gate),
    }
}

/// Reasons that name nobody and quote nobody, but for what the forge shows anyway.
fn may_be_public(why: &Why) -> bool {
    matches!(
        why,
        Why::LocalAuthDisabled
            | Why::KeySpreading { .. }
            | Why::TargetTooOld { .. }
            | Why::NoReference
            | Why::TreeProblems { .. }
            | Why::PullOpen { .. }
            | Why::PullClosed { .. }
            | Why::PullNotListed { .. }
            | Why::HeadNotJudged { .. }
            | Why::PushedSince { .. }
            | Why::WishTakenBack { .. }
            | Why::MergedUnreviewed { .. }
            | Why::BranchOfOthers { .. }
            | Why::BringsAlong { .. }
            | Why::MergeWouldRead { .. }
            | Why::ChangedByOtherHands { .. }
            | Why::MergedButReads { .. }
            | Why::TakenBack { .. }
            | Why::CheckNotPassed { .. }
            | Why::ValidationRuns { .. }
            | Why::ValidationEnded { .. }
            | Why::ValidationAsked { .. }
            | Why::ValidationToStart { .. }
            | Why::BranchReads { .. }
            | Why::RunUnderWay { .. }
            | Why::RunWaitsForApproval { .. }
            | Why::RunJustEnded { .. }
            | Why::RunFailed { .. }
            | Why::RunDidNotWrite { .. }
            | Why::RunLeftVaultsOut { .. }
            | Why::RunUnlisted { .. }
            | Why::VaultHolds { .. }
            | Why::VaultSettling { .. }
            | Why::VaultDisabled
            | Why::WorkloadMissing
            | Why::Paused
            | Why::Recreate
            | Why::RolloutUnderWay { .. }
            | Why::Unhealthy { .. }
            | Why::CanaryFirst { .. }
            | Why::Soaking { .. }
            | Why::WaveFull { .. }
            | Why::WaveSettling { .. }
            | Why::LastHealthyStamp { .. }
            | Why::NotApproved { .. }
            | Why::NotAcceptedLongEnough { .. }
            | Why::OperationRunning { .. }
    )
}

/// A comment has an end, and nobody reads so far: of a larger fleet the stamps that stand alike are told by their number.
const ROWS: usize = 100;

fn table(matrix: &Matrix) -> String {
    let mut text =
        "| stamp | base branch | release | key vault | pods |\n| --- | --- | --- | --- | --- |\n".to_owned();
    for (stamps, cells) in rows(matrix) {
        text.push_str(&format!("| {stamps} | {cells} |\n"));
    }
    format!("{text}\n")
}

/// Stamps, and how they stand.
fn rows(matrix: &Matrix) -> Vec<(String, String)> {
    let name = |row: &Row| plain(row.stamp.as_str());
    if matrix.rows.len() <= ROWS {
        return matrix.rows.iter().map(|row| (name(row), cells(row))).collect();
    }
    let mut alike: BTreeMap<String, Vec<&Row>> = BTreeMap::new();
    for row in &matrix.rows {
        alike.entry(cells(row)).or_default().push(row);
    }
    let mut alike: Vec<(String, Vec<&Row>)> = alike.into_iter().collect();
    // What few stamps have in common is what somebody looks for.
    alike.sort_by_key(|(_, rows)| rows.len());
    let more = alike.split_off(alike.len().min(ROWS));
    let told = alike.into_iter().map(|(cells, rows)| match rows.as_slice() {
        [one] => (name(one), cells),
        [first, rest @ ..] => (format!("{} and {} more", name(first), rest.len()), cells),
        [] => (String::new(), cells),
    });
    let left = more.iter().map(|(_, rows)| rows.len()).sum::<usize>();
    let left = (left > 0).then(|| (format!("{left} more"), "… | … | … | …".to_owned()));
    told.chain(left).collect()
}

fn cells(row: &Row) -> String {
    let cell = |cell: Cell| cell.holds.as_str();
    let old = match row.old_pods {
        0 => String::new(),
        old => format!(" ({old} old)"),
    };
    let (base, release, vault, pods) = (cell(row.base), cell(row.release), cell(row.vault), cell(row.pods));
    format!("{base} | {release} | {vault} | {pods}{old}")
}

fn phases(report: &Report) -> String {
    let through = through(report);
    let shown = |one: &PhaseReport| phase(one, through == Some((one.leg, one.phase)));
    let mut text: String = report.phases.iter().map(shown).collect();
    text.push_str(&format!("\n{}\n", pull_request::FOOT));
    text
}

/// The phase that the command which tells it was asked for, and has come through.
fn through(report: &Report) -> Option<(Leg, Phase)> {
    let decision = report.decision.as_ref()?;
    let enough = decision.verdict == Verdict::Enough && decision.phase < Phase::Restart;
    enough.then_some((decision.leg, decision.phase))
}

fn phase(phase: &PhaseReport, is_through: bool) -> String {
    let (mark, note) = match phase.state {
        PhaseState::Current if is_through => ("x", ""),
        PhaseState::Done => ("x", ""),
        PhaseState::FoundDone => ("x", " (was so)"),
        PhaseState::Current | PhaseState::Running => (" ", " ← now"),
        PhaseState::Pending => (" ", ""),
    };
    let leg = if phase.leg == Leg::Back { "back: " } else { "" };
    format!("- [{mark}] {leg}**{}**: {}{note}\n", phase.phase, phase.phase.title())
}

/// Names and words of others as they are: no markup, no table's edge, nobody called.
fn plain(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '<' => plain.push_str("&lt;"),
            '>' => plain.push_str("&gt;"),
            '|' => plain.push_str("&#124;"),
            '@' => plain.push_str("&#64;"),
            '`' => plain.push('\''),
            '\r' | '\n' => plain.push(' '),
            other => plain.push(other),
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Access, Caller, World};
    use crate::rotation::{Gate, Subject};

    #[test]
    fn what_names_people_or_machines_is_told_by_its_gate_alone() {
        let by = Caller { address: "192.0.2.7".to_owned(), agent: "laptop of ada".to_owned() };
        let at = jiff::Timestamp::UNIX_EPOCH;
        let why =
            Why::RefusedSince { region: "East".to_owned(), since: at, at, by, count: 3, stranger: true };
        let told = line(&Reason::new(Gate::NotRefused, Subject::Client("192.0.2.7".to_owned()), why));
        assert!(!told.contains("192.0.2.7") && !told.contains("ada"), "{told}");
        assert!(told.starts_with("not yet: the account has refused no request"), "{told}");
    }

    #[test]
    fn a_thousand_stamps_are_told_in_a_comment_that_the_forge_takes() {
        let (empty, at) = (World::default(), jiff::Timestamp::UNIX_EPOCH);
        let stamps: Vec<StampName> =
            (0..1_000).map(|number| StampName::new(format!("stamp-{number:04}-of-many"))).collect();
        let mut matrix = Matrix::of(&empty, &stamps, Access::ReadWrite, std::time::Duration::ZERO, at);
        matrix.rows[7].old_pods = 3;
        let told = table(&matrix);
        assert!(told.lines().count() < 10 && told.contains("stamp-0007-of-many | "), "{told}");
        assert!(told.contains("stamp-0000-of-many and 998 more | "), "{told}");
        for (number, row) in matrix.rows.iter_mut().enumerate() {
            row.old_pods = number;
        }
        let told = table(&matrix);
        assert!(told.len() < 20_000 && told.contains("900 more | "), "{}", told.len());
    }

    #[test]
    fn words_of_others_are_neither_markup_nor_a_call() {
        assert_eq!(plain("a|b <b> @team `x`\n#"), "a&#124;b &lt;b&gt; &#64;team 'x' #");
    }
}

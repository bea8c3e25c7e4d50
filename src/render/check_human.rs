//! `keyslot check` for people: findings with their lines, then each account with its slot and its references.

use std::fmt::Write as _;

use anstyle::{AnsiColor, Style};

use super::check_json::{SummaryJson, summary};
use super::excerpt::render_finding;
use super::rules::color;
use crate::check::{Finding, Severity};
use crate::model::{Access, SlotUse};
use crate::terraform::{Account, Reference, Role, Tree, mask};

const NAME: Style = Style::new().bold();
const DIM: Style = Style::new().dimmed();

/// The findings that count, each with its lines.
pub fn render_findings(tree: &Tree, findings: &[Finding]) -> String {
    let mut text = String::new();
    for finding in findings.iter().filter(|finding| finding.silenced.is_none()) {
        text.push_str(&render_finding(tree, finding));
        text.push_str("\n\n");
    }
    text
}

pub fn render_check(tree: &Tree, findings: &[Finding]) -> String {
    let mut text = render_findings(tree, findings);
    for (at, account) in tree.accounts.iter().enumerate() {
        if at > 0 {
            text.push('\n');
        }
        text.push_str(&render_account(tree, at, account));
    }
    let counts = render_summary(findings);
    if !counts.is_empty() {
        let gap = if tree.accounts.is_empty() { "" } else { "\n" };
        let _ = writeln!(text, "{gap}{counts}");
    }
    // Names of people's own stand in it, and a name may hold anything.
    mask(&text).into_owned()
}

/// `2 errors, 1 warning, 3 silenced`; empty where there is nothing to count.
fn render_summary(findings: &[Finding]) -> String {
    let SummaryJson { errors, warnings, notes, silenced } = summary(findings);
    let plural = |count: usize, one: &str| format!("{count} {one}{}", if count == 1 { "" } else { "s" });
    let of = |count: usize, severity: Severity| {
        let style = color(severity).on_default();
        (count > 0).then(|| format!("{style}{}{style:#}", plural(count, severity.as_str())))
    };
    let counts = [of(errors, Severity::Error), of(warnings, Severity::Warning), of(notes, Severity::Note)];
    let silenced = (silenced > 0).then(|| format!("{DIM}{silenced} silenced{DIM:#}"));
    counts.into_iter().chain([silenced]).flatten().collect::<Vec<_>>().join(", ")
}

fn render_account(tree: &Tree, at: usize, account: &Account) -> String {
    let mut text = format!("{NAME}{}{NAME:#}\n", account.key);
    for (a, b, reason) in &account.joined {
        let other = if a.to_string() == account.key.as_str() { b } else { a };
        let _ = writeln!(text, "  {DIM}also {other}: {reason}{DIM:#}");
    }
    for access in Access::ALL {
        let references: Vec<&Reference> = tree
            .references
            .iter()
            .filter(|reference| reference.account == at && reference.access == access)
            .collect();
        let reads = tree.slot_use(at, access);
        let _ = writeln!(text, "  {:<11} {}", access.as_str(), render_use(reads));
        for reference in references {
            text.push_str(&render_reference(tree, reference));
        }
    }
    text
}

fn render_use(reads: SlotUse) -> String {
    let (word, color) = match reads {
        SlotUse::Only(slot) => (slot.as_str(), AnsiColor::Green),
        SlotUse::Mixed => ("mixed", AnsiColor::Red),
        SlotUse::None => return format!("{DIM}not read{DIM:#}"),
        SlotUse::Unknown => ("unknown", AnsiColor::Yellow),
    };
    let style = color.on_default().bold();
    format!("{style}{word}{style:#}")
}

fn render_reference(tree: &Tree, reference: &Reference) -> String {
    let role = match reference.role {
        Role::Consumer => "",
        Role::Definition => "  (offers both slots)",
        Role::Relay => "  (decided where the name is given its value)",
        Role::Chosen => "  (chosen by a value)",
        Role::Unchosen => "  (not chosen)",
        Role::Choice => "  (chosen at run time)",
    };
    format!(
        "    {}  {}  {DIM}in {}{DIM:#}{role}\n",
        tree.place(reference.file, reference.span.start),
        reference.attribute,
        reference.binding.join(".")
    )
}

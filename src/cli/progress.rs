//! Progress as lines on stderr: every phase, every step and its end, and what is waited for when that changes.

use std::sync::{Arc, Mutex};

use jiff::Timestamp;

use super::board::Board;
use super::refusals::Refusals;
use super::stages::Told;
use super::{Color, Terminal};
use crate::drive::{DriveError, Notice, Watcher};
use crate::render::explain::address;
use crate::render::{concern, reason, span};
use crate::rotation::{Leg, Outcome, Produced, Reason, Step, Why};

/// How much is shown.
#[derive(Clone, Copy, Debug)]
pub struct Show {
    pub color: Color,
    pub quiet: bool,
}

impl Show {
    pub fn of(terminal: &Terminal) -> Show {
        Show { color: terminal.color(), quiet: false }
    }
}

/// Lines where nobody watches, a board where a terminal does.
pub fn watcher(terminal: &Terminal) -> Arc<dyn Watcher> {
    if terminal.is_watched() { Arc::new(Board::new()) } else { Arc::new(Lines::new(Show::of(terminal))) }
}

/// What was said last of what is waited for.
#[derive(Default)]
pub struct Waits(Vec<String>);

impl Waits {
    /// What is waited for, a reason a line and the first four, where it is other than the last time.
    pub fn news(&mut self, reasons: &[Reason]) -> Vec<String> {
        let kind = |one: &Reason| {
            format!(
                "{} {} {}{}",
                one.gate,
                one.subject,
                one.why.kind(),
                the_last(&one.why).unwrap_or_default()
            )
        };
        let kinds: Vec<String> = reasons.iter().map(kind).collect();
        if kinds == self.0 {
            return Vec::new();
        }
        self.0 = kinds;
        whys(reasons).iter().take(4).map(|why| format!("waits: {why}")).collect()
    }

    /// Another phase begins: the same is worth saying again.
    pub fn forget(&mut self) {
        self.0.clear();
    }
}

/// So many names a reason tells before it only counts.
const NAMED: usize = 3;

/// The last old pods, which are worth a line whenever one of them is gone: all of them are named in it.
fn the_last(why: &Why) -> Option<String> {
    match why {
        Why::OldPods { pods, .. } if pods.len() <= NAMED => Some(pods.join(" ")),
        _ => None,
    }
}

/// Writes a line for each thing that happens.
pub struct Lines {
    inner: Mutex<Inner>,
}

struct Inner {
    terminal: Terminal,
    quiet: bool,
    waits: Waits,
    told: Told,
    refusals: Refusals,
}

impl Inner {
    /// Tells the refusals that these reasons do not tell.
    fn refused(&mut self, reasons: &[Reason]) {
        for line in self.refusals.untold(reasons) {
            self.terminal.warn(&line);
        }
    }
}

impl Lines {
    pub fn new(show: Show) -> Lines {
        let terminal = Terminal::new(show.color);
        Lines {
            inner: Mutex::new(Inner {
                terminal,
                quiet: show.quiet,
                waits: Waits::default(),
                told: Told::default(),
                refusals: Refusals::default(),
            }),
        }
    }
}

impl Watcher for Lines {
    fn notice(&self, at: Timestamp, notice: &Notice<'_>) {
        let mut inner = self.inner.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if let Notice::Unwritten { step, outcome } = notice {
            inner.terminal.warn(&unwritten(step, outcome));
        }
        if inner.quiet {
            return;
        }
        let time = span::time(at);
        match notice {
            Notice::Reached { leg, phase } => {
                inner.waits.forget();
                let leg = if *leg == Leg::Back { "back: " } else { "" };
                inner.terminal.say(&format!("{time}  {leg}{phase}: {}", phase.title()));
            }
            Notice::Intended { step } => inner.terminal.say(&format!("{time}    {step}")),
            Notice::Ended { step, outcome } => match outcome {
                Outcome::Applied { .. } => {}
                Outcome::NotSent { why } => inner.terminal.warn(&format!("{step} was not sent: {why}")),
                Outcome::Refused { .. } => inner.refusals.note(step, outcome),
                Outcome::Unknown { why } => {
                    inner.terminal.warn(&format!("whether “{step}” arrived is not known: {why}"));
                }
            },
            Notice::Waiting { reasons, world, .. } => {
                inner.refused(reasons);
                for line in inner.told.news(world, at) {
                    inner.terminal.say(&format!("{time}    {line}"));
                }
                for line in inner.waits.news(reasons) {
                    inner.terminal.mutter(&format!("{time}      {line}"));
                }
            }
            Notice::Over { reasons } => inner.refused(reasons),
            Notice::StoreAway { error } => inner.terminal.warn(&store_away(error)),
            Notice::Unwritten { .. } => {}
            Notice::NotTold { fault } => {
                inner.terminal.warn(&format!("the pull request does not show how it stands: {fault}"));
            }
            Notice::Forewarned { concern } => inner.terminal.warn(&concern::line(concern)),
            Notice::Overtaken => inner.terminal.mutter(&format!("{time}      somebody else wrote first")),
        }
    }
}

pub(super) fn store_away(error: &DriveError) -> String {
    format!("the journal cannot be reached, and is waited for: {error}")
}

/// What came of a step, where nobody else will know of it.
pub(super) fn unwritten(step: &Step, outcome: &Outcome) -> String {
    let came = match outcome {
        Outcome::Applied { produced: Produced::Operation(operation) } => {
            format!("it was taken, and is followed at {}", address(&operation.url))
        }
        Outcome::Applied { .. } => "it was done".to_owned(),
        Outcome::NotSent { why } => format!("it was not sent: {why}"),
        Outcome::Refused { why, .. } => format!("it was refused: {why}"),
        Outcome::Unknown { why } => format!("whether it arrived is not known: {why}"),
    };
    format!(
        "what came of “{step}” could NOT be written to the journal: {came}; keep this for whoever goes on"
    )
}

/// In words; what several gates have in the same words is told once.
fn whys(reasons: &[Reason]) -> Vec<String> {
    let mut whys = Vec::new();
    for why in reasons.iter().map(reason::why) {
        if !whys.contains(&why) {
            whys.push(why);
        }
    }
    whys
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::StampName;
    use crate::rotation::{Gate, Subject};

    #[test]
    fn what_is_waited_for_is_said_once_until_it_changes_or_another_phase_begins() {
        let paused = Reason::new(Gate::Preflight, Subject::Rotation, Why::Paused);
        let disabled = Reason::new(Gate::Preflight, Subject::Account, Why::LocalAuthDisabled);
        let one = std::slice::from_ref(&paused);
        let mut waits = Waits::default();
        assert_eq!(waits.news(one).len(), 1);
        assert!(waits.news(one).is_empty());
        assert_eq!(waits.news(&[paused.clone(), disabled]).len(), 2);
        assert_eq!(waits.news(one), [format!("waits: {}", reason::why(&paused))]);
        waits.forget();
        assert_eq!(waits.news(one).len(), 1);
    }

    #[test]
    fn the_last_old_pods_are_told_again_whenever_one_of_them_is_gone() {
        let old = |count: usize| {
            let pods: Vec<String> = (0..count).map(|number| format!("pod-{number}")).collect();
            let why = Why::OldPods { terminating: pods.len(), pods, ends: None };
            [Reason::new(Gate::OldPodsGone, Subject::Stamp(StampName::new("eastus2")), why)]
        };
        let mut waits = Waits::default();
        let told: Vec<usize> = [9, 7, 4, 3, 3, 2, 1].map(|count| waits.news(&old(count)).len()).to_vec();
        assert_eq!(told, [1, 0, 0, 1, 0, 1, 1]);
    }

    #[test]
    fn what_two_gates_have_in_the_same_words_is_told_once() {
        let subject = || Subject::Stamp(StampName::new("eastus2"));
        let held = |gate| Reason::new(gate, subject(), Why::VaultDisabled);
        let other = Reason::new(Gate::Propagated, subject(), Why::ClusterGone);
        assert_eq!(whys(&[held(Gate::Preflight), held(Gate::Propagated), other]).len(), 2);
    }
}

//! Progress on a terminal: the lines of [`super::progress`], and below them one line a stamp that stays in place.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use jiff::Timestamp;

use super::progress::{Waits, store_away, unwritten};
use super::refusals::Refusals;
use super::stages::{self, Told};
use crate::drive::{Notice, Watcher};
use crate::model::StampName;
use crate::render::matrix::{Matrix, Row};
use crate::render::{concern, reason, span};
use crate::rotation::{Leg, Outcome};

/// Draws on stderr. Only for terminals.
pub struct Board {
    lines: MultiProgress,
    inner: Mutex<Inner>,
}

struct Inner {
    waiting: ProgressBar,
    /// The run that is followed and its stages.
    run: Vec<ProgressBar>,
    told: Told,
    refusals: Refusals,
    waits: Waits,
    stamps: BTreeMap<StampName, ProgressBar>,
}

impl Board {
    pub fn new() -> Board {
        let lines = MultiProgress::new();
        let waiting = lines.add(plain());
        Board {
            lines,
            inner: Mutex::new(Inner {
                waiting,
                run: Vec::new(),
                told: Told::default(),
                refusals: Refusals::default(),
                waits: Waits::default(),
                stamps: BTreeMap::new(),
            }),
        }
    }

    fn say(&self, text: &str) {
        let _ = self.lines.println(text);
    }

    /// One line each, between what is waited for and the stamps.
    fn show_run(&self, inner: &mut Inner, lines: &[String]) {
        while inner.run.len() > lines.len() {
            if let Some(bar) = inner.run.pop() {
                bar.finish_and_clear();
                self.lines.remove(&bar);
            }
        }
        while inner.run.len() < lines.len() {
            let place = 1 + inner.run.len();
            inner.run.push(self.lines.insert(place, plain()));
        }
        for (bar, line) in inner.run.iter().zip(lines) {
            bar.set_message(line.clone());
        }
    }
}

impl Inner {
    fn clear(&self) {
        self.waiting.finish_and_clear();
        self.run.iter().for_each(ProgressBar::finish_and_clear);
        self.stamps.values().for_each(ProgressBar::finish_and_clear);
    }
}

fn plain() -> ProgressBar {
    let bar = ProgressBar::new_spinner();
    if let Ok(style) = ProgressStyle::with_template("{wide_msg}") {
        bar.set_style(style);
    }
    bar
}

impl Watcher for Board {
    fn notice(&self, at: Timestamp, notice: &Notice<'_>) {
        let time = span::time(at);
        match notice {
            Notice::Reached { leg, phase } => {
                self.inner.lock().unwrap_or_else(PoisonError::into_inner).waits.forget();
                let leg = if *leg == Leg::Back { "back: " } else { "" };
                self.say(&format!("{time}  {leg}{phase}: {}", phase.title()));
            }
            Notice::Intended { step } => self.say(&format!("{time}    {step}")),
            Notice::Ended { step, outcome } => match outcome {
                Outcome::Applied { .. } => {}
                Outcome::NotSent { why } => self.say(&format!("{time}    {step} was not sent: {why}")),
                Outcome::Refused { .. } => {
                    let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
                    inner.refusals.note(step, outcome);
                }
                Outcome::Unknown { why } => {
                    self.say(&format!("{time}    whether “{step}” arrived is not known: {why}"));
                }
            },
            Notice::Waiting { reasons, world, policy, access, .. } => {
                let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
                for line in inner.refusals.untold(reasons) {
                    self.say(&format!("{time}    {line}"));
                }
                // Whole, and it stays: the line below is cut at the terminal's width.
                for line in inner.waits.news(reasons) {
                    self.say(&format!("{time}      {line}"));
                }
                let first = reasons.first().map(reason::why).unwrap_or_default();
                // One line is all there is here.
                let first = first.lines().next().unwrap_or_default();
                let more = match reasons.len() {
                    0 | 1 => String::new(),
                    count => format!(" (and {} more)", count - 1),
                };
                inner.waiting.set_message(format!("{time}  waits: {first}{more}"));
                let standing = stages::standing(world, at);
                // What has ended is said once, and stays above.
                let news = inner.told.news(world, at);
                if standing.is_empty() {
                    news.iter().for_each(|line| self.say(&format!("{time}    {line}")));
                }
                self.show_run(&mut inner, &standing);
                let stamps: BTreeSet<&StampName> = world.vaults.keys().chain(world.clusters.keys()).collect();
                let stamps: Vec<StampName> = stamps.into_iter().cloned().collect();
                for row in Matrix::of(world, &stamps, *access, policy.vault_lag, at).rows {
                    let bar =
                        inner.stamps.entry(row.stamp.clone()).or_insert_with(|| self.lines.add(plain()));
                    bar.set_message(line(&row));
                }
            }
            Notice::Over { reasons } => {
                let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
                for line in inner.refusals.untold(reasons) {
                    self.say(&format!("{time}    {line}"));
                }
                inner.clear();
            }
            Notice::StoreAway { error } => self.say(&format!("{time}    {}", store_away(error))),
            Notice::Unwritten { step, outcome } => {
                self.say(&format!("{time}    {}", unwritten(step, outcome)));
            }
            Notice::NotTold { fault } => {
                self.say(&format!("{time}    the pull request does not show how it stands: {fault}"));
            }
            Notice::Forewarned { concern } => self.say(&format!("{time}    {}", concern::line(concern))),
            Notice::Overtaken => self.say(&format!("{time}    somebody else wrote to the journal first")),
        }
    }
}

fn line(row: &Row) -> String {
    let old = match row.old_pods {
        0 => String::new(),
        count => format!(", {count} old"),
    };
    format!("    {}: vault {}, pods {}{old}", row.stamp, row.vault.holds.as_str(), row.pods.holds.as_str())
}

//! The figures of all runs side by side, as tables that a README can take.

use std::time::Duration;

use crate::contender::{Contender, Fared};

/// What came of one run in which everything was restarted.
#[derive(Clone, Debug)]
pub struct Figures {
    pub contender: Contender,
    pub stamps: usize,
    pub makespan: Duration,
    /// Of this contender's own plan.
    pub ideal: Duration,
    /// Of the wave that goes at once, against the slowest of its stamps by itself in the same world.
    pub wave_of_slowest: f64,
    /// To the clusters, watches apart, by workload: until every old pod is known to be gone, and for regenerate's own lists.
    pub requests: (f64, f64),
    pub old_pods_left: usize,
    pub latency: Latency,
    pub fared: Fared,
}

/// Of a stamp's last old pod.
#[derive(Clone, Debug, Default)]
pub struct Latency {
    /// From its end until a watch has told keyslot of it, for every stamp; shortest first.
    pub told: Vec<Duration>,
    /// Until its cluster's evidence says so, for the stamps that were waited for.
    pub known: Vec<Duration>,
}

/// Budgets of one run of many stamps.
const MOST_OF_IDEAL: f64 = 1.05;
const MOST_REQUESTS: f64 = 4.0;
const MOST_LATENCY: Duration = Duration::from_millis(200);
const MOST_MEMORY: f64 = 400e6;
const MOST_CORES: f64 = 1.0;

impl Figures {
    pub fn of_ideal(&self) -> f64 {
        self.makespan.as_secs_f64() / self.ideal.as_secs_f64()
    }

    fn all_requests(&self) -> f64 {
        self.requests.0 + self.requests.1
    }

    fn cores(&self) -> f64 {
        self.fared.cpu.as_secs_f64() / self.fared.took.as_secs_f64()
    }

    /// Stamps of whose last old pod no watch has told: the latencies are without them, so there may be none.
    fn untold(&self) -> (&'static str, String, String, f64) {
        let untold = self.stamps.saturating_sub(self.latency.told.len());
        // Any is more than all that is allowed.
        let ratio = if untold == 0 { 0.0 } else { 1.0 + untold as f64 };
        ("stamps that no watch told of", untold.to_string(), "0".to_owned(), ratio)
    }

    /// What was measured against what it may be: name, figure, budget, both as texts, and their ratio.
    fn budgets(&self) -> Vec<(&'static str, String, String, f64)> {
        let number = |name, value: f64, most: f64, unit: &str, places: usize| {
            (name, format!("{value:.places$}{unit}"), format!("{most:.places$}{unit}"), value / most)
        };
        let mut budgets = vec![
            number("makespan / ideal", self.of_ideal(), MOST_OF_IDEAL, "", 3),
            number("one wave / its slowest stamp", self.wave_of_slowest, MOST_OF_IDEAL, "", 3),
            number("requests a workload", self.all_requests(), MOST_REQUESTS, "", 2),
            number("peak memory", self.fared.peak as f64 / 1e6, MOST_MEMORY / 1e6, " MB", 0),
            number("cores, on average", self.cores(), MOST_CORES, "", 2),
            number("open files", self.fared.files as f64, self.fared.files_allowed as f64, "", 0),
            self.untold(),
        ];
        let told = [
            ("watch latency, median", middle(&self.latency.told)),
            ("watch latency, worst", self.latency.told.last().copied()),
        ];
        let known = [
            ("in evidence, median", middle(&self.latency.known)),
            ("in evidence, worst", self.latency.known.last().copied()),
        ];
        for (name, latency) in told.into_iter().chain(known) {
            if let Some(latency) = latency {
                budgets.push(number(
                    name,
                    latency.as_secs_f64() * 1e3,
                    MOST_LATENCY.as_secs_f64() * 1e3,
                    " ms",
                    0,
                ));
            }
        }
        budgets
    }
}

/// Half of them are as short, or shorter.
pub fn middle(sorted: &[Duration]) -> Option<Duration> {
    sorted.get(sorted.len().saturating_sub(1) / 2).copied()
}

/// Everybody who restarted so many stamps, one line each, against the first of them.
pub fn print_contest(figures: &[Figures]) {
    let Some(first) = figures.first() else { return };
    println!(
        "\n| {} stamps | makespan | of the plan's ideal | wave, of its slowest stamp | of keyslot's | requests a workload | old pods left |",
        first.stamps
    );
    println!("| --- | --: | --: | --: | --: | --: | --: |");
    for one in figures {
        println!(
            "| {} | {:.0} s | {:.3} | {:.3} | {:.2} | {:.1} | {} |",
            one.contender,
            one.makespan.as_secs_f64(),
            one.of_ideal(),
            one.wave_of_slowest,
            one.makespan.as_secs_f64() / first.makespan.as_secs_f64(),
            one.all_requests(),
            one.old_pods_left,
        );
    }
}

/// One run against its budgets.
pub fn print_budgets(figures: &Figures) {
    println!("\n| {} stamps, keyslot | measured | at most | of it |", figures.stamps);
    println!("| --- | --: | --: | --: |");
    for (name, measured, most, ratio) in figures.budgets() {
        println!("| {name} | {measured} | {most} | {:.0} % |", ratio * 100.0);
    }
}

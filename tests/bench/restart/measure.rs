//! From what the world tells, what it was asked, and keyslot's journal: the figures.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;

use crate::ideal::between;
use crate::world::StampStory;

/// One request as the world's transcript has it.
#[derive(Debug, Deserialize)]
pub struct Asked {
    pub at: Timestamp,
    pub host: String,
    pub method: String,
    pub path: String,
}

impl Asked {
    pub fn is_watch(&self) -> bool {
        self.path.contains("watch=")
    }
}

/// Every request of a run, in order.
pub fn transcript(folder: &Path) -> Vec<Asked> {
    let text = std::fs::read_to_string(folder.join("transcript.jsonl")).unwrap();
    let mut asked: Vec<Asked> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    asked.sort_by_key(|asked| asked.at);
    asked
}

/// From the first restart to the last complete rollout.
pub fn makespan(stories: &[StampStory]) -> Duration {
    let rollouts = || stories.iter().flat_map(|story| &story.rollouts);
    let first = rollouts().map(|(begun, _)| *begun).min().unwrap();
    let last =
        rollouts().map(|(_, complete)| complete.expect("every rollout came to its end")).max().unwrap();
    between(first, last)
}

/// Of all stamps but the one that was begun first: the wave that goes at once.
pub fn wave(stories: &[StampStory]) -> Duration {
    let begun = |story: &StampStory| story.rollouts.iter().map(|(begun, _)| *begun).min().unwrap();
    let first = stories.iter().map(begun).min().unwrap();
    let others: Vec<StampStory> = stories.iter().filter(|story| begun(story) > first).cloned().collect();
    if others.is_empty() { makespan(stories) } else { makespan(&others) }
}

/// Of every stamp by itself, the longest.
pub fn slowest(stories: &[StampStory]) -> Duration {
    stories.iter().map(|story| makespan(std::slice::from_ref(story))).max().unwrap()
}

/// When keyslot came to a phase, by its journal, in the world's time; never where it was not at work.
pub fn reached(folder: &Path, phase: &str) -> Option<Timestamp> {
    let (mut records, state) = (Vec::new(), folder.join("state"));
    if state.exists() {
        collect(&state, &mut records);
    }
    records.into_iter().find_map(|record| {
        let kind = &record["kind"];
        let is_it = kind["event"] == "reached" && kind["phase"] == phase;
        is_it.then(|| record["at"].as_str().unwrap().parse().unwrap())
    })
}

fn collect(folder: &Path, records: &mut Vec<Value>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, records);
        } else if path.extension().is_some_and(|extension| extension == "json") {
            records.push(serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap());
        }
    }
}

/// Requests by what they ask for: of a path the last word, or the method and the host.
pub fn by_kind<'a>(
    asked: impl Iterator<Item = &'a Asked>,
    clusters: &[StampStory],
) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    let addresses: std::collections::BTreeSet<&str> =
        clusters.iter().map(|story| story.address.as_str()).collect();
    for asked in asked {
        let path = asked.path.split('?').next().unwrap_or_default();
        let name = match (addresses.contains(asked.host.as_str()), asked.is_watch()) {
            (true, true) => format!("watch {}", path.rsplit('/').next().unwrap_or_default()),
            (true, false) if asked.method == "PATCH" => "patch".to_owned(),
            (true, false) => format!("list {}", path.rsplit('/').next().unwrap_or_default()),
            (false, _) => format!("({})", asked.host.split_once('.').map_or("", |(_, domain)| domain)),
        };
        *counts.entry(name).or_default() += 1;
    }
    counts
}

/// When everything was looked at once more, with every old pod known to be gone: what regenerate is decided on.
pub fn afresh(asked: &[Asked], quiesce: Timestamp) -> Option<Timestamp> {
    let whole = |asked: &&Asked| asked.path.contains("/secretproviderclasses?");
    asked.iter().filter(|asked| asked.at > quiesce).find(whole).map(|asked| asked.at)
}

/// What keyslot logs of single stamps, in the world's time, which passes as fast as ours for both of them.
#[derive(Default)]
pub struct Log {
    /// When a watch told that no pod ends any more.
    told: BTreeMap<String, Vec<Timestamp>>,
    /// When its cluster was seen anew.
    seen: BTreeMap<String, Vec<Timestamp>>,
}

impl Log {
    pub fn read(folder: &Path) -> Log {
        let text = std::fs::read_to_string(folder.join("keyslot.log")).unwrap();
        let mut log = Log::default();
        for line in text.lines() {
            if let Some((_, line)) = line.split_once(": told stamp=") {
                if line.trim().ends_with("what=PodsGone") {
                    note(&mut log.told, line);
                }
            } else if let Some((_, line)) = line.split_once(": seen stamp=") {
                note(&mut log.seen, line);
            }
        }
        log
    }
}

fn note(times: &mut BTreeMap<String, Vec<Timestamp>>, line: &str) {
    let (stamp, rest) = line.split_once(" at=").unwrap();
    let at = rest.split_whitespace().next().unwrap().parse().unwrap();
    times.entry(stamp.to_owned()).or_default().push(at);
}

/// From a stamp's last old pod's end until a watch has told keyslot of it, for every stamp of which it was told. What keyslot
/// does with it, and when, is another matter: see [`latencies`].
pub fn told(stories: &[StampStory], log: &Log) -> Vec<Duration> {
    let mut told: Vec<Duration> = stories
        .iter()
        .filter_map(|story| {
            let gone = story.last_old_pod?;
            let told = log.told.get(&story.name)?.iter().find(|at| **at >= gone)?;
            Some(between(gone, *told))
        })
        .collect();
    told.sort();
    told
}

/// A look that began so long before may have seen the pod gone.
const UNDER_WAY: Duration = Duration::from_secs(1);

/// From a stamp's last old pod's end until its cluster was seen without it, where somebody waited for it then.
pub fn latencies(stories: &[StampStory], log: &Log, since: Timestamp) -> Vec<Duration> {
    let mut latencies: Vec<Duration> = stories
        .iter()
        .filter_map(|story| {
            let gone = story.last_old_pod.filter(|gone| *gone > since)?;
            let seen = log.seen.get(&story.name)?;
            let before = seen.iter().rfind(|at| **at < gone)?;
            let known = seen.iter().find(|at| **at >= gone)?;
            (between(*before, gone) > UNDER_WAY).then(|| between(gone, *known))
        })
        .collect();
    latencies.sort();
    latencies
}

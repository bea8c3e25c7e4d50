//! What a restart of many stamps takes, against what it could take and against the runbook's loop with kubectl.
//!
//! `cargo bench --bench restart` makes each world anew, in a process of its own, served over TLS in real time, and lets
//! keyslot restart everything in it, then (where `kubectl` is installed) the runbook's loop: one stamp after the
//! other, and all at once through `xargs -P`. Told are:
//!
//! - makespan: from the first restart to the last complete rollout. The ideal is the same plan in the same world,
//!   driven in memory: the canary stamp by itself, then all others at once, no soak, each restart in the moment in
//!   which the one before it is complete;
//! - requests a workload, watches apart: from the first look until every old pod is known to be gone, and those of
//!   regenerate's own fresh lists of everything;
//! - watch latency: from the end of a stamp's last old pod, by the world, until a watch has told keyslot of it, by the time
//!   in its log; until that stands in its evidence, for those stamps that it waited for then; and from the end of the last pod
//!   of all until every gate of regenerate is judged on fresh lists;
//! - of keyslot's process the peak memory, the processor time by the time that it ran, and the open files: it begins with
//!   the limit of 1,024 that most systems have.
//!
//! All of it is put against a peer or a limit in tables at the end. `-- --small N` and `-- --large N` set the numbers of
//! stamps (6 and 1,000; 0 leaves a part out). The loop with kubectl runs on the small world alone: a thousand of its
//! processes at once want more memory than most machines have.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout, clippy::print_stderr)]

mod contender;
mod figures;
mod ideal;
mod measure;
mod scene;
mod world;

use std::time::Duration;

use contender::{Contender, Fared, has_kubectl};
use figures::{Figures, Latency, middle};
use ideal::{between, ideal};
use measure::{Asked, Log};
use scene::{Scene, WORKLOADS};
use world::{Running, StampStory};

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [role, stamps, seed, folder, ..] = arguments.as_slice()
        && role == "world"
    {
        let scene = Scene { stamps: stamps.parse().unwrap(), seed: seed.parse().unwrap() };
        return world::serve(scene, folder.as_ref());
    }
    // Without it, somebody only wants to know whether benches compile.
    if !arguments.iter().any(|argument| argument == "--bench") {
        return;
    }
    let number = |name: &str, usual: usize| {
        let place = arguments.iter().position(|argument| argument == name);
        place.map_or(usual, |place| arguments[place + 1].parse().unwrap())
    };
    let (small, large) = (number("--small", 6), number("--large", 1_000));
    let mut contest = Vec::new();
    if small > 0 {
        let scene = Scene { stamps: small, seed: 1 };
        contest.extend(run(scene, Contender::Keyslot));
        if has_kubectl() {
            contest.extend(run(scene, Contender::Kubectl(small)));
            contest.extend(run(scene, Contender::Kubectl(1)));
        } else {
            println!("kubectl is not installed: the runbook's loop is left out");
        }
    }
    let many = (large > 0).then(|| run(Scene { stamps: large, seed: 1 }, Contender::Keyslot)).flatten();
    figures::print_contest(&contest);
    if let Some(figures) = &many {
        figures::print_budgets(figures);
    }
}

/// Absent where not everything was restarted.
fn run(scene: Scene, contender: Contender) -> Option<Figures> {
    println!("\n{} stamps of {} workloads: {contender}", scene.stamps, WORKLOADS.len());
    let ideal = ideal(scene.world());
    let folder = tempfile::tempdir().unwrap();
    let world = Running::start(scene, folder.path());
    let fared = contender.run(&world);
    let served = contender::reading(world.id()).unwrap_or_default();
    let stories = world.end();
    let incomplete =
        stories.iter().filter(|story| story.rollouts.iter().any(|(_, complete)| complete.is_none())).count();
    if incomplete > 0 || stories.iter().any(|story| story.rollouts.is_empty()) {
        println!("  not everything was restarted ({incomplete} stamps in mid-rollout):");
        println!("{}", std::fs::read_to_string(folder.path().join("keyslot.log")).unwrap_or_default());
        return None;
    }
    let is_keyslot = matches!(contender, Contender::Keyslot);
    let figures = Figures {
        contender,
        stamps: scene.stamps,
        makespan: measure::makespan(&stories),
        ideal: if is_keyslot { ideal.plan() } else { ideal.canary.max(ideal.slowest) },
        wave_of_slowest: match is_keyslot {
            true => measure::wave(&stories).as_secs_f64() / ideal.slowest.as_secs_f64(),
            false => {
                measure::makespan(&stories).as_secs_f64() / ideal.canary.max(ideal.slowest).as_secs_f64()
            }
        },
        requests: requests(&stories, folder.path()),
        old_pods_left: stories.iter().map(|story| story.old_pods_left).sum(),
        latency: if is_keyslot { latency(&stories, folder.path()) } else { Latency::default() },
        fared,
    };
    tell("makespan", seconds(figures.makespan));
    tell("ideal of this plan", seconds(figures.ideal));
    tell("makespan / ideal", format!("{:.3}", figures.of_ideal()));
    tell("wave at once / its slowest stamp", format!("{:.3}", figures.wave_of_slowest));
    tell("slowest stamp by itself", seconds(measure::slowest(&stories)));
    tell("whole run of the program", seconds(fared.took));
    tell("old pods left at its end", figures.old_pods_left.to_string());
    if is_keyslot {
        process(&fared, &served);
    }
    if std::env::var_os("KEEP").is_some() {
        println!("  kept in {}", folder.keep().display());
    }
    Some(figures)
}

fn process(fared: &Fared, served: &Fared) {
    tell("peak memory", format!("{:.0} MB", fared.peak as f64 / 1e6));
    let share = |cpu: Duration| cpu.as_secs_f64() / fared.took.as_secs_f64();
    tell("processor time", format!("{} ({:.2} of a core)", seconds(fared.cpu), share(fared.cpu)));
    tell("of the world's process", format!("{} ({:.2} of a core)", seconds(served.cpu), share(served.cpu)));
    tell("open files", format!("{} of {}", fared.files, fared.files_allowed));
}

/// By workload: until every old pod is known to be gone, and after that.
fn requests(stories: &[StampStory], folder: &std::path::Path) -> (f64, f64) {
    let asked = measure::transcript(folder);
    let afresh = measure::reached(folder, "quiesce").and_then(|quiesce| measure::afresh(&asked, quiesce));
    let (restart, after): (Vec<&Asked>, Vec<&Asked>) =
        asked.iter().partition(|asked| afresh.is_none_or(|afresh| asked.at < afresh));
    let [restart, after] =
        [("requests a workload", restart), ("  for regenerate", after)].map(|(what, asked)| {
            let kinds = measure::by_kind(asked.into_iter(), stories);
            let each = |count: usize| count as f64 / (stories.len() * WORKLOADS.len()) as f64;
            let to_clusters = kinds.iter().filter(|(kind, _)| kind.starts_with("list") || *kind == "patch");
            let total = each(to_clusters.map(|(_, count)| count).sum());
            if !kinds.is_empty() {
                let parts: Vec<String> =
                    kinds.iter().map(|(kind, count)| format!("{kind} {:.2}", each(*count))).collect();
                tell(what, format!("{total:.2} to the clusters besides watches ({})", parts.join(", ")));
            }
            total
        });
    (restart, after)
}

fn latency(stories: &[StampStory], folder: &std::path::Path) -> Latency {
    let log = Log::read(folder);
    let mut latency = Latency { told: measure::told(stories, &log), known: Vec::new() };
    let (Some(quiesce), Some(regenerate)) =
        (measure::reached(folder, "quiesce"), measure::reached(folder, "regenerate"))
    else {
        tell("old pods", "not all known to be gone".to_owned());
        return latency;
    };
    latency.known = measure::latencies(stories, &log, quiesce);
    for (what, latencies) in
        [("pod's end to a watch's word", &latency.told), ("  to our evidence", &latency.known)]
    {
        if let (Some(middle), Some(worst)) = (middle(latencies), latencies.last()) {
            let (middle, worst) = (millis(middle), millis(*worst));
            tell(what, format!("{middle} median, {worst} worst of {} stamps", latencies.len()));
        }
    }
    let last = stories.iter().filter_map(|story| story.last_old_pod).max().unwrap();
    tell("last pod's end to all judged", millis(between(last, regenerate)));
    latency
}

fn tell(what: &str, figure: String) {
    println!("  {what:<30} {figure}");
}

fn seconds(time: Duration) -> String {
    format!("{:.1} s", time.as_secs_f64())
}

fn millis(time: Duration) -> String {
    format!("{:.0} ms", time.as_secs_f64() * 1e3)
}

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
//! - from the end of a stamp's last old pod until keyslot knows of it, by its log, and from the end of the last pod of all
//!   until every gate of regenerate is judged on fresh lists;
//! - for many stamps also keyslot's peak memory and processor time.
//!
//! `-- --small N` and `-- --large N` set the numbers of stamps (6 and 1,000; 0 leaves a part out).
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout, clippy::print_stderr)]

mod contender;
mod ideal;
mod measure;
mod scene;
mod world;

use std::time::Duration;

use contender::{Contender, has_kubectl};
use ideal::{between, ideal};
use measure::Asked;
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
    if small > 0 {
        let scene = Scene { stamps: small, seed: 1 };
        run(scene, Contender::Keyslot);
        if has_kubectl() {
            run(scene, Contender::Kubectl(small));
            run(scene, Contender::Kubectl(1));
        } else {
            println!("kubectl is not installed: the runbook's loop is left out");
        }
    }
    if large > 0 {
        run(Scene { stamps: large, seed: 1 }, Contender::Keyslot);
    }
}

fn run(scene: Scene, contender: Contender) {
    println!("\n{} stamps of {} workloads: {contender:?}", scene.stamps, WORKLOADS.len());
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
        return;
    }
    let best = match contender {
        Contender::Keyslot => ideal.plan(),
        Contender::Kubectl(_) => ideal.canary.max(ideal.slowest),
    };
    let makespan = measure::makespan(&stories);
    tell("makespan", seconds(makespan));
    tell("ideal of this plan", seconds(best));
    tell("makespan / ideal", format!("{:.3}", makespan.as_secs_f64() / best.as_secs_f64()));
    tell("slowest stamp by itself", seconds(measure::slowest(&stories)));
    tell("whole run of the program", seconds(fared.took));
    let left: usize = stories.iter().map(|story| story.old_pods_left).sum();
    tell("old pods left at its end", left.to_string());
    requests(&stories, folder.path());
    if matches!(contender, Contender::Keyslot) {
        knowing(&stories, folder.path());
        tell("peak memory", format!("{:.0} MB", fared.peak as f64 / 1e6));
        let share = fared.cpu.as_secs_f64() / fared.took.as_secs_f64();
        tell("processor time", format!("{} ({share:.2} of a core)", seconds(fared.cpu)));
        let share = served.cpu.as_secs_f64() / fared.took.as_secs_f64();
        tell("of the world's process", format!("{} ({share:.2} of a core)", seconds(served.cpu)));
    }
    if std::env::var_os("KEEP").is_some() {
        println!("  kept in {}", folder.keep().display());
    }
}

fn requests(stories: &[StampStory], folder: &std::path::Path) {
    let asked = measure::transcript(folder);
    let afresh = measure::reached(folder, "quiesce").and_then(|quiesce| measure::afresh(&asked, quiesce));
    let (restart, after): (Vec<&Asked>, Vec<&Asked>) =
        asked.iter().partition(|asked| afresh.is_none_or(|afresh| asked.at < afresh));
    for (what, asked) in [("requests a workload", restart), ("  for regenerate", after)] {
        let kinds = measure::by_kind(asked.into_iter(), stories);
        let each = |count: usize| count as f64 / (stories.len() * WORKLOADS.len()) as f64;
        let to_clusters = kinds.iter().filter(|(kind, _)| kind.starts_with("list") || *kind == "patch");
        let total: usize = to_clusters.map(|(_, count)| count).sum();
        if !kinds.is_empty() {
            let parts: Vec<String> =
                kinds.iter().map(|(kind, count)| format!("{kind} {:.2}", each(*count))).collect();
            tell(what, format!("{:.2} besides watches ({})", each(total), parts.join(", ")));
        }
    }
}

fn knowing(stories: &[StampStory], folder: &std::path::Path) {
    let (Some(quiesce), Some(regenerate)) =
        (measure::reached(folder, "quiesce"), measure::reached(folder, "regenerate"))
    else {
        tell("old pods", "not all known to be gone".to_owned());
        return;
    };
    let latencies = measure::latencies(stories, &measure::seen(folder), quiesce);
    if let (Some(middle), Some(worst)) = (latencies.get(latencies.len() / 2), latencies.last()) {
        let (middle, worst) = (millis(*middle), millis(*worst));
        tell("pod's end to our knowing", format!("{middle} median, {worst} worst of {}", latencies.len()));
    }
    let last = stories.iter().filter_map(|story| story.last_old_pod).max().unwrap();
    tell("last pod's end to all judged", millis(between(last, regenerate)));
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

//! The release procedure as processes that are killed: at every request that is to change something, on its way there
//! and with its answer on the way back, and at reads in between. Started again, they leave one of each in the world.
//!
//! Every world has a chain of deaths in it. `KEYSLOT_DEATHS=all` plays a world for each single request instead, reads
//! included; that takes minutes.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use futures::stream::{self, StreamExt as _};
use keyslot::model::{BranchName, CommitId, PullState};
use keyslot::sim::config::PipelineTrigger;
use keyslot::sim::repository::{Lookup as _, ancestors};
use keyslot::sim::wire::{FaultHandle, Trouble, Which, WireFault, azure_devops, github};
use keyslot::sim::{Command, Holds, Pull, Span, World, WorldConfig};
use tokio::time::sleep;

use crate::api_commits::{committing_by_app, is_signed};
use crate::live::{Live, Process};
use crate::runs::infrastructure;

/// What an App signs is good for nine minutes, also while it is held.
fn speed(scene: Scene) -> f64 {
    if scene.by_app { 150.0 } else { 400.0 }
}

/// More lives than this, and it does not get anywhere.
const LIVES: usize = 90;

/// Worlds at the same time: most of the time each waits.
const AT_ONCE: usize = 6;

const COMMANDS: [&[&str]; 3] = [&["propose", "--wait"], &["promote", "--wait"], &["follow"]];

/// Who promotes, merges and runs how.
#[derive(Clone, Copy, Debug)]
struct Scene {
    /// A workflow of GitHub Actions; else a pipeline of Azure DevOps.
    actions: bool,
    /// Whether the promotion goes by a pull request.
    by_pull: bool,
    merge: &'static str,
    /// Nobody starts the check, and keyslot is to.
    validates: bool,
    /// No rule requires the check, and it passes last: the forge has nothing to wait for any more.
    late_check: bool,
    /// The promotion's push starts the run; else keyslot does.
    by_push: bool,
    /// What is to be merged goes through a merge queue.
    queue: bool,
    /// GitHub makes the commits, for an App.
    by_app: bool,
}

const FIRST: Scene = Scene {
    actions: false,
    by_pull: false,
    merge: "people",
    validates: true,
    late_check: false,
    by_push: false,
    queue: false,
    by_app: false,
};

const SCENES: [Scene; 7] = [
    FIRST,
    Scene { actions: true, by_pull: true, merge: "keyslot", ..FIRST },
    Scene { by_pull: true, merge: "auto", validates: false, ..FIRST },
    Scene { actions: true, merge: "auto", late_check: true, by_push: true, ..FIRST },
    Scene { merge: "keyslot", queue: true, ..FIRST },
    Scene { by_app: true, ..FIRST },
    Scene { by_app: true, by_pull: true, merge: "auto", validates: false, ..FIRST },
];

/// When the process dies, as the request sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Death {
    /// It has left, and never arrives.
    OnTheWay,
    /// It is done, and its answer is never read.
    BeforeTheAnswer,
}

/// At which of the requests.
#[derive(Clone, Copy, Debug)]
enum At {
    /// At each that is to change something: once on its way and not again when it comes once more.
    EachWrite,
    /// At reads, the next one always a half later again than the one before; not at the first `sparing` of them.
    Reads {
        sparing: usize,
    },
    /// At this one alone.
    Write(usize),
    Read(usize),
}

const WRITES: &[(&str, &str)] = &[
    (github::HOST, "POST"),
    (github::HOST, "PUT"),
    (github::HOST, "PATCH"),
    (github::HOST, "DELETE"),
    (azure_devops::HOST, "POST"),
    (azure_devops::HOST, "PATCH"),
];

const READS: &[(&str, &str)] = &[(github::HOST, "GET"), (azure_devops::HOST, "GET")];

/// What is held.
#[derive(Clone)]
enum Held {
    Push,
    Request { place: usize, what: String },
}

impl Held {
    fn what(&self) -> &str {
        match self {
            Held::Push => "push",
            Held::Request { what, .. } => what,
        }
    }
}

/// Holds every request of its kinds until somebody decides what becomes of it.
struct Traps<'l> {
    live: &'l Live,
    death: Death,
    kinds: &'static [(&'static str, &'static str)],
    set: Vec<FaultHandle>,
    gate: Gate,
    /// Whether people approve what the forge was asked for.
    approves: bool,
}

impl<'l> Traps<'l> {
    fn new(live: &'l Live, scene: Scene, death: Death, at: At) -> Traps<'l> {
        let reads = matches!(at, At::Reads { .. } | At::Read(_));
        let kinds = if reads { READS } else { WRITES };
        let gate = Gate::of(live.stage.folder.join("origin.git"), death);
        if !reads {
            gate.watch();
        }
        let approves = scene.merge == "auto" && !scene.late_check;
        let mut traps = Traps { live, death, kinds, set: Vec::new(), gate, approves };
        traps.set = (0..kinds.len()).map(|place| traps.trap(place)).collect();
        traps
    }

    fn trap(&self, place: usize) -> FaultHandle {
        let (host, method) = self.kinds[place];
        let which = Which { host: host.to_owned(), method: method.to_owned(), ..Which::default() };
        let what = match self.death {
            Death::OnTheWay => Trouble::HoldRequest,
            Death::BeforeTheAnswer => Trouble::HoldAnswer,
        };
        self.live.stage.simulation.wire.faults().add(WireFault::once(which, what))
    }

    fn held(&self) -> Option<Held> {
        if self.gate.holds() {
            return Some(Held::Push);
        }
        let mut met = self.set.iter().enumerate();
        met.find_map(|(place, trap)| Some(Held::Request { place, what: trap.met().pop()? }))
    }

    /// Lets it go, and holds the next one.
    fn pass(&mut self, held: &Held) {
        match held {
            Held::Push => self.gate.open(),
            Held::Request { place, .. } => {
                let next = self.trap(*place);
                std::mem::replace(&mut self.set[*place], next).release();
            }
        }
    }

    /// After a death: what was on its way never arrives.
    async fn bury(&mut self, held: &Held) {
        match held {
            Held::Push => self.gate.shut().await,
            Held::Request { place, .. } => self.set[*place] = self.trap(*place),
        }
    }
}

/// Hooks of the bare repository that hold a push before it is taken, or before that is told.
struct Gate {
    folder: PathBuf,
}

impl Gate {
    fn of(folder: PathBuf, death: Death) -> Gate {
        let (name, end) = match death {
            Death::OnTheWay => ("pre-receive", "[ ! -e gate/deny ]"),
            Death::BeforeTheAnswer => ("post-receive", "true"),
        };
        let hook = format!(
            "#!/bin/sh\n[ -e gate/watch ] || exit 0\n: > gate/held\n\
             while [ ! -e gate/open ] && [ ! -e gate/deny ]; do sleep 0.01; done\n\
             {end}\ncode=$?\nrm -f gate/held gate/open gate/deny\nexit $code\n"
        );
        fs::create_dir_all(folder.join("gate")).unwrap();
        fs::create_dir_all(folder.join("hooks")).unwrap();
        let path = folder.join("hooks").join(name);
        crate::tool::program(&path, &hook);
        Gate { folder: folder.join("gate") }
    }

    fn watch(&self) {
        fs::write(self.folder.join("watch"), "").unwrap();
    }

    fn holds(&self) -> bool {
        let file = |name| self.folder.join(name).exists();
        // In the other order than that in which the hook clears up.
        !file("deny") && !file("open") && file("held")
    }

    fn open(&self) {
        fs::write(self.folder.join("open"), "").unwrap();
    }

    /// Ends what the dead process left behind: git's own process lives a little longer.
    async fn shut(&self) {
        fs::write(self.folder.join("deny"), "").unwrap();
        let begun = Instant::now();
        while self.folder.join("held").exists() {
            assert!(begun.elapsed() < Duration::from_secs(60), "git's hook does not end");
            sleep(Duration::from_millis(5)).await;
        }
    }
}

/// Decides which arrivals are deadly.
struct Reaper {
    at: At,
    arrivals: usize,
    /// How often each was let through.
    through: BTreeMap<String, usize>,
    died: BTreeSet<(String, usize)>,
    deaths: usize,
    /// When it is next.
    later: usize,
}

impl Reaper {
    fn new(at: At) -> Reaper {
        Reaper { at, arrivals: 0, through: BTreeMap::new(), died: BTreeSet::new(), deaths: 0, later: 1 }
    }

    fn takes(&mut self, held: &Held) -> bool {
        self.arrivals += 1;
        let number = self.through.get(held.what()).copied().unwrap_or_default();
        let once = (held.what().to_owned(), number);
        let takes = match self.at {
            At::EachWrite => number < OFTEN && !self.died.contains(&once),
            At::Reads { sparing } => self.arrivals == sparing + self.later,
            At::Write(place) | At::Read(place) => self.arrivals == place,
        };
        if takes {
            self.deaths += 1;
            self.later += self.later / 2 + 1;
            self.died.insert(once);
        }
        takes
    }

    fn done(&mut self, held: &Held) {
        *self.through.entry(held.what().to_owned()).or_default() += 1;
    }

    /// What it died at, by what is asked for.
    fn kinds(&self) -> BTreeSet<&'static str> {
        let kind = |what: &str| KINDS.iter().find(|kind| what.contains(**kind)).copied();
        self.died.iter().filter_map(|(what, _)| kind(what)).collect()
    }
}

/// The status comment changes again and again; so many of its changes are deadly.
const OFTEN: usize = 3;

/// Everything that the procedure writes.
const KINDS: [&str; 17] = [
    "push",
    "POST /repos/afmc/platform/git/trees",
    "POST /repos/afmc/platform/git/commits",
    "POST /repos/afmc/platform/git/refs",
    "PATCH /repos/afmc/platform/git/refs/",
    "/access_tokens",
    "POST /graphql",
    "/requested_reviewers",
    "/assignees",
    "PATCH /repos/afmc/platform/issues/comments/",
    "/comments",
    "/statuses/",
    "/labels",
    "/merge",
    "/dispatches",
    "/runs",
    "POST /repos/afmc/platform/pulls",
];

fn set(scene: Scene, seed: u64) -> Live {
    let mut config = WorldConfig::seeded(seed).with_stamps(1);
    let seconds = |count| Span::exactly(Duration::from_secs(count));
    // Where the forge is asked to merge, people approve what it was asked for.
    config.people.review = seconds(match scene {
        Scene { late_check: true, .. } => 20,
        Scene { merge: "auto", .. } => 1_000_000_000,
        _ => 90,
    });
    config.people.rules.optional_check = scene.late_check;
    config.people.rules.queue = scene.queue.then_some(Duration::from_secs(60));
    config.people.check.started_after = (!scene.validates).then_some(Duration::from_secs(10));
    config.people.check.queue = seconds(10);
    config.people.check.takes = seconds(60);
    let people_merge = scene.merge != "keyslot" && !scene.late_check;
    config.people.merge_press = people_merge.then_some(Duration::from_secs(60));
    if scene.by_push {
        config.pipeline.trigger = PipelineTrigger::Push;
        // Nobody leaves out anything of a run that nobody asks for.
        config.pipeline.stages.retain(|stage| stage.effects.iter().all(|effect| !effect.is_dangerous()));
    }
    config.pipeline.queue = seconds(10);
    config.pipeline.stages.iter_mut().for_each(|stage| stage.takes = seconds(60));
    infrastructure(&mut config).takes = seconds(120);
    let live = Live::set(config.with_workflow(), speed(scene));
    configure(&live, scene);
    live
}

fn configure(live: &Live, scene: Scene) {
    live.configure("merge = \"people\"", &format!("merge = \"{}\"", scene.merge));
    live.configure("labels = []", "labels = [\"keys\"]");
    live.configure("reviewers = []", "reviewers = [\"grace\"]");
    live.configure("teams = []", "teams = [\"sre\"]");
    live.configure("assignees = []", "assignees = [\"ada\"]");
    if scene.by_pull {
        live.configure("promote = \"push\"", "promote = \"pull-request\"");
    }
    if scene.actions {
        let started = if scene.by_push { "trigger = \"push\"" } else { "skip_input = \"skip\"" };
        live.configure("kind = \"azure-devops\"", &format!("kind = \"github-actions\"\n{started}"));
        live.configure("pipeline = \"release\"", "pipeline = \"release.yml\"");
        live.configure("tokens/azure-devops", "tokens/github");
    }
    if scene.validates {
        let kind = match scene.actions {
            true => "kind = \"github-actions\"\npipeline = \"e2e-validation.yml\"",
            false => {
                "kind = \"azure-devops\"\norganization = \"afmc\"\nproject = \"platform\"\npipeline = 26\n\
                 token = { file = \"tokens/azure-devops\" }"
            }
        };
        let table = "[environment.prod.release.pipeline]";
        let validation = "environment.prod.release.validation";
        let stage = format!("[[{validation}.stage]]\nname = \"validate\"");
        live.configure(table, &format!("[{validation}]\n{kind}\nstart = true\n\n{stage}\n\n{table}"));
    }
    let path = live.stage.settings_path();
    let text = fs::read_to_string(&path).unwrap();
    if scene.by_push {
        let from = text.find("skip = [").unwrap();
        let skip = &text[from..from + text[from..].find(']').unwrap() + 1];
        live.configure(skip, "skip = []");
    }
    // What is done here is to be seen at once.
    live.set_first("settle", &format!("\"{}s\"", speed(scene) / 2.0));
    if scene.by_app {
        committing_by_app(live);
    }
}

/// Goes on with one command until it has ended by itself. Whoever is held is killed or let go.
async fn command(live: &Live, arguments: &[&str], traps: &mut Traps<'_>, reaper: &mut Reaper) {
    for _ in 0..LIVES {
        let mut process = live.keyslot(arguments);
        if lives(&mut process, traps, reaper).await {
            return;
        }
    }
    panic!("{arguments:?} does not get anywhere in {LIVES} lives");
}

/// Whether it ended by itself.
async fn lives(process: &mut Process, traps: &mut Traps<'_>, reaper: &mut Reaper) -> bool {
    loop {
        if let Some(held) = traps.held() {
            if !reaper.takes(&held) {
                reaper.done(&held);
                traps.pass(&held);
                continue;
            }
            process.kill();
            if traps.death == Death::BeforeTheAnswer {
                reaper.done(&held);
            }
            traps.bury(&held).await;
            return false;
        }
        if let Some(code) = process.ended() {
            assert_eq!(code, 0, "{}\n{}", process.data(), process.talk());
            return true;
        }
        if traps.approves {
            approve_what_was_asked_for(traps.live);
        }
        sleep(Duration::from_millis(2)).await;
    }
}

fn approve_what_was_asked_for(live: &Live) {
    live.stage.simulation.world.with(|world| {
        let asked = |pull: &&Pull| pull.is_open() && pull.reviews.is_empty() && pull.auto_merge.is_some();
        let Some(number) = world.pulls().iter().find(asked).map(|pull| pull.number) else { return };
        let by = "ada".to_owned();
        world.apply(Command::ReviewPull { number, approve: true, by }).unwrap();
    });
}

/// One world from the proposal to the vaults. Which deaths there were.
async fn play(scene: Scene, death: Death, at: At) -> Reaper {
    let live = set(scene, 1);
    let mut reaper = Reaper::new(at);
    let mut traps = Traps::new(&live, scene, death, at);
    for arguments in COMMANDS {
        command(&live, arguments, &mut traps, &mut reaper).await;
    }
    let what = format!("{scene:?}, {death:?}, {at:?}, {} deaths", reaper.deaths);
    live.stage.simulation.world.with(|world| one_of_each(world, scene, &what));
    reaper
}

fn one_of_each(world: &World, scene: Scene, what: &str) {
    let names = &world.config().repository;
    let counters = world.counters();
    let proposals: Vec<(&BranchName, u32)> = counters
        .pushes
        .iter()
        .filter(|(branch, _)| branch.as_str().starts_with("fix/"))
        .map(|(branch, count)| (branch, *count))
        .collect();
    let pulls = if scene.by_pull { 2 } else { 1 };
    assert_eq!(proposals.len(), pulls, "branches: {proposals:?}; {what}");
    assert!(proposals.iter().all(|(_, count)| *count == 1), "each pushed once: {proposals:?}; {what}");
    assert_eq!(counters.pushes_to(&names.base), 1, "merged once; {what}");
    assert_eq!(counters.pushes_to(&names.release), 1, "promoted once; {what}");
    assert_eq!((world.pulls().len(), counters.pulls_opened as usize), (pulls, pulls), "{what}");
    assert_eq!(counters.runs_started, 1, "runs; {what}");
    let validations = if scene.validates { pulls as u32 } else { 0 };
    assert_eq!(counters.validations_started, validations, "validations; {what}");
    let repository = world.repository();
    let head = repository.head(&names.release).unwrap();
    let picked = ancestors(repository, head)
        .filter(|id| repository.commit(id).unwrap().message().contains("(cherry picked from commit "))
        .count();
    assert_eq!(picked, 1, "cherry-picks; {what}");
    let verified = |commit: &CommitId| !scene.by_app || is_signed(world, commit);
    assert!(scene.by_pull || verified(head), "the cherry-pick is verified; {what}");
    assert!(world.pulls().iter().all(|pull| verified(&pull.head)), "the proposals are verified; {what}");
    let own = |id: &CommitId| ancestors(repository, id).filter(|id| is_ours(world, scene, id)).count();
    assert_eq!(own(&world.pulls()[0].head), 1, "one commit proposes; {what}");
    world.pulls().iter().for_each(|pull| one_of_each_below(world, pull, what));
    let outcome = world.outcome();
    assert!(outcome.stamps.iter().all(|stamp| stamp.vault_slot == Holds::Secondary), "{what}: {outcome:?}");
    assert_eq!(outcome.outage.refused, 0, "{what}");
}

/// A commit that keyslot has made, or has had made.
fn is_ours(world: &World, scene: Scene, commit: &CommitId) -> bool {
    let commit = world.repository().commit(commit).unwrap();
    let author = commit.author().name.as_str();
    author == if scene.by_app { "keyslot[bot]" } else { "keyslot" }
}

fn one_of_each_below(world: &World, pull: &Pull, what: &str) {
    assert!(matches!(pull.state, PullState::Merged { .. }), "{}: {what}", pull.number);
    assert_eq!(pull.comments.len(), 1, "comments of {}: {:#?}; {what}", pull.number, pull.comments);
    assert_eq!(pull.assignees, ["ada"], "{what}");
    assert_eq!(pull.asked_teams, ["sre"], "{what}");
    // What was merged while nobody was at work gets no label any more.
    let labels: Vec<&str> = pull.labels.iter().map(String::as_str).collect();
    assert!(labels.contains(&"key rotation in progress"), "{labels:?}; {what}");
    assert!(labels.iter().all(|label| ["key rotation in progress", "keys"].contains(label)), "{what}");
    let statuses: Vec<_> = world.statuses().iter().filter(|status| status.commit == pull.head).collect();
    assert!(!statuses.is_empty(), "statuses of {}; {what}", pull.number);
    assert!(statuses.iter().all(|status| status.context == "keyslot/rotation"), "{what}");
    let said_twice = statuses.windows(2).any(|two| two[0].description == two[1].description);
    assert!(!said_twice, "the same status twice in a row: {statuses:#?}; {what}");
}

fn deaths_of(reapers: &[Reaper]) -> (usize, BTreeSet<&'static str>) {
    let kinds = reapers.iter().flat_map(Reaper::kinds).collect();
    (reapers.iter().map(|reaper| reaper.deaths).sum(), kinds)
}

async fn play_all(cases: Vec<(Scene, Death, At)>) -> Vec<Reaper> {
    let plays = cases.into_iter().map(|(scene, death, at)| play(scene, death, at));
    stream::iter(plays).buffer_unordered(AT_ONCE).collect().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_at_each_of_its_writes_the_procedure_leaves_one_of_each() {
    if std::env::var("KEYSLOT_DEATHS").is_ok_and(|asked| asked == "all") {
        return each_request_in_a_world_of_its_own().await;
    }
    let moments = [Death::OnTheWay, Death::BeforeTheAnswer];
    let cases = SCENES.iter().flat_map(|scene| moments.map(|death| (*scene, death, At::EachWrite))).collect();
    let (deaths, kinds) = deaths_of(&play_all(cases).await);
    println!("{deaths} deaths at {kinds:?}");
    assert_eq!(kinds, KINDS.into());
    assert!(deaths > 60, "{deaths}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_at_reads_the_procedure_leaves_one_of_each() {
    let case = |(scene, sparing)| (scene, Death::OnTheWay, At::Reads { sparing });
    let cases = SCENES.into_iter().zip([0, 3, 7, 5, 2, 4, 6]).map(case).collect();
    let (deaths, _) = deaths_of(&play_all(cases).await);
    println!("{deaths} deaths at reads");
    assert!(deaths > 24, "{deaths}");
}

/// As long as there is a request of that number.
async fn each_request_in_a_world_of_its_own() {
    for scene in SCENES {
        for (death, at) in [
            (Death::OnTheWay, At::Write as fn(usize) -> At),
            (Death::BeforeTheAnswer, At::Write),
            (Death::OnTheWay, At::Read),
        ] {
            let mut first = 1;
            loop {
                let cases = (first..first + AT_ONCE).map(|number| (scene, death, at(number))).collect();
                let played = play_all(cases).await;
                if played.iter().any(|reaper| reaper.deaths == 0) {
                    break;
                }
                first += AT_ONCE;
            }
            println!("{scene:?}, {death:?}, {:?}: about {first} requests", at(0));
        }
    }
}

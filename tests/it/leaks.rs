//! A whole rotation with everything logged leaks nothing that opens anything.
//!
//! The world is in this process and knows every key and token there ever was; the program runs beside it and is
//! searched afterwards: what it said, its journal, its repository, the pull request, the transcript.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use keyslot::cli::Exit;
use keyslot::sim::WorldConfig;
use keyslot::sim::wire::Directory;
use secrecy::ExposeSecret as _;

use crate::live::{Live, Process, files_below};
use crate::tool::with_programs;

const SPEED: f64 = 1000.0;

/// Where the program with everything logged writes it.
const LOG_FILE: &str = "KEYSLOT_TEST_LOG_FILE";

/// Everything that opens anything in a world.
struct Secrets {
    fixed: Vec<(&'static str, String)>,
    directory: Directory,
}

impl Secrets {
    fn of(live: &Live) -> Secrets {
        let simulation = &live.stage.simulation;
        let keys: Vec<String> = simulation
            .world
            .with(|world| world.all_secrets_ever().iter().map(|key| key.expose().to_owned()).collect());
        assert!(keys.len() > 4, "the four keys and the new one");
        let mut fixed = Vec::new();
        for key in keys {
            fixed.push(("a key", key.trim_end_matches('=').to_owned()));
            fixed.push((
                "a key, as in an address",
                key.replace('+', "%2B").replace('/', "%2F").replace('=', "%3D"),
            ));
        }
        fixed.push(("the client secret", simulation.directory.secret().expose_secret().to_owned()));
        fixed.push(("the token for GitHub", simulation.tickets.github.expose_secret().to_owned()));
        fixed
            .push(("the token for Azure DevOps", simulation.tickets.azure_devops.expose_secret().to_owned()));
        fixed.push(("the token for the clusters", simulation.tickets.kubernetes.expose_secret().to_owned()));
        let mut basic = Vec::new();
        for (_, secret) in &fixed {
            // As the password of basic authorization, and as a document of the cluster has it.
            for text in [format!(":{secret}"), secret.clone()] {
                basic.push(("a secret in base64", base64(text.as_bytes())));
            }
        }
        fixed.extend(basic);
        Secrets { fixed, directory: simulation.directory.clone() }
    }

    /// What of it a text holds.
    fn in_text(&self, text: &str) -> Vec<&'static str> {
        let fixed =
            self.fixed.iter().filter(|(_, secret)| text.contains(secret.as_str())).map(|(name, _)| *name);
        let tokens = text
            .split(|letter: char| !(letter.is_ascii_alphanumeric() || "-_=".contains(letter)))
            .filter(|word| self.directory.has_issued(word.trim_end_matches('=')))
            .map(|_| "a token of the directory");
        fixed.chain(tokens).collect()
    }

    #[track_caller]
    fn none_in(&self, place: &str, text: &str) {
        assert!(!text.is_empty(), "nothing to be searched in {place}");
        assert_eq!(self.in_text(text), Vec::<&str>::new(), "in {place}");
    }
}

fn base64(bytes: &[u8]) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.encode(bytes).trim_end_matches('=').to_owned()
}

fn lossy(path: &Path) -> String {
    String::from_utf8_lossy(&std::fs::read(path).unwrap()).into_owned()
}

/// Every object of a repository, unpacked.
fn objects(live: &Live, repository: &Path) -> String {
    let out = live
        .command("git")
        .arg("-C")
        .arg(repository)
        .args(["cat-file", "--batch-all-objects", "--batch"])
        .output()
        .unwrap();
    String::from_utf8_lossy(&out.stdout).into_owned()
}

/// Searches whatever a rotation leaves behind, tokens' own files aside.
fn search_what_is_left(live: &Live, secrets: &Secrets) {
    let folder = &live.stage.folder;
    let mut left: Vec<PathBuf> = files_below(&folder.join("state"));
    assert!(left.len() > 20, "the journal: {left:?}");
    left.extend(files_below(&folder.join("cache")).into_iter().filter(|path| !lossy(path).is_empty()));
    left.push(live.folder().join("transcript.jsonl"));
    left.push(folder.join("keyslot.toml"));
    for path in left.iter().filter(|path| path.metadata().unwrap().len() > 0) {
        secrets.none_in(&path.display().to_string(), &lossy(path));
    }
    let found: Vec<PathBuf> = files_below(&folder.join("cache"))
        .into_iter()
        .filter(|path| path.ends_with("repository.git/HEAD"))
        .collect();
    let [head] = &found[..] else { panic!("keyslot keeps one repository: {found:?}") };
    secrets.none_in("keyslot's repository", &objects(live, head.parent().unwrap()));
    let pulls = live.stage.simulation.world.with(|world| format!("{:?}", world.pulls()));
    secrets.none_in("the pull request", &pulls);
}

async fn done(process: &mut Process) -> String {
    let (code, talk) = (process.end().await, process.talk());
    assert_eq!(code, 0, "{}", &talk[talk.len().saturating_sub(4000)..]);
    talk
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rotation_with_its_log_at_trace_leaks_nothing() {
    let live = Live::set(WorldConfig::seeded(3), SPEED);
    let mut command = live.command(env!("CARGO_BIN_EXE_keyslot"));
    command.args(["rotate", "--approve"]).env("KEYSLOT_LOG", "trace");
    let mut process = Process::start(command);
    let talk = done(&mut process).await;
    assert!(talk.contains("DEBUG keyslot::adapters::http"), "keyslot itself is in the log");
    assert!(talk.contains("TRACE hyper_util"), "and so are connections");
    let secrets = Secrets::of(&live);
    secrets.none_in("what was said", &talk);
    assert_eq!(secrets.in_text(&process.data()), Vec::<&str>::new(), "on standard output");
    search_what_is_left(&live, &secrets);

    // The search itself finds what is there.
    let tokens = files_below(&live.stage.folder.join("tokens"));
    assert!(tokens.iter().all(|path| !secrets.in_text(&lossy(path)).is_empty()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rotation_in_which_every_library_logs_everything_leaks_nothing() {
    let live = Live::set(WorldConfig::seeded(4), SPEED);
    let log = live.folder().join("everything.log");
    let mut command = live.command(std::env::current_exe().unwrap());
    command
        .args(["--ignored", "--exact", "leaks::the_program_with_everything_logged", "--nocapture"])
        .env(LOG_FILE, &log);
    let mut process = Process::start(command);
    let talk = done(&mut process).await;
    let text = lossy(&log);
    let speakers = speakers(&text);
    for library in ["keyslot", "azure_core", "hyper_util", "rustls"] {
        assert!(speakers.contains(library), "{library} is not in the log, only {speakers:?}");
    }
    let secrets = Secrets::of(&live);
    secrets.none_in("the log", &text);
    secrets.none_in("what was said", &talk);
    search_what_is_left(&live, &secrets);
}

/// The crates whose lines are in a log.
fn speakers(log: &str) -> BTreeSet<&str> {
    log.split_whitespace()
        .filter_map(|word| word.split_once("::").map(|(first, _)| first))
        .filter(|name| name.chars().all(|letter| letter.is_ascii_lowercase() || letter == '_'))
        .collect()
}

/// Not a test: the program, in a process of its own, with a listener for everything.
#[test]
#[ignore = "is started by another test"]
fn the_program_with_everything_logged() {
    let Some(path) = std::env::var_os(LOG_FILE) else { return };
    let file = Arc::new(File::create(path).unwrap());
    let lines = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_ansi(false)
        .with_writer(Arc::clone(&file))
        .finish();
    tracing::subscriber::set_global_default(lines).unwrap();
    RECORDS.set(file).unwrap();
    log::set_logger(&Records).unwrap();
    log::set_max_level(log::LevelFilter::Trace);
    let exit = keyslot::cli::run(["keyslot", "rotate", "--approve"].map(Into::into));
    assert_eq!(exit, Exit::Done);
}

/// Records of the `log` crate, which tracing does not hear.
struct Records;

static RECORDS: OnceLock<Arc<File>> = OnceLock::new();

impl log::Log for Records {
    fn enabled(&self, _: &log::Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &log::Record<'_>) {
        if let Some(file) = RECORDS.get() {
            let line = format!("log {} {} {}\n", record.target(), record.level(), record.args());
            let _ = (&**file).write_all(line.as_bytes());
        }
    }

    fn flush(&self) {}
}

/// A rehearsal's world is in the program, so its keys are known by their looks alone: 64 bytes in base64.
#[test]
fn a_rehearsal_says_nothing_that_looks_like_a_key() {
    let folder = tempfile::TempDir::new().unwrap();
    let arguments = "rehearse --speed 1000 --output json --report r.html --transcript t.jsonl";
    let arguments: Vec<&str> = arguments.split(' ').collect();
    let out = with_programs(folder.path(), &arguments).env("KEYSLOT_LOG", "trace").output().unwrap();
    let said = String::from_utf8_lossy(&out.stderr).into_owned();
    assert!(out.status.success(), "{}", &said[said.len().saturating_sub(4000)..]);
    assert!(said.contains("TRACE "), "everything was logged");
    let places = [
        ("stderr", said),
        ("stdout", String::from_utf8_lossy(&out.stdout).into_owned()),
        ("the report", lossy(&folder.path().join("r.html"))),
        ("the transcript", lossy(&folder.path().join("t.jsonl"))),
    ];
    for (place, text) in &places {
        assert!(!text.is_empty(), "{place} is empty");
        assert_eq!(looks_like_a_key(text), None, "in {place}");
    }
}

fn looks_like_a_key(text: &str) -> Option<&str> {
    let part_of_one = |letter: char| letter.is_ascii_alphanumeric() || letter == '+' || letter == '/';
    let mut rest = text;
    while let Some(end) = rest.find("==") {
        let before = &rest[..end];
        let start = before.rfind(|letter| !part_of_one(letter)).map_or(0, |at| at + 1);
        if before.is_char_boundary(start) && before.len() - start == 86 {
            return Some(&before[start..]);
        }
        rest = &rest[end + 2..];
    }
    None
}

#[test]
fn a_key_looks_like_a_key() {
    let world = keyslot::sim::World::new(WorldConfig::default());
    for key in world.all_secrets_ever() {
        assert!(looks_like_a_key(&format!("key=\"{}\";", key.expose())).is_some());
    }
    assert_eq!(looks_like_a_key("a == b"), None);
}

//! `sandbox` as a user runs it: the world stays, other programs reach it, and it ends politely.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;

use crate::tool::keyslot;

/// A sandbox that runs; ended with the test.
pub struct Sandbox {
    child: Child,
    folder: PathBuf,
    exports: Vec<String>,
}

impl Sandbox {
    fn start(folder: &Path) -> Sandbox {
        Sandbox::with(folder, &["--speed", "60"])
    }

    /// One that writes down what it is asked, so many times faster than the wall clock.
    pub fn telling(folder: &Path, transcript: &Path, speed: &str) -> Sandbox {
        Sandbox::with(folder, &["--speed", speed, "--transcript", transcript.to_str().unwrap()])
    }

    /// One whose time is ours, so that nobody has to be told of its clock.
    pub fn by_the_wall_clock(folder: &Path) -> Sandbox {
        Sandbox::with(folder, &["--start", "now", "--speed", "1"])
    }

    fn with(folder: &Path, arguments: &[&str]) -> Sandbox {
        let mut child = Command::new(env!("CARGO_BIN_EXE_keyslot"))
            .args(["sandbox", "--dir"])
            .arg(folder)
            .args(arguments)
            .env_clear()
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let out = child.stdout.take().unwrap();
        let mut exports = Vec::new();
        // The variables come in order, this one last; then the world stands.
        for line in BufReader::new(out).lines() {
            exports.push(line.unwrap());
            if exports.iter().any(|line| line.starts_with("export KUBECONFIG=")) {
                break;
            }
        }
        assert!(exports.iter().any(|line| line.starts_with("export KEYSLOT_CONFIG=")), "{exports:?}");
        Sandbox { child, folder: folder.to_owned(), exports }
    }

    /// Asks it to end, as Ctrl-C does, and returns its exit code.
    fn signal(mut self, name: &str) -> Option<i32> {
        let told = Command::new("sh").args(["-c", &format!("kill -{name} {}", self.child.id())]).status();
        assert!(told.unwrap().success());
        self.child.wait().unwrap().code()
    }

    pub fn run(&self, program: &str, arguments: &[&str]) -> String {
        // Through a shell, as a person would: the exports are part of what is tried.
        let script = format!("{}\nexec {program} \"$@\"", self.exports.join("\n"));
        let output = Command::new("sh")
            .args(["-c", &script, program])
            .args(arguments)
            .env_clear()
            .env("HOME", &self.folder)
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{program} {arguments:?}: {said}");
        String::from_utf8_lossy(&output.stdout).into_owned() + &said
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn kubectl_is_missing() -> bool {
    let missing = Command::new("kubectl").args(["version", "--client"]).output().is_err();
    if missing {
        println!("skipped: there is no kubectl here");
    }
    missing
}

#[test]
fn kubectl_lists_restarts_and_follows() {
    if kubectl_is_missing() {
        return;
    }
    let folder = TempDir::new().unwrap();
    let sandbox = Sandbox::start(&folder.path().join("world"));
    let list = sandbox.run("kubectl", &["get", "deployments", "-n", "workload"]);
    for name in ["catalogservice-deploy", "backgroundprocessor-deploy", "healthservice-deploy"] {
        assert!(list.contains(name), "{list}");
    }
    let target = "deployment/healthservice-deploy";
    let restarted = sandbox.run("kubectl", &["rollout", "restart", target, "-n", "workload"]);
    assert!(restarted.contains("restarted"), "{restarted}");
    let status =
        sandbox.run("kubectl", &["rollout", "status", target, "-n", "workload", "--timeout", "120s"]);
    assert!(status.contains("successfully rolled out"), "{status}");
}

#[test]
fn git_clones_the_repository_and_an_interrupt_ends_it_well() {
    let folder = TempDir::new().unwrap();
    let sandbox = Sandbox::start(&folder.path().join("world"));
    let origin = sandbox.folder.join("origin.git").display().to_string();
    let clone = folder.path().join("clone").display().to_string();
    sandbox.run("git", &["clone", "-q", &origin, &clone]);
    let log = sandbox.run("git", &["-C", &clone, "log", "--oneline", "origin/main"]);
    assert!(!log.is_empty());
    assert_eq!(sandbox.signal("INT"), Some(0));
}

#[test]
fn a_folder_belongs_to_one_sandbox_at_a_time_and_may_be_used_again() {
    let folder = TempDir::new().unwrap();
    let place = folder.path().join("world");
    let first = Sandbox::start(&place);
    let configuration = std::fs::read(place.join("keyslot.toml")).unwrap();
    let second = keyslot(folder.path(), &["sandbox", "--dir", "world"]);
    assert_eq!(second.code, 2, "{}", second.stderr);
    assert!(second.stderr.contains("another sandbox runs"), "{}", second.stderr);
    assert_eq!(std::fs::read(place.join("keyslot.toml")).unwrap(), configuration);
    assert_eq!(first.signal("TERM"), Some(0));
    assert_eq!(Sandbox::start(&place).signal("TERM"), Some(0));
}

#[test]
fn a_folder_with_something_else_in_it_is_refused_and_untouched() {
    let folder = TempDir::new().unwrap();
    std::fs::write(folder.path().join("thesis.txt"), "years of work").unwrap();
    let refused = keyslot(folder.path(), &["sandbox", "--dir", "."]);
    assert_eq!(refused.code, 2, "{}", refused.stderr);
    let names: Vec<_> =
        std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(names, ["thesis.txt"]);
    assert_eq!(std::fs::read_to_string(folder.path().join("thesis.txt")).unwrap(), "years of work");
}

#[test]
fn it_begins_now_where_that_is_asked_for() {
    let folder = TempDir::new().unwrap();
    let sandbox = Sandbox::with(&folder.path().join("world"), &["--start", "now"]);
    let settings = std::fs::read_to_string(sandbox.folder.join("keyslot.toml")).unwrap();
    let start = settings.lines().find_map(|line| line.strip_prefix("world_start = ")).unwrap();
    let start: jiff::Timestamp = start.trim_matches('"').parse().unwrap();
    let age = jiff::Timestamp::now().duration_since(start).as_secs();
    assert!((0..600).contains(&age), "{start}");
    let origin = sandbox.folder.join("origin.git").display().to_string();
    let dated = sandbox.run("git", &["-C", &origin, "log", "-1", "--format=%cI", "main"]);
    let dated: jiff::Timestamp = dated.trim().parse().unwrap();
    assert!(dated <= jiff::Timestamp::now(), "nothing comes from the future: {dated}");
    let wrong = keyslot(folder.path(), &["sandbox", "--dir", "other", "--start", "soon"]);
    assert_eq!(wrong.code, 2, "{}", wrong.stderr);
    assert!(wrong.stderr.contains("or now"), "{}", wrong.stderr);
}

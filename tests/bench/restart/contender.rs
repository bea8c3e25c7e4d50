//! Who restarts: keyslot, or the runbook's loop with the real kubectl.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::scene::{NAMESPACE, WORKLOADS};
use crate::world::Running;

/// Somebody who restarts all stamps.
#[derive(Clone, Copy, Debug)]
pub enum Contender {
    /// The canary, then all stamps at once.
    Keyslot,
    /// So many stamps at once; one is the written runbook.
    Kubectl(usize),
}

/// How its process fared.
#[derive(Clone, Copy, Debug, Default)]
pub struct Fared {
    pub took: Duration,
    /// Processor time of the process.
    pub cpu: Duration,
    /// Most that it held in memory, in bytes.
    pub peak: u64,
    /// Most files and sockets that were seen open, and how many it may have.
    pub files: u64,
    pub files_allowed: u64,
}

/// Files that keyslot may have open when it begins, as most systems have it: it is to take what it needs by itself.
const USUAL_FILES: u32 = 1_024;

impl std::fmt::Display for Contender {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Contender::Keyslot => f.write_str("`keyslot rotate`"),
            Contender::Kubectl(1) => f.write_str("`kubectl`, one stamp after the other"),
            Contender::Kubectl(at_once) => write!(f, "`kubectl`, `xargs -P {at_once}`"),
        }
    }
}

impl Contender {
    /// Restarts everything in the world.
    pub fn run(self, world: &Running) -> Fared {
        match self {
            Contender::Keyslot => keyslot(world),
            Contender::Kubectl(at_once) => kubectl(world, at_once),
        }
    }
}

/// As a user runs it; without an approval it ends when only that is missing.
fn keyslot(world: &Running) -> Fared {
    set_policy(&world.folder().join("keyslot.toml"));
    let log = std::fs::File::create(world.folder().join("keyslot.log")).unwrap();
    let started = Instant::now();
    // The shell becomes keyslot: its process is the one that is measured.
    let begin = format!("ulimit -S -n {USUAL_FILES} && exec \"$0\" \"$@\"");
    let mut child = Command::new("sh")
        .args(["-c", &begin, env!("CARGO_BIN_EXE_keyslot"), "rotate", "--retire", "primary"])
        .env_clear()
        .env("KEYSLOT_LOG", std::env::var("KEYSLOT_LOG").unwrap_or("info".to_owned()))
        .env("HOME", world.folder())
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .envs(world.variables.iter().cloned())
        .current_dir(world.folder())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(log)
        .spawn()
        .unwrap();
    let mut fared = Fared::default();
    while child.try_wait().unwrap().is_none() {
        // The last reading before its end is a tenth of a second old at most.
        if let Some(now) = reading(child.id()) {
            fared = Fared { files: fared.files.max(now.files), ..now };
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    Fared { took: started.elapsed(), ..fared }
}

/// Waves as wide as they go, no soak, and nothing that waits for logs, metrics or last use: what is timed is the restart.
fn set_policy(path: &Path) {
    let mut settings: toml::Table = std::fs::read_to_string(path).unwrap().parse().unwrap();
    let environment = settings["environment"]["prod"].as_table_mut().unwrap();
    environment["account"].as_table_mut().unwrap().insert("ask_last_use".to_owned(), false.into());
    let stamps = environment["stamp"].as_array().unwrap().len();
    let policy = environment["policy"].as_table_mut().unwrap();
    policy.insert("wave_size".to_owned(), toml::Value::Integer(stamps as i64));
    policy.insert("soak".to_owned(), "1s".into());
    policy.insert("metrics_lag".to_owned(), "0s".into());
    std::fs::write(path, toml::to_string(&settings).unwrap()).unwrap();
}

/// `/proc` of the process while it lives; nothing on other systems.
pub fn reading(id: u32) -> Option<Fared> {
    let status = std::fs::read_to_string(format!("/proc/{id}/status")).ok()?;
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let peak: u64 = peak.trim().trim_end_matches(" kB").parse().ok()?;
    let stat = std::fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
    // After the name in parentheses: user and system time are the 12th and 13th word, in hundredths of a second.
    let words: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    let ticks: u64 = words.get(11)?.parse::<u64>().ok()? + words.get(12)?.parse::<u64>().ok()?;
    let files = std::fs::read_dir(format!("/proc/{id}/fd")).map_or(0, |open| open.count() as u64);
    let limits = std::fs::read_to_string(format!("/proc/{id}/limits")).ok()?;
    let allowed = limits.lines().find_map(|line| line.strip_prefix("Max open files"));
    let files_allowed = allowed.and_then(|line| line.split_whitespace().next()?.parse().ok());
    Some(Fared {
        took: Duration::ZERO,
        cpu: Duration::from_millis(ticks * 10),
        peak: peak * 1024,
        files,
        files_allowed: files_allowed.unwrap_or_default(),
    })
}

/// `kubectl rollout restart` and `kubectl rollout status`, one workload after the other in each stamp.
fn kubectl(world: &Running, at_once: usize) -> Fared {
    let each = WORKLOADS.map(|name| {
        format!(
            "kubectl --kubeconfig \"$0\" -n {NAMESPACE} rollout restart deployment/{name} && \
             kubectl --kubeconfig \"$0\" -n {NAMESPACE} rollout status deployment/{name} --timeout=20m"
        )
    });
    let list: Vec<String> =
        kubeconfigs(world.folder()).iter().map(|path| path.display().to_string()).collect();
    let started = Instant::now();
    let mut xargs = Command::new("xargs")
        .args(["-n", "1", "-P", &at_once.to_string(), "sh", "-c", &each.join(" && ")])
        .env("HOME", world.folder())
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    std::io::Write::write_all(&mut xargs.stdin.take().unwrap(), list.join("\n").as_bytes()).unwrap();
    assert!(xargs.wait().unwrap().success(), "the runbook's loop failed");
    Fared { took: started.elapsed(), ..Fared::default() }
}

fn kubeconfigs(folder: &Path) -> Vec<PathBuf> {
    let mut paths: Vec<PathBuf> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.file_name().unwrap().to_str().unwrap().starts_with("kubeconfig-"))
        .collect();
    paths.sort();
    paths
}

pub fn has_kubectl() -> bool {
    let asked = Command::new("kubectl")
        .args(["version", "--client"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    asked.is_ok_and(|status| status.success())
}

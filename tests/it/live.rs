//! A simulated world in the test's own process, and the program as a process of its own on it: the test can hold
//! the world's answers, look into the world from the side, and end the program at any moment.

use std::io::{ErrorKind, Read, Write};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::RecvTimeoutError;
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use keyslot::cli::stage::{Stage, StageOptions};
use keyslot::model::FlipBack;
use keyslot::sim::{World, WorldConfig};
use tempfile::TempDir;

/// No process that a test looks at lives longer, and none that it only waits for twice as long; one that does hangs.
const LIMIT: Duration = Duration::from_secs(180);

/// A world that answers, laid out as `sandbox` does it.
pub struct Live {
    pub stage: Stage,
    folder: TempDir,
}

impl Live {
    /// Must be called within a runtime with threads of its own: the world answers there.
    pub fn set(config: WorldConfig, speed: f64) -> Live {
        Live::of(World::new(config), speed)
    }

    /// The same with a world that has a past.
    pub fn of(world: World, speed: f64) -> Live {
        let folder = TempDir::new().unwrap();
        let options = StageOptions {
            config: world.config().clone(),
            speed,
            folder: folder.path().join("stage"),
            transcript: Some(folder.path().join("transcript.jsonl")),
            flip_back: FlipBack::No,
        };
        let stage = Stage::of(world, options).unwrap_or_else(|error| panic!("{error:?}"));
        Live { stage, folder }
    }

    /// Changes the configuration in one place.
    pub fn configure(&self, from: &str, to: &str) {
        let path = self.stage.settings_path();
        let text = std::fs::read_to_string(&path).unwrap();
        assert_eq!(text.matches(from).count(), 1, "{from} in {text}");
        std::fs::write(path, text.replace(from, to)).unwrap();
    }

    /// Gives the first line of the configuration that sets this key another value.
    pub fn set_first(&self, key: &str, value: &str) {
        let text = std::fs::read_to_string(self.stage.settings_path()).unwrap();
        let begins = format!("{key} = ");
        let line = text.lines().find(|line| line.starts_with(&begins)).unwrap();
        self.configure(line, &format!("{key} = {value}"));
    }

    /// The folder that the stage and everything beside it is in.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// A program with the environment that leads to this world, and nothing else of ours.
    pub fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = Command::new(program);
        command
            .current_dir(self.folder())
            .env_clear()
            .env("HOME", self.folder())
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .envs(&self.stage.variables);
        command
    }

    /// keyslot, started.
    pub fn keyslot(&self, arguments: &[&str]) -> Process {
        Process::start(self.command_of(arguments))
    }

    /// The same by somebody of this name.
    pub fn keyslot_as(&self, who: &str, arguments: &[&str]) -> Process {
        let mut command = self.command_of(arguments);
        command.env("KEYSLOT_ACTOR", who);
        Process::start(command)
    }

    fn command_of(&self, arguments: &[&str]) -> Command {
        let mut command = self.command(env!("CARGO_BIN_EXE_keyslot"));
        command.args(arguments).env("KEYSLOT_LOG", "info");
        command
    }

    /// What the newest record of the journal is; empty where there is none.
    pub fn newest_record(&self) -> String {
        let Some(path) = self.records().pop() else { return String::new() };
        let record: serde_json::Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
        record["kind"]["event"].as_str().unwrap_or_default().to_owned()
    }

    fn records(&self) -> Vec<PathBuf> {
        let mut records: Vec<PathBuf> = files_below(&self.stage.folder.join("state"))
            .into_iter()
            .filter(|path| path.extension().is_some_and(|extension| extension == "json"))
            .collect();
        records.sort();
        records
    }
}

/// What a program says that runs to its end, which must come.
pub fn output(mut command: Command) -> Output {
    let child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let (ended, ends) = std::sync::mpsc::channel::<()>();
    let id = child.id().to_string();
    let hangs = std::thread::spawn(move || {
        let hangs = ends.recv_timeout(2 * LIMIT) == Err(RecvTimeoutError::Timeout);
        hangs && Command::new("kill").args(["-KILL", &id]).status().unwrap().success()
    });
    let output = child.wait_with_output().unwrap();
    drop(ended);
    assert!(!hangs.join().unwrap(), "it hangs; it said:\n{}", String::from_utf8_lossy(&output.stderr));
    output
}

/// All files below a folder.
pub fn files_below(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    entries
        .flat_map(|entry| {
            let path = entry.unwrap().path();
            if path.is_dir() { files_below(&path) } else { vec![path] }
        })
        .collect()
}

/// A running program. What it says on stderr is read as it comes, until it is gagged.
pub struct Process {
    child: Child,
    started: Instant,
    /// Our copy of the end that it writes its talk into.
    mouth: UnixStream,
    deaf: Arc<AtomicBool>,
    heard: Arc<Mutex<Vec<u8>>>,
    ear: Option<JoinHandle<UnixStream>>,
    /// Kept open after listening: with nobody at the other end a gagged writer would fail instead of block.
    closed_ear: Option<UnixStream>,
}

impl Process {
    pub fn start(mut command: Command) -> Process {
        let (mouth, ear) = UnixStream::pair().unwrap();
        let theirs: OwnedFd = mouth.try_clone().unwrap().into();
        let child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(theirs).spawn().unwrap();
        // The command keeps a copy of the mouth; without it gone, nobody would ever hear the end.
        drop(command);
        let (deaf, heard) = (Arc::new(AtomicBool::new(false)), Arc::default());
        let (stop, notes) = (Arc::clone(&deaf), Arc::clone(&heard));
        let ear = Some(std::thread::spawn(move || listen(ear, &stop, &notes)));
        Process { child, started: Instant::now(), mouth, deaf, heard, ear, closed_ear: None }
    }

    /// How it ended, if it has.
    pub fn ended(&mut self) -> Option<i32> {
        if self.started.elapsed() > LIMIT {
            self.kill();
            panic!("it hangs; it said:\n{}", self.talk());
        }
        self.child.try_wait().unwrap().map(|status| status.code().unwrap_or(-1))
    }

    /// How it ends, when it does.
    pub async fn end(&mut self) -> i32 {
        loop {
            if let Some(code) = self.ended() {
                return code;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// From now on its next line on stderr blocks it: nobody reads, and there is no room left.
    pub fn gag(&mut self) -> String {
        let heard = self.talk();
        self.mouth.set_nonblocking(true).unwrap();
        for size in [4096, 64, 1] {
            let full = vec![b'.'; size];
            loop {
                match self.mouth.write(&full) {
                    Ok(_) => {}
                    Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                    Err(error) => panic!("{error}"),
                }
            }
        }
        self.mouth.set_nonblocking(false).unwrap();
        heard
    }

    /// Asks this process alone to end, as `kill -NAME` does.
    pub fn signal(&self, name: &str) {
        let id = self.child.id().to_string();
        let sent = Command::new("kill").args([&format!("-{name}"), &id]).status().unwrap();
        assert!(sent.success());
    }

    /// SIGKILL, to this process alone.
    pub fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Until it has said these words on stderr.
    pub async fn says(&mut self, words: &str) {
        while !self.heard().contains(words) {
            assert_eq!(self.ended(), None, "{words}: {}", self.talk());
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    fn heard(&self) -> String {
        String::from_utf8_lossy(&self.heard.lock().unwrap()).into_owned()
    }

    /// What it has said on stderr so far. Nobody listens any more afterwards.
    pub fn talk(&mut self) -> String {
        self.deaf.store(true, Ordering::Relaxed);
        let Some(listener) = self.ear.take() else { return String::new() };
        self.closed_ear = Some(listener.join().unwrap());
        self.heard()
    }

    /// What it has said on stdout; after its end.
    pub fn data(&mut self) -> String {
        let mut text = String::new();
        if let Some(mut out) = self.child.stdout.take() {
            out.read_to_string(&mut text).unwrap();
        }
        text
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        self.deaf.store(true, Ordering::Relaxed);
    }
}

/// Reads until told to stop and nothing is left.
fn listen(mut ear: UnixStream, stop: &AtomicBool, heard: &Mutex<Vec<u8>>) -> UnixStream {
    ear.set_read_timeout(Some(Duration::from_millis(5))).unwrap();
    let mut buffer = [0; 8192];
    loop {
        match ear.read(&mut buffer) {
            Ok(0) => break,
            Ok(count) => heard.lock().unwrap().extend_from_slice(&buffer[..count]),
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                if stop.load(Ordering::Relaxed) {
                    break;
                }
            }
            Err(error) => panic!("{error}"),
        }
    }
    ear
}

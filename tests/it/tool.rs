//! The program itself, run as a user would: its own folder, its own environment.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use keyslot::model::example_tree;
use tempfile::TempDir;

/// How a run ended.
pub struct Ran {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

impl Ran {
    #[track_caller]
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}: {}", self.stdout))
    }
}

fn bare(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_keyslot"));
    command.args(arguments).current_dir(folder).env_clear().env("HOME", folder);
    command
}

/// keyslot in a folder, with the caller's programs on the path and nothing else of its environment.
pub fn with_programs(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = bare(folder, arguments);
    command.env("PATH", std::env::var_os("PATH").unwrap_or_default());
    command
}

pub fn ran(mut command: Command) -> Ran {
    let Output { status, stdout, stderr } = command.output().unwrap();
    Ran {
        code: status.code().unwrap_or(-1),
        stdout: String::from_utf8(stdout).unwrap(),
        stderr: String::from_utf8(stderr).unwrap(),
    }
}

/// Runs keyslot in a folder, with nothing of the caller's environment.
pub fn keyslot(folder: &Path, arguments: &[&str]) -> Ran {
    ran(bare(folder, arguments))
}

/// Writes a script that can be run at once. Another process writes it: a file that this one holds open for writing is held by
/// whatever another thread is just about to start, and running it is refused as “text file busy”.
pub fn program(path: &Path, script: &str) {
    let mut shell = Command::new("/bin/sh")
        .args(["-c", "cat >\"$0\" && chmod 755 \"$0\""])
        .arg(path)
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    shell.stdin.take().unwrap().write_all(script.as_bytes()).unwrap();
    assert!(shell.wait().unwrap().success(), "{}", path.display());
}

/// A folder of Terraform that goes away with the test.
pub struct Folder {
    folder: TempDir,
}

impl Folder {
    pub fn of<P: AsRef<str>, B: AsRef<[u8]>>(files: &[(P, B)]) -> Folder {
        let folder = Folder { folder: TempDir::new().unwrap() };
        for (path, bytes) in files {
            folder.put(path.as_ref(), bytes.as_ref());
        }
        folder
    }

    pub fn example() -> Folder {
        Folder::of(&example_tree())
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    pub fn put(&self, path: &str, bytes: &[u8]) -> PathBuf {
        let path = self.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, bytes).unwrap();
        path
    }

    pub fn get(&self, path: &str) -> Vec<u8> {
        fs::read(self.path().join(path)).unwrap()
    }

    pub fn run(&self, arguments: &[&str]) -> Ran {
        keyslot(self.path(), arguments)
    }

    /// Every file below, by path.
    pub fn files(&self) -> Vec<(String, Vec<u8>)> {
        let mut files = Vec::new();
        let mut folders = vec![self.path().to_owned()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                } else {
                    let name = path.strip_prefix(self.path()).unwrap().to_str().unwrap().to_owned();
                    files.push((name, fs::read(path).unwrap()));
                }
            }
        }
        files.sort();
        files
    }
}

//! How long `keyslot check` takes, as ratios to what else could be done with the same files in the same minute.
//!
//! `cargo bench --bench check` makes two trees (1,000 and 10,000 files of 10 to 12 KB; one file in a hundred reads a
//! key) in a temporary folder, and runs on each, in turns: ripgrep counting one word (without ripgrep: a parallel
//! read of all bytes), `keyslot check`, and the same with its shortcuts off. Where `terraform` is installed, its
//! `fmt -check -recursive` runs once, on the small tree (on the large one with `-- --fmt`). Medians are printed.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout, clippy::print_stderr)]

mod tree;

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

const RUNS: usize = 15;
const WORD: &str = "azurerm_cosmosdb_account";

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let asked = |name: &str| arguments.iter().any(|argument| argument == name);
    // Without it, somebody only wants to know whether benches compile.
    if !asked("--bench") {
        return;
    }
    for files in [1_000, 10_000] {
        let folder = tempfile::tempdir().unwrap();
        let bytes = tree::write(folder.path(), files);
        println!("\n{files} files, {:.1} MB", bytes as f64 / 1e6);
        let scan = Contender::scan(folder.path());
        let check = Contender::keyslot(folder.path(), &[]);
        let whole = Contender::keyslot(folder.path(), &["--no-shortcuts"]);
        let mut times = [Vec::new(), Vec::new(), Vec::new()];
        for run in 0..RUNS {
            times[0].push(scan.time());
            times[1].push(check.time());
            // Many times slower: three runs will do.
            if run < 3 {
                times[2].push(whole.time());
            }
        }
        let base = median(&mut times[0]);
        for (contender, times) in [&scan, &check, &whole].into_iter().zip(&mut times) {
            contender.print(median(times), base);
        }
        if let Some(fmt) = Contender::fmt(folder.path()).filter(|_| files < 10_000 || asked("--fmt")) {
            fmt.print(fmt.time(), base);
        }
    }
}

/// Something that goes through all files.
struct Contender {
    name: String,
    run: Run,
}

enum Run {
    Program(Vec<String>),
    /// All bytes, by as many threads as there are processors.
    Read(std::path::PathBuf),
}

impl Contender {
    fn scan(folder: &Path) -> Contender {
        if is_there("rg") {
            let line = ["rg", "-c", WORD, path(folder)];
            return Contender::program("ripgrep, one word", &line);
        }
        Contender {
            name: "reading all bytes (no ripgrep here)".to_owned(),
            run: Run::Read(folder.to_owned()),
        }
    }

    fn keyslot(folder: &Path, more: &[&str]) -> Contender {
        let name = ["keyslot check", &more.join(" ")].join(" ");
        let line = [env!("CARGO_BIN_EXE_keyslot"), "check", path(folder), "--output", "json"];
        Contender::program(name.trim_end(), &[&line, more].concat())
    }

    fn fmt(folder: &Path) -> Option<Contender> {
        let line = ["terraform", "fmt", "-check", "-recursive", path(folder)];
        is_there("terraform").then(|| Contender::program("terraform fmt -check -recursive", &line))
    }

    fn program(name: &str, line: &[&str]) -> Contender {
        let line = line.iter().map(|part| (*part).to_owned()).collect();
        Contender { name: name.to_owned(), run: Run::Program(line) }
    }

    fn time(&self) -> Duration {
        let start = Instant::now();
        match &self.run {
            Run::Program(line) => {
                let mut command = Command::new(&line[0]);
                command.args(&line[1..]).stdout(Stdio::null()).stderr(Stdio::null()).status().unwrap();
            }
            Run::Read(folder) => read_all(folder),
        }
        start.elapsed()
    }

    fn print(&self, time: Duration, base: Duration) {
        let ratio = time.as_secs_f64() / base.as_secs_f64();
        let memory = self.peak_memory().unwrap_or_default();
        println!("  {:<36} {:>8.0} ms  {ratio:>6.2} ×{memory}", self.name, time.as_secs_f64() * 1e3);
    }

    /// As GNU time tells it, in a run of its own.
    fn peak_memory(&self) -> Option<String> {
        let Run::Program(line) = &self.run else { return None };
        let told = Command::new("/usr/bin/time").args(["-f", "%M"]).args(line).stdout(Stdio::null()).output();
        let text = String::from_utf8(told.ok()?.stderr).ok()?;
        let kilobytes: f64 = text.lines().last()?.trim().parse().ok()?;
        Some(format!("  {:>6.0} MB at most", kilobytes / 1024.0))
    }
}

fn path(folder: &Path) -> &str {
    folder.to_str().unwrap()
}

fn is_there(program: &str) -> bool {
    let asked = Command::new(program).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status();
    asked.is_ok_and(|status| status.success())
}

fn median(times: &mut [Duration]) -> Duration {
    times.sort();
    times[times.len() / 2]
}

fn read_all(folder: &Path) {
    let walk = ignore::WalkBuilder::new(folder).build_parallel();
    walk.run(|| {
        Box::new(|entry| {
            let entry = entry.unwrap();
            if entry.file_type().is_some_and(|kind| kind.is_file()) {
                std::hint::black_box(std::fs::read(entry.path()).unwrap());
            }
            ignore::WalkState::Continue
        })
    });
}

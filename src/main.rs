//! The doorway: parse, run, exit.

use std::process::ExitCode;

fn main() -> ExitCode {
    keyslot::cli::main()
}

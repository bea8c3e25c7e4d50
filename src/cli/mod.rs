//! What was typed → what to do → what to print. One command a file.
//!
//! A command is a struct of clap arguments with `fn run(self, &mut Terminal) -> Result<Exit, CliError>`. To add
//! one: a file, a variant of `Command`, an arm in `Command::run`. Nothing below this module prints or knows
//! exit codes.

mod accepting;
mod advance;
pub mod approval;
mod azure;
mod baseline;
mod beside;
mod board;
mod bounded;
mod census;
mod check;
mod close;
mod consent;
mod declarations;
mod discover;
mod ending;
mod error;
mod example;
mod exit;
mod fault;
mod files;
mod findings;
mod flip;
mod follow;
mod guard;
mod lock;
mod logging;
mod opening;
mod own_folder;
mod passed_over;
mod patch;
mod pause;
mod plan;
mod procedure;
mod progress;
mod promote;
mod propose;
mod refusals;
mod regenerate;
mod rehearse;
mod remedies;
mod restart;
mod rotate;
mod sandbox;
mod schema;
mod sealed;
pub mod settings;
pub mod stage;
mod stages;
mod status;
mod stop;
mod stopped;
mod target;
mod terminal;
mod tokens;
mod verify;
pub mod wiring;
mod words;
mod write;

use std::ffi::OsString;
use std::future::Future;
use std::process::ExitCode;

use clap::{CommandFactory as _, FromArgMatches as _, Parser, Subcommand};

pub use self::error::{CliError, ErrorKind};
pub use self::exit::Exit;
pub use self::terminal::{Color, Terminal};

/// Rotate Azure Cosmos DB keys without downtime, driven by Terraform and pull requests.
#[derive(Debug, Parser)]
#[command(name = "keyslot", version, styles = terminal::HELP_STYLES, arg_required_else_help = true)]
#[command(after_help = AFTER_HELP, max_term_width = 100)]
struct Cli {
    /// When to colour messages, findings and diffs; tables are plain.
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto", hide_possible_values = false)]
    color: Color,
    #[command(subcommand)]
    command: Command,
}

const AFTER_HELP: &str = "Exit codes: 0 done, 1 findings (of a plan: it changes other than the expected secrets, or leaves one of them as it is), 2 usage or configuration, 3 waiting, \
4 halted (a person must act), 5 the world failed (network, permission, server), 70 a defect of keyslot.

KEYSLOT_LOG=error|warn|info|debug|trace writes what happens inside to stderr; without it, nothing is logged.";

#[derive(Debug, Subcommand)]
enum Command {
    Check(check::Check),
    Flip(flip::Flip),
    Plan(plan::Plan),
    Rotate(rotate::Rotate),
    Propose(propose::Propose),
    Promote(promote::Promote),
    Follow(follow::Follow),
    Restart(restart::Restart),
    Regenerate(regenerate::Regenerate),
    Advance(advance::Advance),
    Verify(verify::Verify),
    Census(census::Census),
    Status(status::Status),
    Explain(status::Explain),
    Pause(pause::Pause),
    Resume(pause::Resume),
    Close(close::Close),
    Rehearse(rehearse::Rehearse),
    Sandbox(sandbox::Sandbox),
    Schema(schema::Schema),
    Example(example::Example),
}

impl Command {
    fn run(self, terminal: &mut Terminal) -> Result<Exit, CliError> {
        match self {
            Command::Check(command) => command.run(terminal),
            Command::Flip(command) => command.run(terminal),
            Command::Plan(command) => command.run(terminal),
            Command::Rotate(command) => command.run(terminal),
            Command::Propose(command) => command.run(terminal),
            Command::Promote(command) => command.run(terminal),
            Command::Follow(command) => command.run(terminal),
            Command::Restart(command) => command.run(terminal),
            Command::Regenerate(command) => command.run(terminal),
            Command::Advance(command) => command.run(terminal),
            Command::Verify(command) => command.run(terminal),
            Command::Census(command) => command.run(terminal),
            Command::Status(command) => command.run(terminal),
            Command::Explain(command) => command.run(terminal),
            Command::Pause(command) => command.run(terminal),
            Command::Resume(command) => command.run(terminal),
            Command::Close(command) => command.run(terminal),
            Command::Rehearse(command) => command.run(terminal),
            Command::Sandbox(command) => command.run(terminal),
            Command::Schema(command) => command.run(terminal),
            Command::Example(command) => command.run(terminal),
        }
    }
}

/// What may be typed, for whoever wants to know without running it.
pub fn command_line() -> clap::Command {
    <Cli as clap::CommandFactory>::command()
}

/// Runs the program and returns its exit code.
pub fn main() -> ExitCode {
    guard::stand();
    run(std::env::args_os()).into()
}

/// Does what was typed, the program's name first, and says how it ended.
pub fn run(typed: impl IntoIterator<Item = OsString>) -> Exit {
    let typed: Vec<OsString> = typed.into_iter().collect();
    let mut command = Cli::command().color(told_color(&typed));
    let parsed = command.try_get_matches_from_mut(typed);
    let cli = match parsed
        .and_then(|found| Cli::from_arg_matches(&found).map_err(|error| error.format(&mut command)))
    {
        Ok(cli) => cli,
        Err(told) => {
            // Help and version come this way too, with their own streams; a closed stream is nobody's fault.
            let _ = told.print();
            return if told.use_stderr() { Exit::Usage } else { Exit::Done };
        }
    };
    let mut terminal = Terminal::new(cli.color);
    let logged = wiring::process_variables(logging::VARIABLE);
    match logging::start(logged.as_deref()).and_then(|()| cli.command.run(&mut terminal)) {
        Ok(exit) => exit,
        Err(error) => {
            terminal.error(&error);
            Exit::from(error.kind)
        }
    }
}

/// `--color`, for what clap says before it has read it.
fn told_color(typed: &[OsString]) -> clap::ColorChoice {
    let words: Vec<&str> = typed.iter().filter_map(|word| word.to_str()).collect();
    let after = words.iter().position(|word| *word == "--color").and_then(|place| words.get(place + 1));
    let joined = words.iter().find_map(|word| word.strip_prefix("--color="));
    match after.copied().or(joined) {
        Some("always") => clap::ColorChoice::Always,
        Some("never") => clap::ColorChoice::Never,
        Some(_) | None => clap::ColorChoice::Auto,
    }
}

/// Runs a command's asynchronous part to its end, on a runtime of its own. The only place that makes one.
fn block_on<F: Future>(future: F) -> Result<F::Output, CliError> {
    files::raise_limit();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| CliError::io("cannot start the runtime", "this process", &error))?;
    let output = runtime.block_on(future);
    // A program that hangs on a thread of its own keeps nobody.
    runtime.shutdown_timeout(std::time::Duration::from_secs(2));
    Ok(output)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn helps_say_what_to_do_as_claps_own_do() {
        for command in Cli::command().get_subcommands() {
            let about = command.get_about().map(ToString::to_string).unwrap_or_default();
            let verb = about.split([' ', ':']).next().unwrap_or_default();
            assert!(
                verb.starts_with(char::is_uppercase) && !verb.ends_with('s'),
                "{}: {about}",
                command.get_name()
            );
        }
    }

    #[test]
    fn every_help_tells_the_exit_codes_in_a_paragraph_that_wraps_by_itself() {
        for command in Cli::command().get_subcommands() {
            let name = command.get_name();
            let after = command.get_after_long_help().or(command.get_after_help());
            let after = after.map(ToString::to_string).unwrap_or_default();
            let codes: Vec<&str> =
                after.split("\n\n").filter(|part| part.contains("Exit codes: 0 ")).collect();
            let [codes] = codes[..] else { panic!("{name}: {after}") };
            assert!(codes.starts_with("Exit codes: 0 ") && !codes.contains('\n'), "{name}: {codes}");
        }
    }

    #[test]
    fn the_color_is_known_before_the_rest_is_read() {
        let told = |words: &[&str]| told_color(&words.iter().map(OsString::from).collect::<Vec<_>>());
        assert_eq!(told(&["keyslot", "--color", "never", "nosuch"]), clap::ColorChoice::Never);
        assert_eq!(told(&["keyslot", "nosuch", "--color=always"]), clap::ColorChoice::Always);
        assert_eq!(told(&["keyslot", "nosuch", "--color"]), clap::ColorChoice::Auto);
    }

    #[test]
    fn the_command_line_is_well_formed() {
        Cli::command().debug_assert();
    }
}

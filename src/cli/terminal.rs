//! Where text goes: stdout is data, stderr is talk.
//!
//! Colour and other escapes are kept only where a terminal reads them, or where `--color always` asks. Nothing
//! outside `cli` prints.

use std::io::{self, IsTerminal, Write};

use anstream::{AutoStream, ColorChoice};
use clap::builder::styling::{AnsiColor, Effects, Style, Styles};

use super::error::CliError;
use crate::terraform::mask;

/// `--color`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, clap::ValueEnum)]
pub enum Color {
    /// Where a terminal reads it.
    #[default]
    Auto,
    Always,
    Never,
}

impl Color {
    fn choice(self) -> ColorChoice {
        match self {
            Color::Auto => ColorChoice::Auto,
            Color::Always => ColorChoice::Always,
            Color::Never => ColorChoice::Never,
        }
    }
}

const ERROR: Style = AnsiColor::Red.on_default().effects(Effects::BOLD);
const WARNING: Style = AnsiColor::Yellow.on_default().effects(Effects::BOLD);
const HINT: Style = AnsiColor::Cyan.on_default().effects(Effects::BOLD);
const DIM: Style = Style::new().effects(Effects::DIMMED);

/// How clap's help looks.
pub const HELP_STYLES: Styles = Styles::styled()
    .header(AnsiColor::Green.on_default().effects(Effects::BOLD))
    .usage(AnsiColor::Green.on_default().effects(Effects::BOLD))
    .literal(AnsiColor::Cyan.on_default().effects(Effects::BOLD))
    .placeholder(AnsiColor::Cyan.on_default())
    .error(ERROR)
    .valid(AnsiColor::Green.on_default())
    .invalid(WARNING);

/// Both streams of the process.
pub struct Terminal {
    color: Color,
    out: AutoStream<io::Stdout>,
    err: AutoStream<io::Stderr>,
}

impl Terminal {
    pub fn new(color: Color) -> Terminal {
        Terminal {
            color,
            out: AutoStream::new(io::stdout(), color.choice()),
            err: AutoStream::new(io::stderr(), color.choice()),
        }
    }

    /// As it was asked for.
    pub fn color(&self) -> Color {
        self.color
    }

    /// Whether a person reads stderr, so that progress may be drawn there.
    pub fn is_watched(&self) -> bool {
        io::stderr().is_terminal()
    }

    /// Whether somebody reads what is asked on stderr and can type an answer.
    pub fn is_conversation(&self) -> bool {
        self.is_watched() && io::stdin().is_terminal()
    }

    /// Writes data to stdout as it is. A reader that has gone away (`| head`) is no error.
    pub fn data(&mut self, bytes: &[u8]) -> Result<(), CliError> {
        let written = self.out.write_all(bytes).and_then(|()| self.out.flush());
        match written {
            Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
                Err(CliError::io("cannot write the result", "standard output", &error))
            }
            Ok(()) | Err(_) => Ok(()),
        }
    }

    /// Writes one JSON document to stdout, with a newline at its end.
    pub fn json(&mut self, document: &impl serde::Serialize) -> Result<(), CliError> {
        let mut text = serde_json::to_string_pretty(document)
            .map_err(|error| CliError::bug("cannot encode the result").because(error))?;
        text.push('\n');
        self.data(text.as_bytes())
    }

    /// One line of talk.
    pub fn say(&mut self, text: &str) {
        self.talk(text);
    }

    /// Talk that matters less.
    pub fn mutter(&mut self, text: &str) {
        self.talk(&format!("{DIM}{text}{DIM:#}"));
    }

    pub fn warn(&mut self, text: &str) {
        self.talk(&format!("{WARNING}warning{WARNING:#}: {text}"));
    }

    pub fn hint(&mut self, text: &str) {
        self.talk(&format!("{HINT}hint{HINT:#}: {text}"));
    }

    /// An error with its place, its causes and what to do.
    pub fn error(&mut self, error: &CliError) {
        let CliError { kind: _, what, place, why, hints } = error;
        let mut text = format!("{ERROR}error{ERROR:#}: {what}");
        if !place.is_empty() {
            text.push_str(&format!("\n  {DIM}where:{DIM:#} {place}"));
        }
        for cause in why {
            text.push_str(&format!("\n  {DIM}why:{DIM:#}   {}", cause.replace('\n', "\n         ")));
        }
        self.talk(&text);
        for hint in hints {
            self.hint(hint);
        }
    }

    // Nobody can be told that stderr does not work. Names out of somebody's source may hold keys.
    fn talk(&mut self, text: &str) {
        let _ = writeln!(self.err, "{}", mask(text));
    }
}

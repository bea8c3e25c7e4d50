//! Parsing, on threads with enough stack.
//!
//! The parser of `hcl-edit` recurses: nesting is capped there, but a small stack overflows before the cap. So
//! files are parsed on threads of 8 MiB, which hand out plain [`Facts`].

use std::ops::Range;
use std::thread;

use hcl_edit::structure::Body;

use super::facts::Facts;
use super::json;
use super::links::Links;
use super::source::{MAX_BYTES, Source};
use super::syntax::Syntax;
use super::terragrunt;
use super::twice::{self, is_twice};
use super::walk::facts_of;

const STACK_BYTES: usize = 8 * 1024 * 1024;
/// Below this much text a second thread costs more than it saves.
const BYTES_PER_THREAD: usize = 256 * 1024;
const MAX_THREADS: usize = 8;

const LONG: &str = "an expression of it has more than 128 operators in a row, and keyslot reads no more, though Terraform may";
const TWICE: &str =
    "an object has this key twice; Terraform takes the last one, keyslot reads neither: remove the other";
const DEEP: &str =
    "its expressions nest more than 64 levels deep, and keyslot reads no more, though Terraform may";

/// Why a file could not be read as Terraform.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParseFailure {
    /// In the file; empty where the end was reached too soon.
    pub span: Range<usize>,
    pub message: String,
}

/// What a file says, or why that is not known.
pub type Parsed = Result<Facts, ParseFailure>;

/// What each file says, in the order given; module calls through links are straightened.
pub fn parse_all(sources: &[Source], links: &Links) -> Vec<Parsed> {
    let total: usize = sources.iter().map(|source| source.text().len()).sum();
    let threads = (total / BYTES_PER_THREAD + 1).min(MAX_THREADS).min(sources.len().max(1));
    let mut results: Vec<(usize, Parsed)> = thread::scope(|scope| {
        let share = |lane: usize| sources.iter().enumerate().skip(lane).step_by(threads);
        let workers: Vec<_> = (0..threads)
            .map(|lane| {
                let work =
                    move || share(lane).map(|(at, source)| (at, parse(source, links))).collect::<Vec<_>>();
                thread::Builder::new().stack_size(STACK_BYTES).spawn_scoped(scope, work)
            })
            .collect();
        let mut results = Vec::with_capacity(sources.len());
        for (lane, worker) in workers.into_iter().enumerate() {
            match worker.map(|worker| worker.join()) {
                Ok(Ok(done)) => results.extend(done),
                // A defect of ours or of the parser's: it ends the program as any other would.
                Ok(Err(panic)) => std::panic::resume_unwind(panic),
                Err(error) => results.extend(share(lane).map(|(at, _)| (at, Err(no_thread(&error))))),
            }
        }
        results
    });
    results.sort_unstable_by_key(|(at, _)| *at);
    results.into_iter().map(|(_, result)| result).collect()
}

fn no_thread(error: &std::io::Error) -> ParseFailure {
    ParseFailure { span: 0..0, message: format!("no thread could be started to parse it: {error}") }
}

fn parse(source: &Source, links: &Links) -> Parsed {
    if source.is_too_large() {
        let message = format!(
            "the file has {} bytes; keyslot reads Terraform files of up to {MAX_BYTES}",
            source.bytes().len()
        );
        return Err(ParseFailure { span: 0..0, message });
    }
    let mut facts = match source.syntax() {
        Syntax::Json | Syntax::VariablesJson => json::facts_of(source)?,
        Syntax::Native | Syntax::Variables | Syntax::Terragrunt => facts_of(source, &body(source)?),
    };
    links.straighten(source.folder(), &mut facts);
    if source.syntax() == Syntax::Terragrunt && !links.within.is_empty() {
        terragrunt::place(&links.within, &mut facts);
    }
    Ok(facts)
}

fn body(source: &Source) -> Result<Body, ParseFailure> {
    twice::parse(source.text()).map_err(|error| failure(source, &error))
}

fn failure(source: &Source, error: &hcl_edit::parser::Error) -> ParseFailure {
    let offset = source.text().floor_char_boundary(error.location().offset());
    let width = source.text().get(offset..).and_then(|rest| rest.chars().next()).map_or(0, char::len_utf8);
    let message = match error.message() {
        // A limit of the parser's, not of Terraform's: the file may well be right.
        deep if deep.contains("nesting depth") => DEEP.to_owned(),
        long if long.contains("chained") => LONG.to_owned(),
        twice if is_twice(twice) => TWICE.to_owned(),
        message => message.to_owned(),
    };
    ParseFailure { span: source.to_file(offset..offset + width), message }
}

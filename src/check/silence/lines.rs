//! Lines of a file, and the line that a comment speaks of.

use crate::terraform::{Comment, Source};

/// Where the lines of a file begin: many comments ask.
pub(super) struct Lines(Vec<usize>);

impl Lines {
    pub(super) fn of(source: &Source) -> Lines {
        Lines(
            memchr::memchr_iter(b'\n', source.text().as_bytes())
                .map(|at| source.to_file(at..at).end)
                .collect(),
        )
    }

    /// The line of an offset of the file, from 1.
    pub(super) fn line(&self, offset: usize) -> usize {
        self.0.partition_point(|newline| *newline < offset) + 1
    }
}

/// The line that each comment speaks of: its own where it stands after code, else the next that holds more than
/// comments, if there is one.
pub(super) fn spoken_of(source: &Source, lines: &Lines, comments: &[Comment]) -> Vec<Option<usize>> {
    let text = source.text();
    let mut next_code = None;
    let mut next_comment = text.len();
    let mut spoken_of: Vec<Option<usize>> = comments
        .iter()
        .rev()
        .map(|comment| {
            let span = source.to_text(comment.span.clone());
            let between = &text[span.end..next_comment];
            if let Some(code) = between.find(|next: char| !next.is_whitespace()) {
                next_code = Some(lines.line(comment.span.end + code));
            }
            next_comment = span.start;
            if comment.opens_line { next_code } else { Some(lines.line(comment.span.start)) }
        })
        .collect();
    spoken_of.reverse();
    spoken_of
}

//! What a rotation changes in the code, line by line.

/// One line, without the blanks around it and with every key in it hidden.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChangedLine {
    pub path: String,
    /// From 1.
    pub line: usize,
    pub before: String,
    pub after: String,
}

/// What changes in the code, or why it cannot be changed, in words.
pub type Code = Result<Vec<ChangedLine>, Vec<String>>;

/// As text for people.
pub(super) fn code_lines(code: &Code) -> Vec<String> {
    let changed = |one: &ChangedLine| {
        let ChangedLine { path, line, before, after } = one;
        [format!("{path}:{line}"), format!("- {before}"), format!("+ {after}")]
    };
    match code {
        Ok(changes) => changes.iter().flat_map(changed).collect(),
        Err(refusals) => refusals.iter().map(|why| format!("it cannot be changed: {why}")).collect(),
    }
}

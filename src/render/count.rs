//! How many there are of something, in words.

/// `1 file`, `2 files`.
pub fn counted(count: usize, noun: &str) -> String {
    if count == 1 { format!("1 {noun}") } else { format!("{count} {noun}s") }
}

/// The verb that goes with so many.
pub fn are(count: usize) -> &'static str {
    if count == 1 { "is" } else { "are" }
}

#[test]
fn one_is_no_plural() {
    assert_eq!([0, 1, 2].map(|count| counted(count, "file")), ["0 files", "1 file", "2 files"]);
    assert_eq!([0, 1, 2].map(are), ["are", "is", "are"]);
}

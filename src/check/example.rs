//! A rule's `before` and `after` as files.

const DIVIDER: &str = "# --- ";

/// Path and text of each file: `main.tf`, or what the lines `# --- path/to/file.tf` say.
pub fn files_of(text: &str) -> Vec<(String, String)> {
    let mut files: Vec<(String, String)> = Vec::new();
    for line in text.split_inclusive('\n') {
        if let Some(path) = line.strip_prefix(DIVIDER) {
            files.push((path.trim().to_owned(), String::new()));
        } else if let Some((_, text)) = files.last_mut() {
            text.push_str(line);
        } else {
            files.push(("main.tf".to_owned(), line.to_owned()));
        }
    }
    files
}

#[test]
fn dividers_name_files() {
    let file = |path: &str, text: &str| (path.to_owned(), text.to_owned());
    assert_eq!(files_of("a = 1\nb = 2\n"), [file("main.tf", "a = 1\nb = 2\n")]);
    assert_eq!(
        files_of("# --- a.tf\na = 1\n# --- m/b.tf\nb = 2\n"),
        [file("a.tf", "a = 1\n"), file("m/b.tf", "b = 2\n")]
    );
}

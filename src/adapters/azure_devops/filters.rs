//! Filters of branches and paths, as triggers of Azure Pipelines have them.
//!
//! `*` stands for anything, slashes too, and `?` for one character; what is excluded goes after what is included. What
//! cannot be told with certainty passes: whoever asks wants to know what may start.

use serde_json::Value;

/// What is included and what is not; without inclusions everything is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Filters {
    include: Vec<String>,
    exclude: Vec<String>,
    /// It is written in a way that is not known here.
    unclear: bool,
}

impl Filters {
    /// `{ include: […], exclude: […] }`, a list of inclusions, or one.
    pub(super) fn of(written: Option<&Value>) -> Filters {
        match written {
            None | Some(Value::Null) => Filters::default(),
            Some(Value::Object(both)) => {
                let (include, clear) = texts(both.get("include"));
                let (exclude, also) = texts(both.get("exclude"));
                Filters { include, exclude, unclear: !(clear && also) }
            }
            Some(included) => {
                let (include, clear) = texts(Some(included));
                Filters { include, exclude: Vec::new(), unclear: !clear }
            }
        }
    }

    /// As a definition has them: `+refs/heads/main`, `-docs`.
    pub(super) fn signed(texts: &[String]) -> Filters {
        let mut filters = Filters::default();
        for text in texts {
            match text.strip_prefix('-') {
                Some(not) => filters.exclude.push(not.to_owned()),
                None => filters.include.push(text.strip_prefix('+').unwrap_or(text).to_owned()),
            }
        }
        filters
    }

    /// Whether the branch passes, or may.
    pub(super) fn may_take(&self, branch: &str) -> bool {
        let bare = |pattern: &str| pattern.strip_prefix("refs/heads/").unwrap_or(pattern).to_owned();
        let included = |pattern: &String| {
            is_computed(pattern) || fits(&bare(pattern).to_lowercase(), &branch.to_lowercase())
        };
        let excluded = |pattern: &String| !is_computed(pattern) && fits(&bare(pattern), branch);
        self.unclear
            || (self.include.is_empty() || self.include.iter().any(included))
                && !self.exclude.iter().any(excluded)
    }

    /// Whether a change of these files passes, or may: one of them is enough.
    pub(super) fn may_take_any(&self, paths: &[String]) -> bool {
        let counts = |path: &String| {
            let included =
                self.include.iter().filter(|pattern| may_cover(pattern, path)).map(|it| it.len()).max();
            let excluded =
                self.exclude.iter().filter(|pattern| covers(pattern, path)).map(|it| it.len()).max();
            match (included, excluded) {
                (None, _) if !self.include.is_empty() => false,
                (_, None) => true,
                // An inclusion that lies deeper may take it back.
                (included, Some(excluded)) => included.is_some_and(|length| length > excluded),
            }
        };
        self.unclear || paths.iter().any(counts)
    }
}

/// The texts, and whether these are all.
fn texts(written: Option<&Value>) -> (Vec<String>, bool) {
    match written {
        None | Some(Value::Null) => (Vec::new(), true),
        Some(Value::String(one)) => (vec![one.clone()], true),
        Some(Value::Array(several)) => {
            let texts: Vec<String> = several.iter().filter_map(Value::as_str).map(str::to_owned).collect();
            let clear = texts.len() == several.len();
            (texts, clear)
        }
        Some(_) => (Vec::new(), false),
    }
}

/// What the service makes of it is not known here.
fn is_computed(pattern: &str) -> bool {
    pattern.contains('$')
}

fn bare_path(pattern: &str) -> &str {
    pattern.trim_start_matches('/').trim_end_matches('/')
}

fn is_below(folder: &str, path: &str) -> bool {
    folder.is_empty()
        || path.strip_prefix(folder).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Whether the file lies there, or may.
fn may_cover(pattern: &str, path: &str) -> bool {
    let (pattern, path) = (bare_path(pattern).to_lowercase(), path.to_lowercase());
    // A folder that is named with asterisks takes what is below it too.
    is_computed(&pattern)
        || is_below(&pattern, &path)
        || fits(&pattern, &path)
        || fits(&format!("{pattern}/*"), &path)
}

/// Whether the file certainly lies there.
fn covers(pattern: &str, path: &str) -> bool {
    let pattern = bare_path(pattern);
    let folder = pattern.strip_suffix("/**").or(pattern.strip_suffix("/*")).unwrap_or(pattern);
    let folder = if matches!(folder, "*" | "**") { "" } else { folder };
    !folder.contains(['*', '?', '$']) && is_below(folder, path)
}

/// Whether the whole name is as the pattern says.
fn fits(pattern: &str, name: &str) -> bool {
    let name: Vec<char> = name.chars().collect();
    // How much of the name what was read of the pattern may stand for.
    let mut ends = vec![false; name.len() + 1];
    ends[0] = true;
    for next in pattern.chars() {
        let mut longer = vec![false; ends.len()];
        for at in 0..ends.len() {
            longer[at] = match next {
                '*' => ends[at] || (at > 0 && longer[at - 1]),
                '?' => at > 0 && ends[at - 1],
                letter => at > 0 && ends[at - 1] && name[at - 1] == letter,
            };
        }
        ends = longer;
    }
    ends[name.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(yaml: &str) -> Filters {
        Filters::of(Some(&serde_saphyr::from_str(yaml).unwrap()))
    }

    #[test]
    fn branches_pass_by_inclusions_without_exclusions() {
        for (filters, taken) in [
            ("[main]", false),
            ("[main, 'release/*']", true),
            ("'*'", true),
            ("['release/2026.?.0']", true),
            ("['release/2026.1']", false),
            ("['refs/heads/release/2026.1.0']", true),
            ("['refs/tags/*']", false),
            ("['RELEASE/*']", true),
            ("['$(branch)']", true),
            ("{ include: ['*'], exclude: ['release/*'] }", false),
            ("{ include: ['*'], exclude: ['Release/*'] }", true),
            ("{ include: ['*'], exclude: ['release/2025*'] }", true),
            ("{ exclude: [main] }", true),
            ("{ exclude: ['*'] }", false),
            ("{ include: [], exclude: ['$(branch)'] }", true),
            ("{ include: [main], exclude: 5 }", true),
            ("{}", true),
            ("5", true),
        ] {
            assert_eq!(written(filters).may_take("release/2026.1.0"), taken, "{filters}");
        }
        let signed =
            |texts: &[&str]| Filters::signed(&texts.iter().map(|it| (*it).to_owned()).collect::<Vec<_>>());
        assert!(signed(&["+refs/heads/release/*"]).may_take("release/x"));
        assert!(signed(&["release/*"]).may_take("release/x"));
        assert!(!signed(&["+refs/heads/*", "-refs/heads/release/*"]).may_take("release/x"));
        assert!(signed(&[]).may_take("release/x"));
    }

    #[test]
    fn paths_pass_unless_all_that_changes_is_left_out() {
        let changed = ["infra/stamp/main.tf".to_owned(), "infra/README.md".to_owned()];
        for (filters, taken) in [
            ("{ include: [src] }", false),
            ("{ include: [infra] }", true),
            ("{ include: [/infra/stamp/] }", true),
            ("{ include: [infr] }", false),
            ("{ include: ['infra/*/main.tf'] }", true),
            ("{ include: ['**/*.tf'] }", true),
            ("{ exclude: [infra] }", false),
            ("{ exclude: [infra/stamp] }", true),
            ("{ exclude: ['infra/**'] }", false),
            ("{ exclude: ['*'] }", false),
            ("{ exclude: ['**/*.tf', '**/*.md'] }", true),
            ("{ include: [infra/stamp], exclude: [infra] }", true),
            ("{ include: [infra], exclude: [infra/stamp, infra/README.md] }", false),
            ("{}", true),
        ] {
            assert_eq!(written(filters).may_take_any(&changed), taken, "{filters}");
        }
    }
}

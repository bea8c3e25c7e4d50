//! Which part of a baseline a run can speak of: paths in a baseline start from its own folder, wherever the command
//! ran and whatever it checked.
//!
//! Paths are compared as text, part by part; whoever makes a [`Reach`] brings absolute ones without links.

/// Where a tree lies, as a baseline's own folder sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reach {
    home: Vec<String>,
    root: Vec<String>,
    /// Of the tree, where only one was checked.
    file: Option<String>,
}

impl Reach {
    /// `home` is the baseline's folder, `root` that of the tree, `file` the one file of it that was checked.
    pub fn new(home: &str, root: &str, file: Option<&str>) -> Reach {
        Reach { home: parts(home), root: parts(root), file: file.map(str::to_owned) }
    }

    /// A file of the tree as the baseline names it.
    pub fn path(&self, in_tree: &str) -> String {
        let file = absolute(&self.root, in_tree);
        let shared = self.home.iter().zip(&file).take_while(|(a, b)| a == b).count();
        let up = self.home[shared..].iter().map(|_| "..");
        up.chain(file[shared..].iter().map(String::as_str)).collect::<Vec<_>>().join("/")
    }

    /// Whether the tree would hold a file that the baseline names.
    pub fn covers(&self, named: &str) -> bool {
        let file = absolute(&self.home, named);
        match &self.file {
            Some(only) => file == absolute(&self.root, only),
            None => file.starts_with(&self.root),
        }
    }
}

fn absolute(from: &[String], path: &str) -> Vec<String> {
    let mut absolute = from.to_vec();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(absolute.pop()),
            part => absolute.push(part.to_owned()),
        }
    }
    absolute
}

fn parts(path: &str) -> Vec<String> {
    path.split(['/', '\\']).filter(|part| !part.is_empty()).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_those_that_the_baselines_folder_sees() {
        for (home, root, seen) in [
            ("/w", "/w", "m/a.tf"),
            ("/w", "/w/infra", "infra/m/a.tf"),
            ("/w/infra", "/w", "../m/a.tf"),
            ("/w/m", "/w", "a.tf"),
            ("/w/ci", "/w/infra", "../infra/m/a.tf"),
        ] {
            let reach = Reach::new(home, root, None);
            assert_eq!(reach.path("m/a.tf"), seen, "{home} {root}");
            assert!(reach.covers(seen), "{home} {root}");
        }
    }

    #[test]
    fn what_lies_beside_the_tree_is_not_covered() {
        let reach = Reach::new("/w", "/w/infra", None);
        assert!(reach.covers("./infra/x/../a.tf"));
        for beside in ["a.tf", "infra-2/a.tf", "../w2/infra/a.tf"] {
            assert!(!reach.covers(beside), "{beside}");
        }
        let one = Reach::new("/w", "/w/infra", Some("a.tf"));
        assert!(one.covers("infra/a.tf") && !one.covers("infra/b.tf"));
    }
}

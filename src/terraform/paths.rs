//! Paths between folders, worked out as text.
//!
//! They never leave the tree, but for those of modules and of Terragrunt's files: where such a one lies beside what was
//! asked for, its path begins with `..`, seen from the tree's top.

use super::value::Value;

/// `./modules/stamp` seen from a folder. Absent for other kinds of sources.
pub fn local_folder(from: &str, path: &str) -> Option<String> {
    let local = path.starts_with("./") || path.starts_with("../") || path == "." || path == "..";
    (local && !path.contains(':')).then(|| climbed(from, path))
}

/// Where a relative path leads, also above the tree's top.
pub fn climbed(from: &str, path: &str) -> String {
    let mut parts: Vec<&str> = from.split('/').filter(|part| !part.is_empty()).collect();
    for part in path.split('/') {
        match (part, parts.last()) {
            ("" | ".", _) => {}
            ("..", Some(last)) if *last != ".." => drop(parts.pop()),
            (part, _) => parts.push(part),
        }
    }
    parts.join("/")
}

/// Whether a file or folder lies above the tree's top or beside it.
pub fn is_outside(path: &str) -> bool {
    path == ".." || path.starts_with("../")
}

/// Whether a folder is another one, or lies below it.
pub fn is_below(folder: &str, other: &str) -> bool {
    let below = || folder.strip_prefix(other).is_some_and(|rest| rest.starts_with('/'));
    folder == other || other.is_empty() || below()
}

/// Any relative path seen from a folder; absent for an absolute one, for one of a drive and for an address.
pub fn plain_path(from: &str, path: &str) -> Option<String> {
    let plain = !path.starts_with('/') && !path.contains(':');
    plain.then(|| climbed(from, path))
}

/// The same; absent also where it leaves the tree.
pub fn relative_folder(from: &str, path: &str) -> Option<String> {
    plain_path(from, path).filter(|path| !is_outside(path))
}

/// A file's path from the tree's top, where it is written out but for the folder of the code.
pub fn written_path(folder: &str, path: &Value) -> Option<String> {
    let text = match path {
        Value::Text(text) => text.as_str(),
        Value::Template(parts) => match parts.as_slice() {
            [Value::Other(here), Value::Text(text)]
                if ["path.module", "path.root"].contains(&here.as_str()) =>
            {
                text.trim_start_matches('/')
            }
            _ => return None,
        },
        _ => return None,
    };
    relative_folder(folder, text)
}

/// The way from one folder of the tree to another: `.` where they are the same.
pub fn relative(from: &str, to: &str) -> String {
    let parts = |path: &'_ str| path.split('/').filter(|part| !part.is_empty()).map(str::to_owned).collect();
    let (from, to): (Vec<String>, Vec<String>) = (parts(from), parts(to));
    let common = from.iter().zip(&to).take_while(|(here, there)| here == there).count();
    let up = from.iter().skip(common).map(|_| "..".to_owned());
    let way: Vec<String> = up.chain(to.iter().skip(common).cloned()).collect();
    if way.is_empty() { ".".to_owned() } else { way.join("/") }
}

#[cfg(test)]
mod tests {
    use super::{local_folder, relative};

    #[test]
    fn the_way_between_folders_goes_up_and_down() {
        for (from, to, way) in [
            ("live", "live/prod/app", "prod/app"),
            ("live/prod/app", "live", "../.."),
            ("a/b", "a/c", "../c"),
            ("", "a", "a"),
            ("a", "a", "."),
        ] {
            assert_eq!(relative(from, to), way, "{from} to {to}");
        }
    }

    #[test]
    fn module_paths_are_followed_beyond_the_tree() {
        for (from, path, folder) in [
            ("infra/unit", "./modules/stamp", Some("infra/unit/modules/stamp")),
            ("infra/unit", "../global/", Some("infra/global")),
            ("infra/unit", "../modules//stamp", Some("infra/modules/stamp")),
            ("", "./m", Some("m")),
            ("infra", "../..", Some("..")),
            ("", "../m", Some("../m")),
            ("../m", "../n", Some("../n")),
            ("../../m/x", "../../..", Some("../../..")),
            ("infra", "hashicorp/consul/azurerm", None),
            ("infra", "git::https://example.invalid/m.git", None),
        ] {
            assert_eq!(local_folder(from, path).as_deref(), folder, "{path} from {from}");
        }
    }
}

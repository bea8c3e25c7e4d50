//! Paths between folders, worked out as text: they never leave the tree.

use super::value::Value;

/// `./modules/stamp` seen from a folder. Absent for other kinds of sources and for paths that leave the tree.
pub fn local_folder(from: &str, path: &str) -> Option<String> {
    let local = path.starts_with("./") || path.starts_with("../") || path == "." || path == "..";
    if local { relative_folder(from, path) } else { None }
}

/// Any relative path seen from a folder; absent where it leaves the tree or is no plain path.
pub fn relative_folder(from: &str, path: &str) -> Option<String> {
    if path.starts_with('/') || path.contains(':') {
        return None;
    }
    let mut parts: Vec<&str> = from.split('/').filter(|part| !part.is_empty()).collect();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            name => parts.push(name),
        }
    }
    Some(parts.join("/"))
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
    fn module_paths_are_followed_within_the_tree() {
        for (from, path, folder) in [
            ("infra/unit", "./modules/stamp", Some("infra/unit/modules/stamp")),
            ("infra/unit", "../global/", Some("infra/global")),
            ("infra/unit", "../modules//stamp", Some("infra/modules/stamp")),
            ("", "./m", Some("m")),
            ("infra", "../..", None),
            ("infra", "hashicorp/consul/azurerm", None),
            ("infra", "git::https://example.invalid/m.git", None),
        ] {
            assert_eq!(local_folder(from, path).as_deref(), folder, "{path} from {from}");
        }
    }
}

//! Which folder of the tree wrote a state that another one reads.
//!
//! A root says in its `backend` where its state lies, and `data "terraform_remote_state"` says which one it reads.
//! Where both are written out and agree in every setting that both name, and no other root agrees as well, they are
//! the same state. Settings that are handed over on the command line are not in the text: such a state is nobody's.

use super::facts::{Block, REMOTE_STATE};
use super::folders::repeated;
use super::paths::relative_folder;
use super::value::Value;

/// Settings that tell a state from others. The first kind must be the same, the rest must not differ.
const NAMES: &[&str] = &["key", "prefix", "path"];
const PLACES: &[&str] = &[
    "bucket",
    "container_name",
    "resource_group_name",
    "storage_account_name",
    "subscription_id",
    "workspace_key_prefix",
];

/// The folder whose state `data "terraform_remote_state" NAME` of a folder reads. `roots` gives the `terraform`
/// block of folders that have one.
pub fn owner<'f>(
    folder: &str,
    block: &Block,
    roots: impl Iterator<Item = (&'f str, &'f Block)>,
    known: impl Fn(&str) -> bool,
) -> Option<String> {
    if !matches!(block.words.as_slice(), [_, kind, _] if kind == REMOTE_STATE) || repeated(block) {
        return None;
    }
    let setting = |name: &str| block.value(&format!("config.{name}")).and_then(Value::as_text);
    if block.argument("backend").and_then(|backend| backend.value.as_text()) == Some("local") {
        let state = state_file(folder, block.value("config.path")?)?;
        let mut written = roots.filter(|(root, block)| {
            let path = block.value("backend.path");
            *root != folder && path.and_then(|path| state_file(root, path)).as_ref() == Some(&state)
        });
        if let Some((owner, _)) = written.next() {
            return written.next().is_none().then(|| owner.to_owned());
        }
        let within = state.strip_suffix("terraform.tfstate")?.trim_end_matches('/').to_owned();
        return Some(within).filter(|owner| owner != folder && known(owner));
    }
    let agrees = |root: &Block| {
        let written = |name: &str| root.value(&format!("backend.{name}")).and_then(Value::as_text);
        let same = NAMES.iter().any(|name| setting(name).is_some() && setting(name) == written(name));
        let differs = |name: &&str| matches!((setting(name), written(name)), (Some(a), Some(b)) if a != b);
        same && !NAMES.iter().chain(PLACES).any(differs)
    };
    let mut owners = roots.filter(|(root, block)| *root != folder && agrees(block)).map(|(root, _)| root);
    match (owners.next(), owners.next()) {
        (Some(owner), None) => Some(owner.to_owned()),
        _ => None,
    }
}

/// A state file's path from the tree's top, where it is written out but for the folder of the code.
fn state_file(folder: &str, path: &Value) -> Option<String> {
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

//! Accounts that azapi declares or looks up: `azapi_resource.X.id` and `azapi_resource.X.name`, which other blocks name
//! them by.
//!
//! Such a block is any resource of Azure; only those are followed whose type is written out and is the account's.

use super::{At, Evaluator, Name};
use crate::terraform::facts::{AZAPI_RESOURCE, Block};
use crate::terraform::instance::Instance;
use crate::terraform::template::DATABASE_ACCOUNTS;

/// As it is spelt in use: a file is read for either of them.
const TYPES: [&str; 2] = ["microsoft.documentdb/databaseaccounts", "Microsoft.DocumentDB/databaseAccounts"];

/// A path to one of its attributes.
struct Path<'t> {
    word: &'static str,
    name: &'t str,
    index: Option<&'t str>,
    attribute: &'t str,
}

impl Evaluator<'_> {
    /// Absent for other expressions.
    pub(super) fn of_azapi(&self, at: &At, text: &str, depth: usize) -> Option<Name> {
        let path = path(text)?;
        let words = [path.word, AZAPI_RESOURCE, path.name];
        let (_, block) = self.folders.block(&at.folder, &words)?;
        if !is_account(block) {
            return None;
        }
        let instance = match path.index {
            None => None,
            Some("each.key" | "count.index") => self.instance(at, depth),
            Some(index) => Some(written(index)?),
        };
        let inside = at.clone().block(&words, instance);
        let value = |name: &str| block.argument(name).map(|it| self.value(&inside, &it.value, depth + 1));
        let name = value("name").or_else(|| value("resource_id")?.behind(DATABASE_ACCOUNTS))?;
        match path.attribute {
            "name" => Some(name),
            "id" => {
                let parent = Name::open(&at.folder, format!("{}.parent", words.join(".")));
                Some(Name::join([parent, Name::text(DATABASE_ACCOUNTS), name]))
            }
            _ => None,
        }
    }
}

fn is_account(block: &Block) -> bool {
    let kind = block.argument("type").and_then(|argument| argument.value.as_text()).unwrap_or_default();
    let kind = kind.split_once('@').map_or(kind, |(kind, _)| kind);
    TYPES.contains(&kind)
}

/// `data.azapi_resource.NAME[INDEX].ATTRIBUTE`, the index and `data` as they may be.
fn path(text: &str) -> Option<Path<'_>> {
    let (word, rest) = match text.strip_prefix("data.") {
        Some(rest) => ("data", rest),
        None => ("resource", text),
    };
    let rest = rest.strip_prefix(AZAPI_RESOURCE)?.strip_prefix('.')?;
    let end = rest.find(|c: char| !(c.is_alphanumeric() || c == '_' || c == '-'))?;
    let (name, rest) = rest.split_at(end);
    let (index, rest) = match rest.strip_prefix('[') {
        Some(rest) => rest.split_once(']').map(|(index, rest)| (Some(index), rest))?,
        None => (None, rest),
    };
    let attribute = rest.strip_prefix('.')?;
    Some(Path { word, name, index, attribute })
}

/// An index that is written out.
fn written(index: &str) -> Option<Instance> {
    if let Ok(number) = index.parse() {
        return Some(Instance::Index(number));
    }
    let key = index.strip_prefix('"')?.strip_suffix('"')?;
    (!key.contains(['"', '\\', '$', '%'])).then(|| Instance::Key(key.to_owned()))
}

//! Which account a deployment of an ARM template lists the keys of: its template says it, or is handed it.

use super::{Knower, alone, of_id};
use crate::terraform::account::Symbol;
use crate::terraform::elsewhere::template;
use crate::terraform::facts::Block;
use crate::terraform::identity::Known;
use crate::terraform::naming::{At, Name};
use crate::terraform::template::{Part, account, default};
use crate::terraform::value::Value;

/// Arguments of deployments by which a template is handed what it asks for.
pub const PARAMETERS: [&str; 3] = ["parameters", "parameters_content", "parameters_body"];

impl Knower<'_> {
    pub(super) fn deployed(&self, symbol: &Symbol) -> Option<Known> {
        let (kind, name) = symbol.name.split_once('.')?;
        let (_, block) = self.folders.block(&symbol.folder, &["resource", kind, name])?;
        let (text, put_in) = template(self.folders, &symbol.folder, block)?;
        let parts = account(&text)?;
        let at = At::run(&symbol.folder, symbol.call.clone());
        let value = |part: &Part| match part {
            Part::Text(_) => None,
            Part::Parameter(name) => handed(block, name)?,
            Part::PutIn(number) => put_in.get(*number).copied().filter(|value| is_followed(value)),
        };
        if let [only] = parts.as_slice()
            && let Some(id) = value(only)
            && let same_as @ Some(_) = self.symbol_of(&at, alone(id), "id")
        {
            return Some(Known { same_as, ..Known::default() });
        }
        let name = |part: &Part| match part {
            Part::Text(text) => Some(Name::text(text)),
            Part::Parameter(name) if handed(block, name) == Some(None) => {
                default(&text, name).map(|text| Name::text(&text))
            }
            part => value(part).map(|value| self.evaluator.name(&at, value)),
        };
        let spelt = Name::join(parts.iter().map(name).collect::<Option<Vec<_>>>()?);
        let name = if spelt.is_path() { of_id(spelt) } else { Some(spelt) };
        Some(Known { name, ..Known::default() })
    }
}

/// What is handed to a parameter, if anything is: a map of texts, or JSON of objects with a value. Absent where the text does
/// not tell.
fn handed<'b>(block: &'b Block, parameter: &str) -> Option<Option<&'b Value>> {
    let Some(argument) = PARAMETERS.iter().find_map(|name| block.argument(name)) else { return Some(None) };
    let (map, encoded) = match &argument.value {
        Value::Call(function, arguments) if function == "jsonencode" => (arguments.first()?, true),
        map => (map, false),
    };
    let (Value::Map(_), value) = (map, map.element(parameter)) else { return None };
    match (value, encoded) {
        (Some(value), true) => value.element("value").map(Some),
        (value, _) => Some(value),
    }
}

/// What is put into a text that is a file of its own is a name of that file's.
fn is_followed(value: &Value) -> bool {
    match value {
        Value::Other(text) => text.contains("azapi_resource."),
        Value::Either(either) => either.text.contains("azapi_resource."),
        _ => true,
    }
}

//! The service's answer → rows, and who used which key.
//!
//! Columns are found by name. Cells are JSON values of any kind: numbers and booleans come as such or as texts, and
//! null stands for nothing.

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;

use crate::model::{Access, Caller, Credential, KeyKind, Requests, Slot, UsageView};

#[derive(Deserialize)]
struct Body {
    tables: Vec<Table>,
    /// Beside tables: the answer is only a part.
    error: Option<Failure>,
}

#[derive(Deserialize)]
struct Table {
    columns: Vec<Column>,
    rows: Vec<Vec<Value>>,
}

#[derive(Deserialize)]
struct Column {
    name: String,
}

#[derive(Deserialize)]
struct Failure {
    #[serde(default)]
    code: String,
    #[serde(default)]
    message: String,
}

/// Reads the answer.
///
/// # Errors
/// In words, what is wrong with it.
pub(super) fn usage(body: &[u8], since: Timestamp) -> Result<UsageView, String> {
    let requests = rows(body, |row| row.requests())?;
    Ok(UsageView { since, newest: requests.iter().map(|requests| requests.last).max(), requests })
}

/// Every row of the answer's table.
pub(super) fn rows<T>(body: &[u8], read: impl Fn(&Row<'_>) -> Result<T, String>) -> Result<Vec<T>, String> {
    let body: Body = serde_json::from_slice(body).map_err(|error| {
        format!("the answer is not understood (line {}, column {})", error.line(), error.column())
    })?;
    if let Some(Failure { code, message }) = body.error {
        return Err(format!("the answer is only a part ({code}: {message})"));
    }
    let table = body.tables.first().ok_or("the answer has no table")?;
    table.rows.iter().map(|row| read(&Row { table, row })).collect()
}

pub(super) struct Row<'a> {
    table: &'a Table,
    row: &'a [Value],
}

impl Row<'_> {
    fn requests(&self) -> Result<Requests, String> {
        let caller = Caller { address: self.text("Address")?, agent: self.text("Agent")? };
        Ok(Requests {
            credential: credential(&self.text("Token")?, &self.text("Key")?),
            refused: self.flag("Refused")?,
            region: self.text("Region")?,
            caller,
            count: self.number("Requests")?,
            first: self.time("First")?,
            last: self.time("Last")?,
        })
    }

    fn cell(&self, name: &str) -> Result<&Value, String> {
        let place = self.table.columns.iter().position(|column| column.name == name);
        place.and_then(|place| self.row.get(place)).ok_or_else(|| format!("the answer has no column {name}"))
    }

    pub(super) fn text(&self, name: &str) -> Result<String, String> {
        match self.cell(name)? {
            Value::Null => Ok(String::new()),
            Value::String(text) => Ok(text.trim().to_owned()),
            _ => Err(format!("{name} is no text")),
        }
    }

    pub(super) fn flag(&self, name: &str) -> Result<bool, String> {
        match self.cell(name)? {
            Value::Bool(flag) => Ok(*flag),
            Value::Null => Ok(false),
            Value::Number(number) => Ok(number.as_i64() != Some(0)),
            Value::String(text) if text.eq_ignore_ascii_case("true") || text == "1" => Ok(true),
            Value::String(text) if text.eq_ignore_ascii_case("false") || text == "0" => Ok(false),
            _ => Err(format!("{name} is neither true nor false")),
        }
    }

    pub(super) fn number(&self, name: &str) -> Result<u64, String> {
        let cell = self.cell(name)?;
        let number = cell.as_u64().or_else(|| cell.as_str().and_then(|text| text.parse().ok()));
        number.ok_or_else(|| format!("{name} is no number"))
    }

    pub(super) fn time(&self, name: &str) -> Result<Timestamp, String> {
        let time = self.cell(name)?.as_str().and_then(|text| text.parse().ok());
        time.ok_or_else(|| format!("{name} is no time"))
    }
}

/// What the two columns say together. Where they contradict each other nothing is known.
fn credential(token: &str, key: &str) -> Credential {
    match (named(token), named(key)) {
        (Credential::Key(one), Credential::Key(other)) if one != other => Credential::Unknown,
        (Credential::NoKey, Credential::Key(_)) | (Credential::Key(_), Credential::NoKey) => {
            Credential::Unknown
        }
        (Credential::Unknown, by_key @ Credential::Key(_)) => by_key,
        (by_token, _) => by_token,
    }
}

/// `PrimaryMasterKey`, `SecondaryReadonlyMasterKey`, `AadToken`, … A resource token is made with a key, and its row
/// does not say with which.
fn named(text: &str) -> Credential {
    let text = text.to_ascii_lowercase();
    let slot = match &text {
        text if text.starts_with("primary") => Some(Slot::Primary),
        text if text.starts_with("secondary") => Some(Slot::Secondary),
        _ => None,
    };
    let access = if text.contains("readonly") { Access::ReadOnly } else { Access::ReadWrite };
    match slot {
        Some(slot) => Credential::Key(KeyKind { slot, access }),
        None if ["aad", "entra", "rbac", "system"].iter().any(|start| text.starts_with(start)) => {
            Credential::NoKey
        }
        None => Credential::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn body(rows: &Value) -> Vec<u8> {
        let names =
            ["Token", "Key", "Refused", "Region", "Address", "Agent", "Requests", "First", "Last", "More"];
        let columns: Vec<Value> =
            names.iter().map(|name| json!({ "name": name, "type": "string" })).collect();
        let table = json!({ "name": "PrimaryResult", "columns": columns, "rows": rows });
        serde_json::to_vec(&json!({ "tables": [table] })).unwrap()
    }

    #[test]
    fn cells_are_read_as_values_and_as_texts() {
        let (first, last) = ("2026-01-12T08:00:00Z", "2026-01-12T08:30:00.1234567Z");
        let rows = json!([
            ["PrimaryMasterKey", null, false, "North Europe", "192.0.2.1", "sdk", 3, first, last, 1],
            ["", "SecondaryReadonlyMasterKey", "true", "East US 2", null, "", "12", first, first, 1],
        ]);
        let view = usage(&body(&rows), Timestamp::UNIX_EPOCH).unwrap();
        assert_eq!(view.newest, Some(last.parse().unwrap()));
        let [one, other] = &view.requests[..] else { panic!("{view:?}") };
        assert_eq!(one.credential, Credential::Key(KeyKind::read_write(Slot::Primary)));
        assert_eq!((one.count, one.refused, one.caller.address.as_str()), (3, false, "192.0.2.1"));
        let read_only = KeyKind { slot: Slot::Secondary, access: Access::ReadOnly };
        assert_eq!((other.credential, other.count, other.refused), (Credential::Key(read_only), 12, true));
        let empty = usage(&body(&json!([])), Timestamp::UNIX_EPOCH).unwrap();
        assert_eq!((empty.newest, empty.requests.len()), (None, 0));
    }

    #[test]
    fn what_a_row_does_not_say_is_unknown() {
        let primary = Credential::Key(KeyKind::read_write(Slot::Primary));
        for (token, key, expected) in [
            ("PrimaryMasterKey", "", primary),
            ("", "PrimaryMasterKey", primary),
            ("MasterKey", "primary", primary),
            ("PrimaryMasterKey", "SecondaryMasterKey", Credential::Unknown),
            ("AadToken", "PrimaryMasterKey", Credential::Unknown),
            ("PrimaryMasterKey", "AadToken", Credential::Unknown),
            ("ResourceToken", "", Credential::Unknown),
            ("AadToken", "", Credential::NoKey),
            ("SystemReadOnly", "", Credential::NoKey),
            ("", "", Credential::Unknown),
            ("somethingNew", "", Credential::Unknown),
        ] {
            assert_eq!(credential(token, key), expected, "{token}/{key}");
        }
    }

    #[test]
    fn a_part_is_no_answer() {
        let mut partial: Value = serde_json::from_slice(&body(&json!([]))).unwrap();
        partial["error"] = json!({ "code": "PartialError", "message": "There were some errors." });
        let error = usage(&serde_json::to_vec(&partial).unwrap(), Timestamp::UNIX_EPOCH).unwrap_err();
        assert!(error.contains("PartialError"), "{error}");
        for wrong in ["{}", "[]", r#"{"tables": []}"#, "<html>"] {
            assert!(usage(wrong.as_bytes(), Timestamp::UNIX_EPOCH).is_err(), "{wrong}");
        }
        let short = json!([["PrimaryMasterKey", ""]]);
        assert!(usage(&body(&short), Timestamp::UNIX_EPOCH).is_err());
    }
}

//! The service's answer → who read the secret from which vault.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::answer::{Row, rows};
use crate::model::{AuditView, Caller, Identity, SecretReads, SecretVersion, StampName};

/// Reads the answer. Rows of vaults that nobody asked for are passed over.
///
/// # Errors
/// In words, what is wrong with it.
pub(super) fn secret_reads(
    body: &[u8],
    since: Timestamp,
    vaults: &BTreeMap<StampName, String>,
) -> Result<AuditView, String> {
    let mut view = AuditView { since, newest: BTreeMap::new(), oldest: BTreeMap::new(), reads: Vec::new() };
    for (vault, is_read, reads) in rows(body, |row| one(row, vaults))? {
        let Some(stamp) = vault else { continue };
        view.note(&stamp, reads.first, reads.last);
        if is_read {
            view.reads.push(reads);
        }
    }
    Ok(view)
}

type Audited = (Option<StampName>, bool, SecretReads);

fn one(row: &Row<'_>, vaults: &BTreeMap<StampName, String>) -> Result<Audited, String> {
    let vault = row.text("Vault")?;
    let stamp =
        vaults.iter().find(|(_, name)| name.eq_ignore_ascii_case(&vault)).map(|(stamp, _)| stamp.clone());
    let version = Some(row.text("Version")?).filter(|version| !version.is_empty());
    let reads = SecretReads {
        stamp: stamp.clone().unwrap_or_else(|| StampName::new(vault)),
        version: version.map(SecretVersion::new),
        identity: Identity {
            name: row.text("Name")?,
            application: row.text("Application")?,
            object: row.text("Object")?,
        },
        caller: Caller { address: row.text("Address")?, agent: row.text("Agent")? },
        count: row.number("Rows")?,
        first: row.time("First")?,
        last: row.time("Last")?,
    };
    Ok((stamp, row.flag("Read")?, reads))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_vault_with_rows_and_no_reads_is_audited_and_one_without_rows_is_not() {
        let names = [
            "Vault",
            "Read",
            "Version",
            "Name",
            "Application",
            "Object",
            "Address",
            "Agent",
            "Rows",
            "First",
            "Last",
        ];
        let columns: Vec<_> = names.iter().map(|name| json!({ "name": name, "type": "string" })).collect();
        let (first, last) = ("2026-01-12T08:00:00Z", "2026-01-12T08:30:00Z");
        let rows = json!([
            ["one-kv", true, "abc", "ada@acme.example", null, "o", "192.0.2.7", "portal", 2, first, first],
            ["one-kv", false, "", "", "", "", "", "", 7, first, last],
            ["TWO-KV", "false", "", "", "", "", "", "", 1, first, first],
            ["other-kv", true, "", "", "app", "", "", "", 1, first, last],
        ]);
        let body = json!({ "tables": [{ "name": "PrimaryResult", "columns": columns, "rows": rows }] });
        let vaults = ["one", "two", "three"].map(|name| (StampName::new(name), format!("{name}-kv"))).into();
        let view = secret_reads(&serde_json::to_vec(&body).unwrap(), Timestamp::UNIX_EPOCH, &vaults).unwrap();
        let newest: Vec<(&str, String)> =
            view.newest.iter().map(|(stamp, at)| (stamp.as_str(), at.to_string())).collect();
        assert_eq!(newest, [("one", last.to_owned()), ("two", first.to_owned())]);
        assert_eq!(view.oldest[&StampName::new("one")].to_string(), first, "whoever it was");
        let [read] = &view.reads[..] else { panic!("{view:?}") };
        assert_eq!(read.identity.to_string(), "ada@acme.example");
        assert_eq!((read.count, read.version.as_ref().map(SecretVersion::as_str)), (2, Some("abc")));
    }
}

//! Stamps, from what `terraform output -json` prints of a release unit.
//!
//! Such a text holds every output in clear, sensitive ones too. One output is taken, and of it the fields that say
//! where a stamp's vault and cluster are; all else is skipped without being built. No error repeats a value.

mod error;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;

pub use error::OutputsError;

use crate::model::Network;

/// The output that the reference architecture gives its stamps in.
pub const STAMP_PROPERTIES: &str = "stamp_properties";

/// Where one stamp's parts are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StampProperties {
    pub location: String,
    pub resource_group_name: String,
    /// Without a domain.
    pub key_vault_name: String,
    pub aks_cluster_name: String,
    /// The cluster's id in Azure, which tells its subscription too.
    pub aks_cluster_id: Option<String>,
    /// As whom the cluster's nodes, and what mounts secrets on them, sign in.
    pub aks_kubelet_client_id: Option<String>,
    /// From where its pods are seen to come. The reference architecture does not output them (its `public_ip_fqdn` is
    /// where requests come in); who has them may.
    pub outbound_addresses: Vec<Network>,
}

/// A stamp and the release unit that it belongs to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnitStamp {
    pub unit: String,
    pub stamp: StampProperties,
}

/// Reads the stamps out of what `terraform output -json` printed, or `terraform output -json NAME`: a list of
/// objects, or a map of them.
///
/// # Errors
/// A text that is something else, or an output that has no stamps in it.
pub fn read_stamps(text: &[u8], output: &str) -> Result<Vec<StampProperties>, OutputsError> {
    let text = std::str::from_utf8(text).map_err(|_| OutputsError::NotUtf8)?.trim_start_matches('\u{feff}');
    let value = match text.trim_start().starts_with('[') {
        true => parsed(text)?,
        false => match value_of(text, output) {
            Err(OutputsError::NoOutput { .. }) if is_bare_map(text) => parsed(text)?,
            other => other?,
        },
    };
    let stamps = elements(value).ok_or_else(|| OutputsError::NoStamps { output: output.to_owned() })?;
    stamps.iter().enumerate().map(|(at, stamp)| properties(at + 1, stamp)).collect()
}

/// Whether the whole text is a map of stamps: what `terraform output -json NAME` prints of one.
fn is_bare_map(text: &str) -> bool {
    let map: Result<BTreeMap<String, Fields<'_>>, _> = serde_json::from_str(text);
    map.is_ok_and(|map| !map.is_empty() && map.values().all(|it| it.contains_key("key_vault_name")))
}

/// Puts the stamps of several release units together.
///
/// # Errors
/// Two stamps that share a vault: then one of them is listed twice, or the wrong file was taken.
pub fn merge_stamps(
    units: impl IntoIterator<Item = (String, Vec<StampProperties>)>,
) -> Result<Vec<UnitStamp>, OutputsError> {
    let mut merged: Vec<UnitStamp> = Vec::new();
    for (unit, stamps) in units {
        for stamp in stamps {
            let vault = &stamp.key_vault_name;
            if let Some(first) =
                merged.iter().find(|known| known.stamp.key_vault_name.eq_ignore_ascii_case(vault))
            {
                let units = [first.unit.clone(), unit];
                return Err(OutputsError::SharedVault { vault: vault.clone(), units });
            }
            merged.push(UnitStamp { unit: unit.clone(), stamp });
        }
    }
    Ok(merged)
}

fn parsed<'t, T: Deserialize<'t>>(text: &'t str) -> Result<T, OutputsError> {
    serde_json::from_str(text)
        .map_err(|error| OutputsError::NotJson { line: error.line(), column: error.column() })
}

fn value_of<'t>(text: &'t str, output: &str) -> Result<&'t RawValue, OutputsError> {
    #[derive(Deserialize)]
    struct Output<'t> {
        #[serde(borrow)]
        value: &'t RawValue,
    }
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let taken = deserializer
        .deserialize_map(One(output))
        .and_then(|taken| deserializer.end().map(|()| taken))
        .map_err(|error| OutputsError::NotJson { line: error.line(), column: error.column() })?;
    let Taken { found, others } = taken;
    let found: &RawValue = found.ok_or(OutputsError::NoOutput { output: output.to_owned(), others })?;
    let entry: Output<'_> = serde_json::from_str(found.get())
        .map_err(|_| OutputsError::NoStamps { output: output.to_owned() })?;
    Ok(entry.value)
}

/// One entry of a map, as it stands there, and the names of the others.
struct Taken<'t> {
    found: Option<&'t RawValue>,
    others: Vec<String>,
}

struct One<'n>(&'n str);

impl<'t> Visitor<'t> for One<'_> {
    type Value = Taken<'t>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("outputs by name")
    }

    fn visit_map<A: MapAccess<'t>>(self, mut map: A) -> Result<Taken<'t>, A::Error> {
        let mut taken = Taken { found: None, others: Vec::new() };
        while let Some(name) = map.next_key::<String>()? {
            if name == self.0 {
                taken.found = Some(map.next_value()?);
            } else {
                map.next_value::<IgnoredAny>()?;
                taken.others.push(name);
            }
        }
        Ok(taken)
    }
}

type Fields<'t> = BTreeMap<String, &'t RawValue>;

fn elements(value: &RawValue) -> Option<Vec<Fields<'_>>> {
    let list: Result<Vec<Fields<'_>>, _> = serde_json::from_str(value.get());
    let map = || {
        serde_json::from_str(value.get()).map(|map: BTreeMap<String, Fields<'_>>| map.into_values().collect())
    };
    list.or_else(|_| map()).ok()
}

fn properties(number: usize, fields: &Fields<'_>) -> Result<StampProperties, OutputsError> {
    let text = |name: &'static str| -> Result<String, OutputsError> {
        let value = fields.get(name).and_then(|value| serde_json::from_str(value.get()).ok());
        value.filter(|text: &String| !text.is_empty()).ok_or(OutputsError::Field { number, name })
    };
    let given = |name: &str| fields.get(name).is_some_and(|value| value.get() != "null");
    let addresses = || -> Result<Vec<Network>, OutputsError> {
        let name = "outbound_addresses";
        let list = fields.get(name).and_then(|value| serde_json::from_str(value.get()).ok());
        list.ok_or(OutputsError::Addresses { number, name })
    };
    Ok(StampProperties {
        location: text("location")?,
        resource_group_name: text("resource_group_name")?,
        key_vault_name: text("key_vault_name")?,
        aks_cluster_name: text("aks_cluster_name")?,
        aks_cluster_id: given("aks_cluster_id").then(|| text("aks_cluster_id")).transpose()?,
        aks_kubelet_client_id: given("aks_kubelet_client_id")
            .then(|| text("aks_kubelet_client_id"))
            .transpose()?,
        outbound_addresses: given("outbound_addresses").then(addresses).transpose()?.unwrap_or_default(),
    })
}

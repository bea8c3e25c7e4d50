//! Release units → stamps: reads the files that `[[environment.NAME.release_unit]]` names.
//!
//! Such a file holds every output in clear, so its bytes are wiped when they are dropped; only the output with the
//! stamps is taken. An old file is an old claim: what Azure knows is asked besides.

use std::fs;
use std::path::Path;

use zeroize::Zeroizing;

use super::places::{Step, full_name};
use super::{Environment, SettingsError, SettingsFile, UnitSettings};
use crate::terraform::outputs::read_stamps;

/// Larger files are no outputs.
const MAX_BYTES: u64 = 16 << 20;

impl SettingsFile {
    /// Puts the stamps of all release units beside those that are listed one by one.
    pub(super) fn with_units(mut self) -> Result<SettingsFile, SettingsError> {
        let mut environments = std::mem::take(&mut self.settings.environments);
        for (name, environment) in &mut environments {
            for index in 0..environment.units.len() {
                let at = |key: &str| -> Vec<Step> {
                    vec![
                        "environment".into(),
                        name.as_str().into(),
                        "release_unit".into(),
                        index.into(),
                        key.into(),
                    ]
                };
                self.take_in(environment, index).map_err(|error| SettingsError {
                    file: self.path.clone(),
                    key: full_name(&at("outputs")),
                    ..error
                })?;
            }
        }
        self.settings.environments = environments;
        Ok(self)
    }

    fn take_in(&self, environment: &mut Environment, index: usize) -> Result<(), SettingsError> {
        let unit: UnitSettings = environment.units[index].clone();
        let path = self.resolve(&unit.outputs);
        let text = read(&path)?;
        let stamps = read_stamps(&text, &unit.output).map_err(|error| {
            SettingsError::new(format!("{}: {error}", path.display())).remedy(error.remedy())
        })?;
        if stamps.is_empty() {
            let what = format!("{}: the output {} lists no stamp", path.display(), unit.output);
            return Err(SettingsError::new(what).remedy("leave out a release unit that is gone"));
        }
        for stamp in stamps.into_iter().map(|stamp| unit.stamp(stamp)) {
            let same = environment.stamps.iter().find(|known| {
                known.key_vault.eq_ignore_ascii_case(&stamp.key_vault) || known.name == stamp.name
            });
            if let Some(known) = same.filter(|known| known.name == stamp.name && known.unit == unit.name) {
                let what = format!(
                    "{}: two stamps of {} are in {}, with the vaults {} and {}: a stamp is a unit's only one in its region",
                    path.display(),
                    unit.name,
                    stamp.region.as_deref().unwrap_or("one region"),
                    known.key_vault,
                    stamp.key_vault
                );
                let remedy = "list them one by one, as [[environment.NAME.stamp]] with names of their own";
                return Err(SettingsError::new(what).remedy(remedy));
            }
            if let Some(known) = same {
                let what = format!(
                    "{}: the stamp with the vault {} is there already, as {} of {}",
                    path.display(),
                    stamp.key_vault,
                    known.name,
                    known.unit
                );
                let remedy = "give each release unit its own file, and list no stamp twice";
                return Err(SettingsError::new(what).remedy(remedy));
            }
            environment.stamps.push(stamp);
        }
        Ok(())
    }
}

fn read(path: &Path) -> Result<Zeroizing<Vec<u8>>, SettingsError> {
    let unreadable = |error: std::io::Error| {
        SettingsError::new(format!("{} cannot be read: {error}", path.display()))
            .remedy("write it with `terraform output -json` in the release unit's folder")
    };
    let found = fs::metadata(path).map_err(unreadable)?;
    if found.len() > MAX_BYTES {
        let what = format!("{} is larger than 16 MiB", path.display());
        return Err(SettingsError::new(what).remedy("name what `terraform output -json` printed"));
    }
    fs::read(path).map(Zeroizing::new).map_err(unreadable)
}

#[cfg(test)]
mod tests {
    use super::super::{FILE_NAME, SettingsFile};

    const EXAMPLE: &str = include_str!("../../../fixtures/keyslot.example.toml");
    const UNIT: &str =
        "\n[[environment.prod.release_unit]]\nname = \"prod-b2\"\noutputs = \"b2.json\"\ntraffic = false\n";

    fn outputs(vault: &str) -> String {
        format!(
            r#"{{"secret": {{"sensitive": true, "value": "hush"}}, "stamp_properties": {{"value": [
              {{"location": "uksouth", "resource_group_name": "rg-b2", "key_vault_name": "{vault}",
                "aks_cluster_name": "aks-b2", "aks_cluster_id": "/subscriptions/s2/resourceGroups/rg-of-aks/x",
                "aks_kubelet_client_id": "0af1", "outbound_addresses": ["192.0.2.7"]}}]}}}}"#
        )
    }

    /// The same stamp once more, with another vault.
    fn twice(outputs: &str) -> String {
        let mut all: serde_json::Value = serde_json::from_str(outputs).unwrap();
        let list = all["stamp_properties"]["value"].as_array_mut().unwrap();
        let mut other = list[0].clone();
        other["key_vault_name"] = "other-kv".into();
        list.push(other);
        all.to_string()
    }

    fn load(file: &str, outputs: Option<&str>) -> Result<SettingsFile, String> {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join(FILE_NAME), file).unwrap();
        if let Some(outputs) = outputs {
            std::fs::write(dir.path().join("b2.json"), outputs).unwrap();
        }
        SettingsFile::load(&dir.path().join(FILE_NAME)).map_err(|error| error.to_string())
    }

    #[test]
    fn the_stamps_of_a_release_unit_come_from_its_outputs() {
        let file = load(&format!("{EXAMPLE}{UNIT}"), Some(&outputs("b2-kv"))).unwrap();
        let chosen = file.choose(None).unwrap();
        let stamp = chosen.environment.stamps.last().unwrap();
        assert_eq!((stamp.name.as_str(), stamp.unit.as_str()), ("prod-b2-uksouth", "prod-b2"));
        assert_eq!((stamp.key_vault.as_str(), stamp.traffic), ("b2-kv", false));
        let facts = stamp.facts();
        assert_eq!((facts.region.as_deref(), facts.identities), (Some("uksouth"), vec!["0af1".to_owned()]));
        assert!(facts.addresses.iter().any(|network| network.holds("192.0.2.7")), "{:?}", facts.addresses);
        let aks = stamp.aks.as_ref().unwrap();
        assert_eq!((aks.subscription.as_deref(), aks.name.as_str()), (Some("s2"), "aks-b2"));
        assert_eq!(aks.resource_group, "rg-of-aks", "the cluster's id says where it lies");
        assert_eq!(stamp.key_vault_resource_group.as_deref(), Some("rg-b2"));
        let without = outputs("b2-kv").replace("aks_cluster_id", "other");
        let file_without = load(&format!("{EXAMPLE}{UNIT}"), Some(&without)).unwrap();
        let stamps = &file_without.choose(None).unwrap().environment.stamps;
        assert_eq!(
            stamps.last().unwrap().aks.as_ref().unwrap().resource_group,
            "rg-b2",
            "as all of the unit"
        );
        let contexts = UNIT.replace("traffic", "kubeconfig = \"~/.kube/config\"\ntraffic");
        let file = load(&format!("{EXAMPLE}{contexts}"), Some(&outputs("b2-kv"))).unwrap();
        let stamp = file.choose(None).unwrap().environment.stamps.last().unwrap().clone();
        assert_eq!(stamp.context.as_deref(), Some("aks-b2"));
        assert_eq!(stamp.aks.as_ref(), Some(aks), "Azure knows it all the same");
    }

    #[test]
    fn what_is_wrong_with_the_outputs_is_told_and_nothing_of_them_is_quoted() {
        let file = format!("{EXAMPLE}{UNIT}");
        for (outputs, words) in [
            (None, "b2.json cannot be read"),
            (Some("{}".to_owned()), "no output at all"),
            (Some(outputs("hush").replace("key_vault_name", "vault")), "key_vault_name is missing"),
            (Some(outputs("ACME-a7c1-eus2-kv")), "is there already, as eastus2 of prod-a7c1"),
            (Some(r#"{"stamp_properties": {"value": []}}"#.to_owned()), "lists no stamp"),
            (Some(twice(&outputs("b2-kv"))), "two stamps of prod-b2 are in uksouth"),
        ] {
            let error = load(&file, outputs.as_deref()).unwrap_err();
            assert!(error.contains(words) && error.contains("release_unit[1].outputs"), "{error}");
            assert!(!error.contains("hush"), "{error}");
        }
    }
}

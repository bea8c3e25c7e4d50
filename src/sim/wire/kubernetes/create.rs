//! Objects that somebody creates, from JSON to the world's own words: bare pods, Jobs and CronJobs of one container, and
//! SecretProviderClasses.
//!
//! Of a pod's specification the world knows the image, the class that the driver mounts, a Secret that is read into the
//! environment and how long `sleep` works; the rest is taken and means nothing here.

use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;

use super::answer::Refused;
use super::encode::DRIVER;
use super::resource::Resource;
use super::undo::texts;
use crate::sim::config::KeySource;
use crate::sim::kubernetes::{Made, PodTemplate};

/// `terminationGracePeriodSeconds` where nothing is written.
const GRACE: u64 = 30;

/// For whoever sends another format than JSON.
pub(super) const INSTEAD: &str = " (the simulated world reads no protocol buffers: add --dry-run=client -o yaml, and pipe that into \
                                  kubectl create -f -)";

const DAY: Duration = Duration::from_secs(24 * 3600);

/// The name and what shall be made.
pub(super) fn parse(resource: Resource, body: &[u8]) -> Result<(String, Made), Refused> {
    let json: Value =
        serde_json::from_slice(body).map_err(|error| Refused::bad_request(error.to_string()))?;
    let kind = resource.names().kind;
    let name = json["metadata"]["name"].as_str().unwrap_or_default().to_owned();
    if name.is_empty() {
        let why = "Required value: name or generateName is required (the simulated world makes up no names)";
        return Err(Refused::invalid(kind, &name, "metadata.name", why));
    }
    let spec = &json["spec"];
    let read = |template: &Value| {
        template_of(&template["metadata"], &template["spec"], &name)
            .ok_or_else(|| Refused::invalid(kind, &name, "spec.containers", "Required value"))
    };
    let made = match resource {
        Resource::Pods => Made::Pod(read(&json)?),
        Resource::Jobs => {
            let owners = json["metadata"]["ownerReferences"].as_array().into_iter().flatten();
            let cron =
                owners.filter(|owner| owner["kind"] == "CronJob").find_map(|owner| owner["name"].as_str());
            Made::Job(read(&spec["template"])?, cron.map(str::to_owned))
        }
        Resource::Classes => class(spec, &name)?,
        _ => {
            let schedule = spec["schedule"].as_str().unwrap_or_default().to_owned();
            Made::CronJob {
                template: read(&spec["jobTemplate"]["spec"]["template"])?,
                period: period(&schedule),
                schedule,
                suspended: spec["suspend"].as_bool().unwrap_or_default(),
            }
        }
    };
    Ok((name, made))
}

/// Of its objects only their names are read, of what it fills the first Secret.
fn class(spec: &Value, name: &str) -> Result<Made, Refused> {
    let text = |at: &Value| at.as_str().unwrap_or_default().to_owned();
    let objects = text(&spec["parameters"]["objects"]);
    let names =
        objects.lines().filter_map(|line| line.trim().trim_start_matches("- ").strip_prefix("objectName:"));
    let secrets: Vec<String> = names.map(|name| name.trim().trim_matches(['"', '\'']).to_owned()).collect();
    if secrets.is_empty() {
        let kind = Resource::Classes.names().kind;
        return Err(Refused::invalid(kind, name, "spec.parameters.objects", "Required value"));
    }
    let filled = &spec["secretObjects"][0];
    let key = text(&filled["data"][0]["key"]);
    let synced = filled["secretName"].as_str().map(|secret| (secret.to_owned(), key));
    Ok(Made::Class { vault: text(&spec["parameters"]["keyvaultName"]), secrets, synced })
}

/// Every so many minutes or hours; what else can be written in a schedule comes once a day here.
fn period(schedule: &str) -> Duration {
    let fields: Vec<&str> = schedule.split_whitespace().collect();
    let every = |field: &str| {
        field.strip_prefix("*/").and_then(|count| count.parse::<u64>().ok()).filter(|count| *count > 0)
    };
    match fields.as_slice() {
        ["@hourly"] => Duration::from_secs(3600),
        ["*", "*", "*", "*", "*"] => Duration::from_secs(60),
        [minutes, "*", "*", "*", "*"] => {
            every(minutes).map_or(Duration::from_secs(3600), |count| Duration::from_secs(count * 60))
        }
        [_, hours, "*", "*", "*"] => every(hours).map_or(DAY, |count| Duration::from_secs(count * 3600)),
        _ => DAY,
    }
}

fn template_of(metadata: &Value, spec: &Value, name: &str) -> Option<Arc<PodTemplate>> {
    let container = spec["containers"].as_array()?.first()?;
    let label = |key: &str| metadata["labels"][key].as_str();
    let app = label("app").or_else(|| label("run")).or_else(|| container["name"].as_str()).unwrap_or(name);
    let class = spec["volumes"].as_array().into_iter().flatten().find_map(|volume| {
        let driver = &volume["csi"];
        (driver["driver"] == DRIVER).then(|| driver["volumeAttributes"]["secretProviderClass"].as_str())?
    });
    Some(Arc::new(PodTemplate {
        annotations: texts(&metadata["annotations"]),
        app: app.into(),
        image: container["image"].as_str().unwrap_or_default().to_owned(),
        grace: Duration::from_secs(spec["terminationGracePeriodSeconds"].as_u64().unwrap_or(GRACE)),
        key: secret_of(container)
            .map_or(KeySource::Mount, |secret| KeySource::SyncedSecret(secret.to_owned())),
        others: Vec::new(),
        class: class.unwrap_or_default().into(),
        works: works(container),
        cpu: None,
        probes: false,
    }))
}

fn secret_of(container: &Value) -> Option<&str> {
    let list = |key: &str| container[key].as_array().into_iter().flatten();
    let of_variable = list("env").find_map(|one| one["valueFrom"]["secretKeyRef"]["name"].as_str());
    of_variable.or_else(|| list("envFrom").find_map(|one| one["secretRef"]["name"].as_str()))
}

fn works(container: &Value) -> Option<Duration> {
    let words =
        ["command", "args"].into_iter().flat_map(|key| container[key].as_array().into_iter().flatten());
    let words: Vec<&str> = words.filter_map(Value::as_str).flat_map(str::split_whitespace).collect();
    let place = words.iter().position(|word| *word == "sleep")?;
    words.get(place + 1)?.parse().ok().map(Duration::from_secs)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_class_is_made_of_what_is_read_of_one() {
        let objects = "array:\n  - |\n    objectName: cosmos-key\n    objectType: secret\n";
        let body = |objects: &str| {
            let fills = serde_json::json!([{"secretName": "cosmos", "data": [{"objectName": "cosmos-key", "key": "k"}]}]);
            let parameters = serde_json::json!({"keyvaultName": "kv", "objects": objects});
            let spec = serde_json::json!({"parameters": parameters, "secretObjects": fills});
            serde_json::json!({"metadata": {"name": "c"}, "spec": spec}).to_string()
        };
        let (name, made) = parse(Resource::Classes, body(objects).as_bytes()).unwrap_or_else(|_| panic!());
        let wanted = Made::Class {
            vault: "kv".to_owned(),
            secrets: vec!["cosmos-key".to_owned()],
            synced: Some(("cosmos".to_owned(), "k".to_owned())),
        };
        assert_eq!((name.as_str(), made), ("c", wanted));
        assert!(parse(Resource::Classes, body("").as_bytes()).is_err());
    }
}

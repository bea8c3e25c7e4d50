//! The CSI driver's objects, and the secrets that it fills.

use serde_json::{Map, Value, json};

use super::super::kubeconfig::base64;
use super::pods::VOLUME;
use super::{metadata, time};
use crate::sim::kubernetes::{MountStatus, ProviderClass, SecretOwner, SyncedSecret};

pub const DRIVER: &str = "secrets-store.csi.k8s.io";

pub fn provider_class(class: &ProviderClass) -> Value {
    let entries: String = class
        .secrets
        .iter()
        .map(|secret| format!("  - |\n    objectName: {secret}\n    objectType: secret\n"))
        .collect();
    let mut spec = json!({
        "provider": "azure",
        "parameters": {
            "keyvaultName": class.vault,
            "objects": format!("array:\n{entries}"),
            "usePodIdentity": "false",
            "useVMManagedIdentity": "true",
        },
    });
    if let Some((secret, key)) = &class.synced {
        let data: Vec<Value> =
            class.secrets.iter().map(|object| json!({"objectName": object, "key": key})).collect();
        spec["secretObjects"] = json!([{"secretName": secret, "type": "Opaque", "data": data}]);
    }
    let mut meta = metadata(&class.meta);
    meta["generation"] = json!(class.generation);
    let fields = json!({"f:spec": {"f:parameters": {".": {}, "f:objects": {}}, "f:provider": {}}});
    meta["managedFields"] = json!([{"manager": "helm", "operation": "Update", "apiVersion": CSI_VERSION,
        "time": time(class.changed), "fieldsType": "FieldsV1", "fieldsV1": fields}]);
    json!({"apiVersion": CSI_VERSION, "kind": "SecretProviderClass", "metadata": meta, "spec": spec})
}

const CSI_VERSION: &str = "secrets-store.csi.x-k8s.io/v1";

pub fn mount_status(mount: &MountStatus) -> Value {
    let mut meta = metadata(&mount.meta);
    meta["generation"] = json!(1);
    meta["ownerReferences"] =
        json!([{"apiVersion": "v1", "kind": "Pod", "name": &*mount.pod_name, "uid": &*mount.pod_uid}]);
    let objects = mount
        .secret
        .iter()
        .map(|secret| json!({"id": format!("secret/{secret}"), "version": mount.version.as_str()}));
    let target = format!("/var/lib/kubelet/pods/{}/volumes/kubernetes.io~csi/{VOLUME}/mount", mount.pod_uid);
    json!({
        "apiVersion": CSI_VERSION, "kind": "SecretProviderClassPodStatus", "metadata": meta,
        "status": {
            "mounted": true,
            "podName": &*mount.pod_name,
            "secretProviderClassName": &*mount.class,
            "targetPath": target,
            "objects": objects.collect::<Vec<Value>>(),
        },
    })
}

fn secret_owner(owner: &SecretOwner) -> Value {
    let api = match owner.kind {
        "Job" => "batch/v1",
        "Pod" => "v1",
        _ => "apps/v1",
    };
    json!({"apiVersion": api, "kind": owner.kind, "name": &*owner.name, "uid": &*owner.uid})
}

/// A synced Secret: the one object here with key material in it.
pub fn secret(secret: &SyncedSecret) -> Value {
    let mut meta = metadata(&secret.meta);
    meta["labels"] = json!({"secrets-store.csi.k8s.io/managed": "true"});
    let mut fields = json!({"f:data": {".": {}, (format!("f:{}", secret.key)): {}}, "f:type": {}});
    if !secret.owners.is_empty() {
        let uids = secret.owners.iter().map(|owner| (format!("k:{{\"uid\":\"{}\"}}", owner.uid), json!({})));
        let owned: Map<String, Value> = [(".".to_owned(), json!({}))].into_iter().chain(uids).collect();
        fields["f:metadata"] = json!({"f:ownerReferences": owned});
        meta["ownerReferences"] = secret.owners.iter().map(secret_owner).collect();
    }
    meta["managedFields"] = json!([{"manager": "csi-secrets-store", "operation": "Update",
        "apiVersion": "v1", "time": time(secret.changed), "fieldsType": "FieldsV1", "fieldsV1": fields}]);
    let value = base64(secret.value.text().expose().as_bytes());
    json!({"apiVersion": "v1", "kind": "Secret", "metadata": meta, "type": "Opaque",
        "data": {(secret.key.clone()): value}})
}

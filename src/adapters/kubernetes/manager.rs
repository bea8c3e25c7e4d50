//! Who else writes an object: the marks that GitOps tools leave on what they apply.
//!
//! Good for a note to people (such a tool may take an annotation away again, which rolls the pods once more). Nothing but the
//! name under which a restart is sent is decided by it: anybody can write these marks.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use crate::model::Manager;

const FLUX_KUSTOMIZATION: &str = "kustomize.toolkit.fluxcd.io/name";
const FLUX_HELM_RELEASE: &str = "helm.toolkit.fluxcd.io/name";
const ARGO_TRACKING: &str = "argocd.argoproj.io/tracking-id";
const ARGO_INSTANCE: &str = "argocd.argoproj.io/instance";
/// What Argo CD before 3.0 tracks by unless it is told otherwise. Helm and others write it too.
const INSTANCE: &str = "app.kubernetes.io/instance";
/// As Argo CD is called where the API server notes who writes.
const ARGO_WRITES: &str = "argocd";

/// The tool that manages the object, where it is marked.
pub(super) fn manager(meta: &ObjectMeta) -> Option<Manager> {
    let label = |key: &str| meta.labels.as_ref()?.get(key).cloned();
    // `APPLICATION:GROUP/KIND:NAMESPACE/NAME`.
    let tracking = || {
        let id = meta.annotations.as_ref()?.get(ARGO_TRACKING)?;
        Some(id.split(':').next().unwrap_or_default().to_owned())
    };
    let mut writers = meta.managed_fields.iter().flatten().filter_map(|entry| entry.manager.as_deref());
    let by_argo = writers.any(|writer| writer.starts_with(ARGO_WRITES));
    let instance = || label(INSTANCE).filter(|_| by_argo);
    label(FLUX_KUSTOMIZATION)
        .map(Manager::FluxKustomization)
        .or_else(|| label(FLUX_HELM_RELEASE).map(Manager::FluxHelmRelease))
        .or_else(|| {
            tracking().or_else(|| label(ARGO_INSTANCE)).or_else(instance).map(Manager::ArgoApplication)
        })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn the_marks_of_flux_and_argo_are_known() {
        let told = |labels: Value, annotations: Value| {
            let meta = json!({"name": "d", "labels": labels, "annotations": annotations});
            manager(&serde_json::from_value(meta).unwrap()).map(|manager| manager.to_string())
        };
        let cases = [
            (
                json!({"kustomize.toolkit.fluxcd.io/name": "apps"}),
                json!({}),
                Some("Flux (Kustomization apps)"),
            ),
            (json!({"helm.toolkit.fluxcd.io/name": "shop"}), json!({}), Some("Flux (HelmRelease shop)")),
            (
                json!({}),
                json!({"argocd.argoproj.io/tracking-id": "shop:apps/Deployment:workload/d"}),
                Some("Argo CD (Application shop)"),
            ),
            (json!({"argocd.argoproj.io/instance": "shop"}), json!({}), Some("Argo CD (Application shop)")),
            (json!({"app.kubernetes.io/instance": "shop"}), json!({}), None),
        ];
        for (labels, annotations, expected) in cases {
            assert_eq!(told(labels.clone(), annotations).as_deref(), expected, "{labels}");
        }
        for (writer, expected) in [
            ("argocd-controller", Some("Argo CD (Application shop)")),
            ("argocd-application-controller", Some("Argo CD (Application shop)")),
            ("helm", None),
        ] {
            let meta = json!({"name": "d", "labels": {"app.kubernetes.io/instance": "shop"},
                "managedFields": [{"manager": "kubectl"}, {"manager": writer}]});
            let told = manager(&serde_json::from_value(meta).unwrap()).map(|manager| manager.to_string());
            assert_eq!(told.as_deref(), expected, "{writer}");
        }
    }
}

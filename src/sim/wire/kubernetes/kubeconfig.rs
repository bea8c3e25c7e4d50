//! The file that kubectl and keyslot find a simulated cluster with.

use k8s_openapi::ByteString;

/// What a kubeconfig of one cluster says.
#[derive(Clone)]
pub struct Kubeconfig<'a> {
    /// Of the cluster, the context and the user.
    pub name: &'a str,
    /// As `https://127.0.0.1:16443`.
    pub server: &'a str,
    pub ca_pem: &'a str,
    pub token: &'a str,
    pub namespace: &'a str,
}

impl Kubeconfig<'_> {
    /// The file's text. It holds the token.
    pub fn render(&self) -> String {
        let Kubeconfig { name, server, ca_pem, token, namespace } = self;
        let ca = base64(ca_pem.as_bytes());
        format!(
            "apiVersion: v1\n\
             kind: Config\n\
             clusters:\n\
             - name: {name}\n  cluster:\n    server: {server}\n    certificate-authority-data: {ca}\n\
             users:\n\
             - name: {name}\n  user:\n    token: {token}\n\
             contexts:\n\
             - name: {name}\n  context:\n    cluster: {name}\n    user: {name}\n    namespace: {namespace}\n\
             current-context: {name}\n"
        )
    }
}

/// Bytes as the API writes them.
pub(super) fn base64(bytes: &[u8]) -> String {
    match serde_json::to_value(ByteString(bytes.to_vec())) {
        Ok(serde_json::Value::String(text)) => text,
        _ => String::new(),
    }
}

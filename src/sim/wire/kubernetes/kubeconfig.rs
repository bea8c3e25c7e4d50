//! The file that kubectl and keyslot find a simulated cluster with.

use k8s_openapi::ByteString;

/// How the user of a kubeconfig proves who they are.
#[derive(Clone, Copy)]
pub enum User<'a> {
    Token(&'a str),
    /// With Entra, through a plugin that asks for tokens for an application.
    Kubelogin {
        server: &'a str,
    },
}

impl User<'_> {
    fn render(self) -> String {
        match self {
            User::Token(token) => format!("    token: {token}\n"),
            User::Kubelogin { server } => format!(
                "    exec:\n      apiVersion: client.authentication.k8s.io/v1beta1\n      command: kubelogin\n      \
                 args: [get-token, --environment, AzurePublicCloud, --server-id, {server}, --login, devicecode]\n      \
                 provideClusterInfo: false\n"
            ),
        }
    }
}

/// What a kubeconfig of one cluster says.
#[derive(Clone)]
pub struct Kubeconfig<'a> {
    /// Of the cluster, the context and the user.
    pub name: &'a str,
    /// As `https://127.0.0.1:16443`.
    pub server: &'a str,
    pub ca_pem: &'a str,
    pub user: User<'a>,
    pub namespace: &'a str,
}

impl Kubeconfig<'_> {
    /// The file's text. It holds the token, if there is one.
    pub fn render(&self) -> String {
        let Kubeconfig { name, server, ca_pem, user, namespace } = self;
        let user = user.render();
        let ca = base64(ca_pem.as_bytes());
        format!(
            "apiVersion: v1\n\
             kind: Config\n\
             clusters:\n\
             - name: {name}\n  cluster:\n    server: {server}\n    certificate-authority-data: {ca}\n\
             users:\n\
             - name: {name}\n  user:\n{user}\
             contexts:\n\
             - name: {name}\n  context:\n    cluster: {name}\n    user: {name}\n    namespace: {namespace}\n\
             current-context: {name}\n"
        )
    }
}

/// Bytes as the API writes them.
pub fn base64(bytes: &[u8]) -> String {
    match serde_json::to_value(ByteString(bytes.to_vec())) {
        Ok(serde_json::Value::String(text)) => text,
        _ => String::new(),
    }
}

//! The credentials that there are to ask, made as the settings and the environment say.

use std::path::PathBuf;
use std::sync::Arc;

use azure_core::cloud::{CloudConfiguration, CustomConfiguration};
use azure_core::credentials::Secret;
use azure_core::http::{ClientOptions, RetryOptions, Transport};
use azure_identity::{
    AzureCliCredential, AzureCliCredentialOptions, ClientAssertionCredentialOptions, ClientSecretCredential,
    ClientSecretCredentialOptions, ManagedIdentityCredential, ManagedIdentityCredentialOptions,
    UserAssignedId, WorkloadIdentityCredential, WorkloadIdentityCredentialOptions,
};
use secrecy::{ExposeSecret as _, SecretString};

use super::super::http::Http;
use super::CredentialSource;
use super::candidate::Candidate;
use crate::model::Blindness;
use crate::ports::Fault;

pub(super) struct Maker<'a> {
    pub(super) http: &'a Http,
    pub(super) authority: &'a str,
    pub(super) environment: &'a dyn Fn(&str) -> Option<String>,
}

impl Maker<'_> {
    pub(super) fn candidates(&self, source: &CredentialSource) -> Result<Vec<Candidate>, Fault> {
        match source {
            CredentialSource::Auto => self.all(),
            CredentialSource::ClientSecret { tenant, client, secret } => {
                Ok(vec![self.client_secret(tenant, client, secret)?])
            }
            CredentialSource::WorkloadIdentity => {
                Ok(vec![self.workload_identity()?.ok_or_else(|| unset("AZURE_FEDERATED_TOKEN_FILE"))?])
            }
            CredentialSource::AzureCli => Ok(vec![self.azure_cli()?]),
            CredentialSource::ManagedIdentity => Ok(vec![self.managed_identity()?]),
        }
    }

    pub(super) fn all(&self) -> Result<Vec<Candidate>, Fault> {
        let mut all = Vec::new();
        if let (Some(tenant), Some(client), Some(secret)) =
            (self.read("AZURE_TENANT_ID"), self.read("AZURE_CLIENT_ID"), self.read("AZURE_CLIENT_SECRET"))
        {
            all.push(self.client_secret(&tenant, &client, &SecretString::from(secret))?);
        }
        all.extend(self.workload_identity()?);
        all.push(self.azure_cli()?);
        all.push(self.managed_identity()?);
        Ok(all)
    }

    fn read(&self, name: &str) -> Option<String> {
        (self.environment)(name).filter(|value| !value.is_empty())
    }

    fn client_secret(&self, tenant: &str, client: &str, secret: &SecretString) -> Result<Candidate, Fault> {
        let client_options = self.client_options();
        let (tenant, client, secret) = (tenant.to_owned(), client.to_owned(), secret.clone());
        Candidate::new("client secret", move || {
            let secret = Secret::new(secret.expose_secret().to_owned());
            let options = ClientSecretCredentialOptions { client_options: client_options.clone() };
            ClientSecretCredential::new(&tenant, client.clone(), secret, Some(options))
        })
    }

    fn workload_identity(&self) -> Result<Option<Candidate>, Fault> {
        let Some(file) = self.read("AZURE_FEDERATED_TOKEN_FILE") else { return Ok(None) };
        let client_options = self.client_options();
        let (client, tenant) = (self.read("AZURE_CLIENT_ID"), self.read("AZURE_TENANT_ID"));
        let make = move || {
            let client_options = client_options.clone();
            WorkloadIdentityCredential::new(Some(WorkloadIdentityCredentialOptions {
                credential_options: ClientAssertionCredentialOptions { client_options },
                client_id: client.clone(),
                tenant_id: tenant.clone(),
                token_file_path: Some(PathBuf::from(file.clone())),
            }))
        };
        Candidate::new("workload identity", make).map(Some)
    }

    pub(super) fn azure_cli(&self) -> Result<Candidate, Fault> {
        let options = AzureCliCredentialOptions {
            tenant_id: self.read("AZURE_TENANT_ID"),
            ..AzureCliCredentialOptions::default()
        };
        Candidate::new("Azure CLI (az)", move || AzureCliCredential::new(Some(options.clone())))
    }

    fn managed_identity(&self) -> Result<Candidate, Fault> {
        let endpoint = self.read("IDENTITY_ENDPOINT").and_then(|endpoint| endpoint.parse().ok());
        let http = match endpoint.map(|endpoint| self.http.asking_identity(&endpoint)).transpose() {
            Ok(http) => http.unwrap_or_else(|| self.http.clone()),
            Err(error) => {
                let why = super::super::chain(&error);
                return Err(Fault::new(Blindness::Forbidden, "set up a credential", "managed identity", why));
            }
        };
        let options = ManagedIdentityCredentialOptions {
            user_assigned_id: self.read("AZURE_CLIENT_ID").map(UserAssignedId::ClientId),
            client_options: self.options_over(http),
        };
        Candidate::new("managed identity", move || ManagedIdentityCredential::new(Some(options.clone())))
    }

    fn client_options(&self) -> ClientOptions {
        self.options_over(self.http.clone())
    }

    fn options_over(&self, http: Http) -> ClientOptions {
        let mut cloud = CustomConfiguration::default();
        cloud.authority_host = self.authority.to_owned();
        ClientOptions {
            transport: Some(Transport::new(Arc::new(http))),
            retry: RetryOptions::none(),
            cloud: Some(Arc::new(CloudConfiguration::Custom(cloud))),
            ..ClientOptions::default()
        }
    }
}

fn unset(variable: &str) -> Fault {
    Fault::new(
        Blindness::Forbidden,
        "set up a credential",
        "workload identity",
        format!("{variable} is not set"),
    )
}

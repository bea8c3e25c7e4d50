//! The shared journal with an identity of Entra ID: of whoever is signed in, as a CI job is.

use std::fs;
use std::process::Command;
use std::sync::Arc;

use async_trait::async_trait;
use jiff::Timestamp;
use keyslot::journal::{JournalError, StorageTokens};
use keyslot::model::Blindness;
use keyslot::ports::Fault;
use secrecy::SecretString;
use tempfile::TempDir;

use crate::journal_remote::Service;
use crate::live::Process;

const PLACE: &str = "az://journals/team/prod";

/// A store whose environment names the account and nothing else.
async fn service() -> Service {
    let mut service = Service::start(PLACE).await;
    service.remote.environment.remove("AZURE_STORAGE_ACCOUNT_KEY").unwrap();
    service.remote.environment.retain(|name, _| name.starts_with("AZURE_"));
    service
}

#[derive(Debug)]
struct Signed(Result<&'static str, Fault>);

#[async_trait]
impl StorageTokens for Signed {
    async fn token(&self) -> Result<SecretString, Fault> {
        self.0.clone().map(SecretString::from)
    }
}

#[tokio::test]
async fn without_a_key_of_the_storage_the_callers_identity_signs_every_request() {
    let mut service = service().await;
    service.remote.azure = Some(Arc::new(Signed(Ok("of-the-job"))));
    let mut journal = service.open().await.unwrap();
    journal.append("once".to_owned(), Timestamp::from_second(1_800_000_000).unwrap()).await.unwrap();
    assert_eq!(service.open().await.unwrap().records().len(), 1);
    let signed = &service.shelf.lock().unwrap().signed;
    assert!(signed.len() > 2 && signed.iter().all(|one| one == "Bearer of-the-job"), "{signed:?}");
}

#[tokio::test]
async fn an_identity_without_a_token_is_told_to_sign_in_to_the_store() {
    let mut service = service().await;
    let fault = Fault::new(Blindness::Forbidden, "get a token", "storage", "nobody is signed in");
    service.remote.azure = Some(Arc::new(Signed(Err(fault.remedy("`az login`")))));
    let Err(JournalError::Store(fault)) = service.open().await.map(drop) else { panic!("it opened") };
    assert_eq!((fault.what.as_str(), fault.subject.as_str()), ("read the journal", PLACE));
    assert!(fault.why.contains("nobody is signed in"), "{fault}");
    assert_eq!(fault.remedy, "sign in to the store: `az login`");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_that_signed_in_the_azure_cli_reaches_the_shared_journal() {
    let service = service().await;
    let folder = TempDir::new().unwrap();
    let settings = include_str!("../../fixtures/keyslot.smallest.toml")
        .replace(
            "[environment.prod.account]",
            "[environment.prod]\nstate = \"az://journals/team\"\n\n[environment.prod.account]",
        )
        .replace(
            "[environment.prod.terraform]",
            "[environment.prod.terraform]\nrepository = \"/nowhere.git\"",
        );
    fs::write(folder.path().join("keyslot.toml"), settings).unwrap();

    // `az account get-access-token` as the CLI answers it.
    let asked = folder.path().join("asked");
    let token = r#"{"accessToken":"of-az","expires_on":4102444800,"tokenType":"Bearer"}"#;
    let az = format!("#!/bin/sh\necho \"$@\" >> {}\necho '{token}'\n", asked.display());
    crate::tool::program(&folder.path().join("az"), &az);

    let path = format!("{}:{}", folder.path().display(), std::env::var("PATH").unwrap());
    let mut command = Command::new(env!("CARGO_BIN_EXE_keyslot"));
    command.args(["pause", "--because", "to see"]).current_dir(folder.path()).env_clear();
    command.env("PATH", path).env("HOME", folder.path()).envs(&service.remote.environment);
    let mut process = Process::start(command);
    let code = process.end().await;
    let talk = process.talk();
    assert!(code == 2 && talk.contains("no rotation is open"), "{code}: {talk}");
    let signed = &service.shelf.lock().unwrap().signed;
    assert!(!signed.is_empty() && signed.iter().all(|one| one == "Bearer of-az"), "{signed:?}");
    let asked = fs::read_to_string(asked).unwrap();
    assert_eq!(asked.trim(), "account get-access-token -o json --scope https://storage.azure.com/.default");
}

//! Tokens that are refused before they end, as where access was revoked and somebody has signed in again: another one is
//! asked for, once, and a running keyslot goes on. And where the token of this machine's own identity comes from.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};

use keyslot::adapters::cosmos::PUBLIC_ENDPOINT;
use keyslot::model::{Blindness, KeyKind, Slot};
use keyslot::ports::{Accounts as _, Clusters as _, Effect, Vaults as _};
use keyslot::sim::WorldConfig;
use keyslot::sim::wire::{AKS_SERVER, Simulation, Trouble, Which, WireFault};
use secrecy::ExposeSecret as _;

use crate::aks::through_azure;
use crate::live::Live;
use crate::wire_azure::Rig;

fn asked_for_tokens(simulation: &Simulation) -> usize {
    simulation.wire.transcript().count("POST", "/oauth2/v2.0/token")
}

#[tokio::test]
async fn who_is_let_in_again_is_seen_with_another_token() {
    let rig = Rig::new(WorldConfig::default());
    let first = rig.first_stamp();
    let stamp = through_azure(&rig, false);
    let look = async || {
        rig.cosmos.look(&rig.salt).await.unwrap();
        rig.vaults.look(&first, &rig.salt).await.unwrap();
        stamp.clusters.look(&stamp.name, &rig.salt).await.unwrap();
    };
    look().await;
    // Azure Resource Manager's, the vaults' and the cluster's.
    assert_eq!(asked_for_tokens(&rig.simulation), 3);
    look().await;
    assert_eq!(asked_for_tokens(&rig.simulation), 3);
    rig.simulation.directory.revoke_all();
    look().await;
    assert_eq!(asked_for_tokens(&rig.simulation), 6);
    look().await;
    assert_eq!(asked_for_tokens(&rig.simulation), 6);
}

#[tokio::test]
async fn an_effect_whose_token_is_refused_is_not_sent_again_and_the_next_one_has_another_token() {
    let rig = Rig::new(WorldConfig::default());
    rig.cosmos.look(&rig.salt).await.unwrap();
    rig.simulation.directory.revoke_all();
    let kind = KeyKind::read_write(Slot::Primary);
    let sent = async |id: &str| rig.cosmos.regenerate(kind, id, &rig.permit()).await;
    let count = || rig.simulation.wire.transcript().count("POST", "/regenerateKey");
    let effect = sent("one").await;
    assert!(matches!(&effect, Effect::Refused(fault) if fault.kind == Blindness::Forbidden), "{effect:?}");
    assert_eq!(count(), 1);
    let effect = sent("two").await;
    assert!(matches!(effect, Effect::Applied(_)), "{effect:?}");
    assert_eq!(count(), 2);
}

#[tokio::test]
async fn whom_nobody_lets_in_does_not_ask_for_tokens_all_the_time() {
    let rig = Rig::new(WorldConfig::default());
    let refused = Trouble::Answer { status: 401, retry_after_seconds: None };
    let which = Which { path: "/databaseAccounts/".to_owned(), ..Which::default() };
    rig.simulation.wire.faults().add(WireFault { which, what: refused, times: u32::MAX });
    for _ in 0..5 {
        let fault = rig.cosmos.look(&rig.salt).await.unwrap_err();
        assert_eq!(fault.kind, Blindness::Forbidden, "{fault}");
    }
    assert_eq!(asked_for_tokens(&rig.simulation), 2);
}

/// Answers as the endpoint of Container Apps does, with tokens of that world; and keeps what was asked.
fn identity(tokens: Vec<(String, String)>) -> (u16, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let heard = Arc::new(Mutex::new(Vec::new()));
    let notes = Arc::clone(&heard);
    std::thread::spawn(move || {
        for connection in listener.incoming() {
            let mut connection = connection.unwrap();
            let (mut asked, mut part) = (Vec::new(), [0_u8; 4096]);
            while !asked.windows(4).any(|end| end == b"\r\n\r\n") {
                match connection.read(&mut part) {
                    Ok(read) if read > 0 => asked.extend_from_slice(&part[..read]),
                    _ => break,
                }
            }
            let asked = String::from_utf8_lossy(&asked).to_lowercase();
            let plain = asked.replace("%3a", ":").replace("%2f", "/");
            let token = tokens.iter().find(|(resource, _)| plain.contains(resource)).map(|(_, token)| token);
            let body = serde_json::json!({
                "access_token": token, "expires_on": "4102444800", "resource": "r", "token_type": "Bearer",
            })
            .to_string();
            notes.lock().unwrap().push(asked);
            let head = format!(
                "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
                body.len()
            );
            let _ = connection.write_all(format!("{head}{body}").as_bytes());
        }
    });
    (port, heard)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_identity_of_a_container_app_is_asked_on_loopback_at_its_own_address_alone() {
    let live = Live::set(WorldConfig::seeded(3).with_stamps(1), 60.0);
    let rig_tokens = tokens_of(&live).await;
    live.configure("credential = \"client-secret\"", "credential = \"managed-identity\"");
    let (port, heard) = identity(rig_tokens);
    let plan = |endpoint: String| {
        let mut command = live.command(env!("CARGO_BIN_EXE_keyslot"));
        command.arg("plan").env("IDENTITY_ENDPOINT", endpoint).env("IDENTITY_HEADER", "a-secret");
        // What is said there is for nobody in between.
        command.env("HTTP_PROXY", "http://127.0.0.1:9").env("http_proxy", "http://127.0.0.1:9");
        for name in ["AZURE_CLIENT_ID", "AZURE_CLIENT_SECRET", "AZURE_TENANT_ID"] {
            command.env_remove(name);
        }
        let output = command.output().unwrap();
        let said = [output.stdout, output.stderr].map(|text| String::from_utf8_lossy(&text).into_owned());
        (output.status.code(), said.concat())
    };
    let (code, said) = plan(format!("http://127.0.0.1:{port}/msi/token"));
    assert_eq!(code, Some(0), "{said}");
    let asked = heard.lock().unwrap().clone();
    assert!(
        !asked.is_empty() && asked.iter().all(|one| one.contains("x-identity-header: a-secret")),
        "{asked:?}"
    );
    let (code, said) = plan("http://192.0.2.7:42356/msi/token".to_owned());
    assert_ne!(code, Some(0), "{said}");
    assert!(said.contains("192.0.2.7") && said.contains("without encryption"), "{said}");
    assert_eq!(heard.lock().unwrap().len(), asked.len());
}

/// A token for each of the services that the plan asks.
async fn tokens_of(live: &Live) -> Vec<(String, String)> {
    let tokens = crate::wire_azure::tokens(&live.stage.simulation);
    let mut all = Vec::new();
    for resource in [PUBLIC_ENDPOINT, "https://vault.azure.net", "https://api.loganalytics.io", AKS_SERVER] {
        let token = tokens.token(&format!("{resource}/.default")).await.unwrap();
        all.push((resource.to_lowercase(), token.expose_secret().to_owned()));
    }
    all
}

//! Nothing that opens anything is ever logged: a day's work of the Azure adapters with everything at trace.

use std::time::Duration;

use keyslot::model::{KeyKind, OperationState, Salt, Slot};
use keyslot::ports::{Accounts as _, Effect, Vaults as _};
use keyslot::sim::WorldConfig;
use keyslot::sim::wire::Directory;
use secrecy::ExposeSecret as _;

use crate::log::Log;
use crate::wire_azure::Rig;

/// Looks, proves, regenerates, follows, reads a vault. Returns what was said to people on the way.
async fn work(rig: &Rig) -> String {
    let salt = Salt::new("5a17");
    let view = rig.cosmos.look(&salt).await.unwrap();
    let proof = rig.cosmos.prove(KeyKind::read_write(Slot::Secondary), &view.regions, &salt).await.unwrap();
    let stamp = rig.simulation.world.with(|world| world.stamps().next().unwrap().name.clone());
    let vault = rig.vaults.look(&stamp, &salt).await.unwrap();
    let kind = KeyKind::read_write(Slot::Primary);
    let effect = rig.cosmos.regenerate(kind, "request-1", &rig.permit()).await;
    let Effect::Applied(Some(operation)) = &effect else { panic!("{effect:?}") };
    let operation = operation.clone();
    while let OperationState::Running(_) = rig.cosmos.poll(&operation).await.unwrap() {
        rig.pass(Duration::from_secs(300));
    }
    let again = rig.cosmos.prove(KeyKind::read_write(Slot::Primary), &view.regions, &salt).await.unwrap();
    format!("{view:?} {proof:?} {vault:?} {effect:?} {again:?} {:?}", rig.tokens)
}

/// Every run of letters that could be one of the directory's tokens.
fn tokens_in<'a>(text: &'a str, directory: &Directory) -> Vec<&'a str> {
    text.split(|letter: char| !(letter.is_ascii_alphanumeric() || "-_=".contains(letter)))
        .filter(|word| directory.has_issued(word.trim_end_matches('=')))
        .collect()
}

#[tokio::test]
async fn nothing_that_opens_anything_is_logged_at_trace() {
    let (log, guard) = Log::listening();
    let rig = Rig::new(WorldConfig::default());
    let said = work(&rig).await;
    drop(guard);

    let mut text = log.text();
    assert!(text.contains("Bearer placeholder"), "the older SDK does log its authorization header");
    assert!(text.contains("TRACE"), "everything was logged");
    text.push_str(&said);
    for entry in rig.simulation.wire.transcript().entries() {
        text.push_str(&format!("{entry:?}\n"));
    }

    let keys: Vec<String> = rig
        .simulation
        .world
        .with(|world| world.all_secrets_ever().iter().map(|key| key.expose().to_owned()).collect());
    assert!(keys.len() > 4, "the four keys and the new one");
    for key in &keys {
        assert!(!text.contains(key.as_str()), "a key was logged");
        assert!(!text.contains(key.trim_end_matches('=')), "a key was logged");
    }
    let directory = &rig.simulation.directory;
    assert!(!text.contains(directory.secret().expose_secret()), "the client secret was logged");
    assert_eq!(tokens_in(&text, directory), Vec::<&str>::new(), "a token was logged");

    // The search itself finds a token where there is one.
    let token = rig.tokens.token("https://management.azure.com/.default").await.unwrap();
    let planted = format!("authorization: \"Bearer {}\"", token.expose_secret());
    assert_eq!(tokens_in(&planted, directory).len(), 1);
}

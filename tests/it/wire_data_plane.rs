//! The data plane's face, asked by hand: what the adapter must be able to tell apart, the face must say.

use std::time::Duration;

use jiff::Timestamp;
use jiff::fmt::rfc2822::DateTimePrinter;
use keyslot::adapters::http::Answer;
use keyslot::model::{Access, KeyKind, KeyMaterial, Slot};
use keyslot::sim::{Command, WorldConfig};
use ring::hmac;

use crate::wire_azure::Rig;
use crate::wire_core::client;

const DOCUMENT: &str = "dbs/catalogdb/colls/catalogItems/docs/probe-1";

/// A request signed by hand.
struct Ask<'a> {
    method: &'a str,
    host: String,
    resource_type: &'a str,
    link: &'a str,
    path: &'a str,
    partition_key: Option<&'a str>,
    date: String,
}

fn now(rig: &Rig) -> Timestamp {
    rig.simulation.world.with(|world| world.now())
}

fn date(at: Timestamp) -> String {
    DateTimePrinter::new().timestamp_to_rfc9110_string(&at).unwrap()
}

impl<'a> Ask<'a> {
    fn get(rig: &Rig) -> Ask<'a> {
        Ask {
            method: "GET",
            host: host(rig, true),
            resource_type: "dbs",
            link: "",
            path: "dbs",
            partition_key: None,
            date: date(now(rig)),
        }
    }

    fn delete(rig: &Rig) -> Ask<'a> {
        Ask {
            method: "DELETE",
            resource_type: "docs",
            link: DOCUMENT,
            path: DOCUMENT,
            partition_key: Some(r#"["x"]"#),
            ..Ask::get(rig)
        }
    }

    async fn with(&self, rig: &Rig, key: &KeyMaterial) -> (u16, String, String) {
        let payload = format!(
            "{}\n{}\n{}\n{}\n\n",
            self.method.to_lowercase(),
            self.resource_type,
            self.link,
            self.date.to_lowercase()
        );
        let bytes = azure_core::base64::decode(key.expose()).unwrap();
        let signature = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &bytes), payload.as_bytes());
        let text = format!("type=master&ver=1.0&sig={}", azure_core::base64::encode(signature.as_ref()));
        let header: String = url::form_urlencoded::byte_serialize(text.as_bytes()).collect();
        let address = format!("https://{}/{}", self.host, self.path);
        let mut request = reqwest::Request::new(self.method.parse().unwrap(), address.parse().unwrap());
        let headers = request.headers_mut();
        headers.insert("authorization", header.parse().unwrap());
        headers.insert("x-ms-date", self.date.parse().unwrap());
        headers.insert("x-ms-version", "2018-12-31".parse().unwrap());
        if let Some(values) = self.partition_key {
            headers.insert("x-ms-documentdb-partitionkey", values.parse().unwrap());
        }
        let answer: Answer = client(&rig.simulation.wire).send(request, None).await.unwrap();
        let substatus = answer.header("x-ms-substatus").unwrap_or_default().to_owned();
        (answer.status.as_u16(), substatus, String::from_utf8(answer.body.to_vec()).unwrap())
    }
}

/// The host of a region that writes, or of one that does not.
fn host(rig: &Rig, writable: bool) -> String {
    rig.simulation.world.with(|world| {
        let region = world.account().regions().iter().find(|region| region.writable == writable).unwrap();
        region.endpoint.trim_start_matches("https://").trim_end_matches(":443/").to_owned()
    })
}

fn key(rig: &Rig, slot: Slot, access: Access) -> KeyMaterial {
    let kind = KeyKind { slot, access };
    rig.simulation.world.with(|world| (*world.account().current(kind).unwrap().material).clone())
}

#[tokio::test]
async fn a_key_is_good_everywhere_until_it_is_regenerated_and_then_nowhere() {
    let rig = Rig::at(WorldConfig::default(), 1.0, |clock| clock);
    let old = key(&rig, Slot::Primary, Access::ReadWrite);
    let name = rig.simulation.world.with(|world| world.account().config().id.name.clone());
    let hosts = [host(&rig, true), host(&rig, false), format!("{name}.documents.azure.com")];
    for host in &hosts {
        let (status, _, body) = Ask { host: host.clone(), ..Ask::get(&rig) }.with(&rig, &old).await;
        assert_eq!(status, 200, "{host}: {body}");
        assert!(body.contains("\"Databases\""), "{body}");
    }
    let command = Command::Regenerate {
        kind: KeyKind::read_write(Slot::Primary),
        request_id: String::new(),
        by: String::new(),
    };
    rig.simulation.world.with(|world| world.apply(command)).unwrap();
    rig.pass(Duration::from_secs(3600));
    let new = key(&rig, Slot::Primary, Access::ReadWrite);
    for host in &hosts {
        let (status, _, body) = Ask { host: host.clone(), ..Ask::get(&rig) }.with(&rig, &old).await;
        assert_eq!(status, 401, "{host}");
        assert!(body.contains("The MAC signature found in the HTTP request is not the same"), "{body}");
        let (status, _, _) = Ask { host: host.clone(), ..Ask::get(&rig) }.with(&rig, &new).await;
        assert_eq!(status, 200, "{host}");
    }
}

#[tokio::test]
async fn a_write_probe_tells_the_right_to_write_the_region_and_the_missing_document_apart() {
    let rig = Rig::new(WorldConfig::default());
    let writer = key(&rig, Slot::Secondary, Access::ReadWrite);
    let reader = key(&rig, Slot::Secondary, Access::ReadOnly);
    let ask = Ask::delete(&rig);
    let (status, substatus, _) = ask.with(&rig, &writer).await;
    assert_eq!((status, substatus.as_str()), (404, "0"));
    let (status, _, body) = ask.with(&rig, &reader).await;
    assert_eq!(status, 401);
    assert!(body.contains("The MAC signature"), "{body}");
    assert_eq!(Ask::get(&rig).with(&rig, &reader).await.0, 200);

    let elsewhere = Ask { host: host(&rig, false), ..Ask::delete(&rig) };
    let (status, substatus, _) = elsewhere.with(&rig, &writer).await;
    assert_eq!((status, substatus.as_str()), (403, "3"));

    for partition_key in [None, Some("x"), Some("[]"), Some(r#"["a","b"]"#)] {
        let ask = Ask { partition_key, ..Ask::delete(&rig) };
        assert_eq!(ask.with(&rig, &writer).await.0, 400, "{partition_key:?}");
    }
    let link = "dbs/catalogdb/colls/nothing/docs/x";
    let (status, substatus, _) = Ask { link, path: link, ..Ask::delete(&rig) }.with(&rig, &writer).await;
    assert_eq!((status, substatus.as_str()), (404, "1003"));
}

#[tokio::test]
async fn wrong_keys_payloads_dates_and_hosts_have_their_own_refusals() {
    let rig = Rig::at(WorldConfig::default(), 1.0, |clock| clock);
    let good = key(&rig, Slot::Primary, Access::ReadWrite);
    let stranger = KeyMaterial::new(azure_core::base64::encode([7_u8; 64]));
    let ask = Ask::get(&rig);
    let (status, _, body) = ask.with(&rig, &stranger).await;
    assert_eq!(status, 401);
    let echo = format!("payload to sign: 'get\\ndbs\\n\\n{}\\n\\n'", ask.date.to_lowercase());
    assert!(body.contains(&echo), "{body}");

    let (status, _, body) = Ask { link: "dbs/catalogdb", ..Ask::get(&rig) }.with(&rig, &good).await;
    assert_eq!(status, 401, "signed another link than was asked for: {body}");

    let iso = Ask { date: now(&rig).to_string(), ..Ask::get(&rig) };
    let (status, _, body) = iso.with(&rig, &good).await;
    assert!(status == 401 && body.contains("The input date header is invalid format"), "{body}");
    for off in [-16, 16] {
        let date = date(now(&rig) + jiff::SignedDuration::from_mins(off));
        let (status, _, body) = Ask { date, ..Ask::get(&rig) }.with(&rig, &good).await;
        assert!(status == 403 && body.contains("the authorization token expired"), "{body}");
    }
    let stray = Ask { host: "other.documents.azure.com".to_owned(), ..Ask::get(&rig) };
    let (status, substatus, _) = stray.with(&rig, &good).await;
    assert_eq!((status, substatus.as_str()), (403, "1008"));
}

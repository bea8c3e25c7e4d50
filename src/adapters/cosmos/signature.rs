//! The master-key signature of Cosmos DB's data plane.
//!
//! Verb, resource type, link and date are signed; host, query, body and other headers are not. So one signature
//! is good at every endpoint of the account. Source: learn.microsoft.com/rest/api/cosmos-db,
//! access-control-on-cosmosdb-resources.

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use zeroize::Zeroizing;

use crate::model::KeyMaterial;

/// What is signed.
pub(super) struct Signed<'a> {
    /// As `GET`.
    pub verb: &'a str,
    /// As `colls`.
    pub resource_type: &'a str,
    /// The resource's own path for one resource, its parent's for a list; not encoded, no leading slash.
    pub link: &'a str,
    /// The text of `x-ms-date`.
    pub date: &'a str,
}

impl Signed<'_> {
    /// The string to sign; also what the service echoes when it disagrees.
    pub fn payload(&self) -> String {
        format!(
            "{}\n{}\n{}\n{}\n\n",
            self.verb.to_lowercase(),
            self.resource_type.to_lowercase(),
            self.link,
            self.date.to_lowercase()
        )
    }

    /// The value of `Authorization`; absent where the key is no base64 and so can sign nothing.
    pub fn authorization(&self, key: &KeyMaterial) -> Option<String> {
        let bytes = Zeroizing::new(azure_core::base64::decode(key.expose()).ok()?);
        let mut mac = Hmac::<Sha256>::new_from_slice(&bytes).ok()?;
        mac.update(self.payload().as_bytes());
        let signature = azure_core::base64::encode(mac.finalize().into_bytes());
        let text = format!("type=master&ver=1.0&sig={signature}");
        Some(url::form_urlencoded::byte_serialize(text.as_bytes()).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(key: &str, verb: &str, resource_type: &str, link: &str, date: &str) -> String {
        Signed { verb, resource_type, link, date }.authorization(&KeyMaterial::new(key.to_owned())).unwrap()
    }

    #[test]
    fn the_published_vector_is_met() {
        // Microsoft's own example; the key is theirs and opens nothing.
        let key = "dsZQi3KtZmCv1ljt3VNWNm7sQUF1y5rJfC6kv5JiwvW0EndXdDku/dkKBp8/ufDToSxLzR4y+O/0H/t4bQtVNw==";
        let header = header(key, "GET", "dbs", "dbs/ToDoList", "Thu, 27 Apr 2017 00:51:12 GMT");
        assert_eq!(
            header.to_lowercase(),
            "type%3dmaster%26ver%3d1.0%26sig%3dc09pevjrgp2uqrkr934kfbtqhbyc7tvr3ohyqlu%2bc%2bc%3d"
        );
        assert!(header.contains("c09PEVJrgp2uQRkr934kFbTqhByc7TVr3OHyqlu%2Bc%2Bc%3D"));
    }

    #[test]
    fn signatures_computed_with_other_tools_are_met() {
        let bytes: Vec<u8> = (0..64).collect();
        let key = azure_core::base64::encode(bytes);
        let probe = "dbs/orders/colls/Items/docs/probe-00000000-0000-4000-8000-000000000001";
        let cases = [
            ("GET", "", "", "zfkQt74/NAietJSyaOr5fSk2mqbY6BTLQtbhPtXCuQA="),
            ("GET", "dbs", "", "T+HEjHkKZUNfnx4rridbQ6fot5HDzBDq+lZhStI0HQ0="),
            ("GET", "dbs", "dbs/orders", "FI52/qixgaqu/lc67Wm2Id8cRW0KO/NV5+HMX0P0Ahw="),
            ("GET", "colls", "dbs/orders", "5gay8NtBOpx/fMVUJiqGiH+dzPhw2pLc16tMed6k+e4="),
            ("GET", "colls", "dbs/orders/colls/Items", "T66l22ZZKU5GvJ68pqb9pyqp/d6kyF69Xke0UaTVofM="),
            ("DELETE", "docs", probe, "uNbeEWbX8bU/FOOrm4xOngcsMOtzoGSROAROTgMsVGI="),
        ];
        for (verb, kind, link, signature) in cases {
            let text = format!("type=master&ver=1.0&sig={signature}");
            let expected: String = url::form_urlencoded::byte_serialize(text.as_bytes()).collect();
            assert_eq!(header(&key, verb, kind, link, "Sun, 22 Nov 2026 21:00:00 GMT"), expected);
        }
    }
}

//! Answers of a vault: a secret and its dates, or which of several refusals it is.

use azure_core::error::ErrorKind;
use http::StatusCode;
use jiff::Timestamp;
use serde::{Deserialize, Deserializer};
use zeroize::Zeroizing;

use super::super::credential::no_token;
use super::super::http::{ReadError, SendError};
use super::WHAT;
use crate::model::{Blindness, Fingerprint, Salt, SecretVersion, VaultView};
use crate::ports::Fault;

#[derive(Deserialize)]
struct SecretBody {
    #[serde(deserialize_with = "wiped")]
    value: Zeroizing<String>,
    /// `https://VAULT/secrets/NAME/VERSION`
    id: String,
    attributes: Attributes,
}

#[derive(Deserialize)]
struct Attributes {
    /// Seconds since 1970, like the others.
    created: i64,
    exp: Option<i64>,
    nbf: Option<i64>,
}

pub(super) fn wiped<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Zeroizing<String>, D::Error> {
    String::deserialize(deserializer).map(Zeroizing::new)
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct ErrorBody {
    pub(super) error: ErrorText,
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct ErrorText {
    pub(super) code: String,
    message: String,
    innererror: Option<InnerError>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct InnerError {
    code: String,
}

pub(super) fn view(body: &[u8], salt: &Salt) -> Result<VaultView, String> {
    // serde's own text may quote the value, so it is not passed on.
    let body: SecretBody = serde_json::from_slice(body)
        .map_err(|error| format!("the answer is not understood (column {})", error.column()))?;
    let version = body.id.rsplit('/').next().filter(|version| !version.is_empty());
    let version = version.ok_or_else(|| "the answer names no version".to_owned())?;
    let created = Timestamp::from_second(body.attributes.created)
        .map_err(|_| "the time of creation is out of range".to_owned())?;
    Ok(VaultView {
        version: SecretVersion::new(version),
        created,
        expires: body.attributes.exp.and_then(|at| Timestamp::from_second(at).ok()),
        valid_from: body.attributes.nbf.and_then(|at| Timestamp::from_second(at).ok()),
        fingerprint: Fingerprint::of_key_in(body.value.as_bytes(), salt),
    })
}

pub(super) fn read_error(error: &azure_core::Error, subject: &str) -> ReadError {
    if let ErrorKind::HttpResponse { status, raw_response, .. } = error.kind() {
        let status = StatusCode::from_u16(u16::from(*status)).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let body = raw_response.as_ref().map(|response| response.body().as_ref()).unwrap_or_default();
        return answered(status, body, subject);
    }
    match error.downcast_ref::<SendError>() {
        Some(failure @ SendError::NoAnswer(_)) => ReadError::Later(failure.fault(WHAT, subject), None),
        Some(failure) => ReadError::Final(failure.fault(WHAT, subject)),
        None => {
            let (kind, remedy) = match error.kind() {
                ErrorKind::Credential => no_token(error).unwrap_or((Blindness::Forbidden, "")),
                _ => (Blindness::Unintelligible, ""),
            };
            let fault = Fault::new(kind, WHAT, subject, super::super::chain(error)).remedy(remedy);
            match kind {
                Blindness::Unreachable | Blindness::Throttled => ReadError::Later(fault, None),
                _ => ReadError::Final(fault),
            }
        }
    }
}

/// Key Vault's refusals. The same 403 stands for a missing right, a firewall and a disabled secret; the inner
/// code tells them apart (azure-security-docs, key-vault/general/rest-error-codes.md).
pub(super) fn answered(status: StatusCode, body: &[u8], subject: &str) -> ReadError {
    let error = serde_json::from_slice::<ErrorBody>(body).unwrap_or_default().error;
    let inner = error.innererror.unwrap_or_default().code;
    let first = error.message.lines().next().unwrap_or_default();
    let why = format!("{} {} {inner}: {first}", status.as_u16(), error.code);
    let fault = |kind, remedy: &str| Fault::new(kind, WHAT, subject, why.clone()).remedy(remedy);
    match (status, inner.as_str()) {
        (StatusCode::FORBIDDEN, "SecretDisabled") => ReadError::Final(fault(
            Blindness::Disabled,
            "the current version is disabled: enable it, or write a new one",
        )),
        // By its documentation the service hands these out: their dates are for whoever reads them.
        (StatusCode::FORBIDDEN, "SecretNotYetValid" | "SecretExpired") => ReadError::Final(fault(
            Blindness::Forbidden,
            "the current version is not to be taken at this time, by its dates: mend them, or have a new one written",
        )),
        (StatusCode::FORBIDDEN, "ForbiddenByFirewall" | "ForbiddenByConnection") => ReadError::Final(fault(
            Blindness::Forbidden,
            "the vault's firewall refuses this address: run keyslot where the vault can be reached, or let it in",
        )),
        (StatusCode::UNAUTHORIZED, _) => ReadError::Final(fault(
            Blindness::Forbidden,
            "sign in again, in the vault's own tenant: the token is of another one, or has ended",
        )),
        (StatusCode::FORBIDDEN, _) => ReadError::Final(fault(
            Blindness::Forbidden,
            "grant the identity the right to read secrets (a new grant takes up to 10 minutes)",
        )),
        (StatusCode::NOT_FOUND, _) if error.code == "VaultNotFound" => {
            ReadError::Final(fault(Blindness::Missing, "check `key_vault` of the stamp in keyslot.toml"))
        }
        (StatusCode::NOT_FOUND, _) => ReadError::Final(fault(
            Blindness::Missing,
            "check the secret's name in the configuration and in the Terraform code",
        )),
        (StatusCode::TOO_MANY_REQUESTS, _) => ReadError::Later(fault(Blindness::Throttled, ""), None),
        (status, _) if status.is_server_error() => ReadError::Later(fault(Blindness::Unreachable, ""), None),
        _ => ReadError::Final(fault(Blindness::Unintelligible, "")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::KeyMaterial;

    fn fault(status: u16, inner: &str) -> Fault {
        let body = serde_json::json!({"error": {"code": "x", "message": "m", "innererror": {"code": inner}}});
        answered(StatusCode::from_u16(status).unwrap(), body.to_string().as_bytes(), "s").into_fault()
    }

    #[test]
    fn the_same_403_is_three_different_faults() {
        let disabled = fault(403, "SecretDisabled");
        assert_eq!(disabled.kind, Blindness::Disabled);
        assert!(disabled.remedy.contains("enable it"));
        // The vault has answered, and time brings no other answer.
        let firewall = fault(403, "ForbiddenByFirewall");
        assert_eq!(firewall.kind, Blindness::Forbidden);
        assert!(firewall.remedy.contains("firewall"), "{firewall}");
        assert!(fault(403, "SecretNotYetValid").remedy.contains("by its dates"));
        assert_eq!(fault(403, "ForbiddenByRbac").kind, Blindness::Forbidden);
        assert_eq!(fault(403, "AccessDenied").kind, Blindness::Forbidden);
        assert!(fault(401, "").remedy.contains("tenant"), "a grant changes nothing there");
        assert_eq!(fault(404, "").kind, Blindness::Missing);
        assert_eq!(fault(429, "").kind, Blindness::Throttled);
    }

    #[test]
    fn a_vault_that_is_not_there_is_no_missing_secret() {
        let told = |code: &str| {
            let body = serde_json::json!({"error": {"code": code, "message": "m"}});
            answered(StatusCode::NOT_FOUND, body.to_string().as_bytes(), "s").into_fault().remedy
        };
        assert!(told("VaultNotFound").contains("`key_vault`"));
        assert!(told("SecretNotFound").contains("the secret's name"));
    }

    #[test]
    fn the_key_in_a_connection_string_is_the_key() {
        let salt = Salt::new("00");
        let seen = |value: &str| {
            let body =
                format!(r#"{{"value":"{value}","id":"https://v/secrets/n/1","attributes":{{"created":1}}}}"#);
            view(body.as_bytes(), &salt).unwrap().fingerprint
        };
        let string = "AccountEndpoint=https://a.documents.azure.com:443/;AccountKey=a2V5LW9uZQ==;";
        assert_eq!(seen(string), KeyMaterial::new("a2V5LW9uZQ==".to_owned()).fingerprint(&salt));
        assert_eq!(seen("a2V5LW9uZQ==\\n"), seen(string));
    }

    #[test]
    fn the_dates_beside_the_value_are_read() {
        let dates = |attributes: &str| {
            let body = format!(r#"{{"value":"a","id":"https://v/secrets/n/1","attributes":{attributes}}}"#);
            let view = view(body.as_bytes(), &Salt::new("00")).unwrap();
            [view.expires, view.valid_from].map(|at| at.map(Timestamp::as_second))
        };
        assert_eq!(dates(r#"{"created":1,"exp":9,"nbf":5}"#), [Some(9), Some(5)]);
        assert_eq!(dates(r#"{"created":1}"#), [None, None]);
    }

    #[test]
    fn an_answer_that_is_not_understood_is_not_quoted() {
        let salt = Salt::new("00");
        let why = view(br#"{"value":["CANARY"],"id":"x","attributes":{"created":1}}"#, &salt).unwrap_err();
        assert!(!why.contains("CANARY"), "{why}");
        let why =
            view(br#"{"value":"CANARY","id":"https://v/secrets/n/","attributes":{"created":1}}"#, &salt);
        assert!(!why.unwrap_err().contains("CANARY"));
    }
}

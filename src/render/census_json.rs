//! `keyslot census --output json`, version 1. Additive within a major version.

use schemars::JsonSchema;
use serde::Serialize;

use super::census::{known, validity};
use super::span;
use crate::model::SignOff;
use crate::rotation::{Census, Lister, SecretReader, Signature, Signed, User};

/// What `keyslot census --output json` prints.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[schemars(title = "keyslot census", extend("$id" = "keyslot:census:1"))]
pub struct CensusV1 {
    pub version: u32,
    /// The window's beginning, RFC 3339.
    pub since: String,
    /// The time of the account's newest row, whoever asked; null where there is none.
    pub newest: Option<String>,
    /// By key, the last to use it first.
    pub users: Vec<UserV1>,
    /// Callers whose rows name no key.
    pub unnamed: Vec<UserV1>,
    /// Who read the secret from a vault, the last first.
    pub readers: Vec<ReaderV1>,
    /// Who had the account's keys listed or made anew, the last first.
    pub listers: Vec<ListerV1>,
    /// The sign-offs of the configuration, in its order.
    pub sign_offs: Vec<SignOffV1>,
    /// What the logs leave open.
    pub unknown: Vec<String>,
    /// What was not asked.
    pub not_asked: Vec<String>,
}

#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct UserV1 {
    /// `primary` or `secondary`; null where no row says the key.
    pub slot: Option<String>,
    /// `read-write` or `read-only`; null where no row says the key.
    pub access: Option<String>,
    /// Empty where the rows have none.
    pub address: String,
    pub agent: String,
    /// The known stamp that the address belongs to.
    pub stamp: Option<String>,
    /// The account's regions that served it.
    pub regions: Vec<String>,
    pub requests: u64,
    pub first: String,
    pub last: String,
    /// `moved`: it was seen with the other slot later. `gone`: it is signed off. `holds`: neither. `unknown`: no row
    /// says the key.
    pub attachment: String,
    /// The place of the sign-off that speaks of it, in `sign_offs`, whether it counts or not.
    pub sign_off: Option<usize>,
}

#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct ReaderV1 {
    /// The stamp whose vault it is.
    pub vault: String,
    /// A person's name, else the application's id, else the object's.
    pub identity: String,
    pub application: String,
    pub object: String,
    pub address: String,
    pub agent: String,
    /// A stamp's name, or `automation`; null for a stranger.
    pub known: Option<String>,
    /// What it got last: `current`, the vault's present version; `older`; or `unknown`, where the vault is not seen.
    pub got: String,
    /// Whose key that is, where it is known.
    pub slot: Option<String>,
    pub reads: u64,
    pub first: String,
    pub last: String,
    /// As a user's.
    pub attachment: String,
    pub sign_off: Option<usize>,
}

#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct ListerV1 {
    /// `list`, `list-read-only` or `regenerate`.
    pub deed: String,
    pub identity: String,
    pub application: String,
    pub object: String,
    pub address: String,
    pub known: Option<String>,
    pub times: u64,
    pub first: String,
    pub last: String,
    /// `gone`, or `may-hold`: it was given the keys, and no gate waits for it; null for `regenerate`, which gives out no key.
    pub attachment: Option<String>,
    pub sign_off: Option<usize>,
}

#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct SignOffV1 {
    /// Its patterns.
    pub whom: String,
    pub because: String,
    pub by: String,
    pub gone: String,
    pub until: String,
    /// How many of the above it speaks of.
    pub covers: usize,
    /// `good`; `expired` or `seen-since`: they hold again; `unused`: it speaks of nobody.
    pub state: String,
}

/// Puts the document together. `sign_offs` are those of the policy that the census was made under.
pub fn census_json(census: &Census, sign_offs: &[SignOff]) -> CensusV1 {
    let signatures = census.signatures.iter();
    CensusV1 {
        version: 1,
        since: span::rfc3339(census.since),
        newest: census.newest.map(span::rfc3339),
        users: census.users.iter().map(user).collect(),
        unnamed: census.unnamed.iter().map(user).collect(),
        readers: census.readers.iter().map(reader).collect(),
        listers: census.listers.iter().map(lister).collect(),
        sign_offs: signatures.filter_map(|one| Some(signed(*one, sign_offs.get(one.place)?))).collect(),
        unknown: census.unknowns.clone(),
        not_asked: Vec::new(),
    }
}

fn place(signed: Option<Signed>) -> Option<usize> {
    signed.map(|signed| signed.place)
}

fn user(user: &User) -> UserV1 {
    UserV1 {
        slot: user.kind.map(|kind| kind.slot.to_string()),
        access: user.kind.map(|kind| kind.access.to_string()),
        address: user.caller.address.clone(),
        agent: user.caller.agent.clone(),
        stamp: user.stamp.as_ref().map(ToString::to_string),
        regions: user.regions.iter().cloned().collect(),
        requests: user.count,
        first: span::rfc3339(user.first),
        last: span::rfc3339(user.last),
        attachment: user.kind.map_or("unknown", |_| user.attachment.as_str()).to_owned(),
        sign_off: place(user.signed),
    }
}

fn reader(reader: &SecretReader) -> ReaderV1 {
    ReaderV1 {
        vault: reader.vault.to_string(),
        identity: reader.identity.to_string(),
        application: reader.identity.application.clone(),
        object: reader.identity.object.clone(),
        address: reader.caller.address.clone(),
        agent: reader.caller.agent.clone(),
        known: reader.known.as_ref().map(|it| known(Some(it))),
        got: reader.got.as_str().to_owned(),
        slot: reader.slot.map(|slot| slot.to_string()),
        reads: reader.count,
        first: span::rfc3339(reader.first),
        last: span::rfc3339(reader.last),
        attachment: reader.attachment.as_str().to_owned(),
        sign_off: place(reader.signed),
    }
}

fn lister(lister: &Lister) -> ListerV1 {
    let deeds = &lister.deeds;
    ListerV1 {
        deed: deeds.deed.as_str().to_owned(),
        identity: deeds.identity.to_string(),
        application: deeds.identity.application.clone(),
        object: deeds.identity.object.clone(),
        address: deeds.address.clone(),
        known: lister.known.as_ref().map(|it| known(Some(it))),
        times: deeds.count,
        first: span::rfc3339(deeds.first),
        last: span::rfc3339(deeds.last),
        attachment: lister.attachment.map(|attachment| attachment.as_str().to_owned()),
        sign_off: place(lister.signed),
    }
}

fn signed(signature: Signature, sign_off: &SignOff) -> SignOffV1 {
    SignOffV1 {
        whom: sign_off.whom(),
        because: sign_off.because.clone(),
        by: sign_off.by.clone(),
        gone: span::rfc3339(sign_off.gone),
        until: span::rfc3339(sign_off.until),
        covers: signature.covers,
        state: validity(signature.covers, signature.validity).to_owned(),
    }
}

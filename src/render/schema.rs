//! JSON Schemas of what keyslot writes for machines, made from the structs that are written.

use schemars::generate::SchemaSettings;
use schemars::transform::RecursiveTransform;
use schemars::{JsonSchema, Schema};

use super::age_json::AgeV1;
use super::census_json::CensusV1;
use super::check_json::CheckJson;
use super::explain_json::ExplainV1;
use super::flip_json::FlipJson;
use super::plan_json::PlanJson;
use super::preflight_json::PreflightV1;
use super::procedure::ProcedureV1;
use super::rehearse_json::RehearsalV1;
use super::status_json::StatusV1;
use super::verify_json::VerifyV1;

/// Of `keyslot check --max-age AGE --output json`.
pub fn age_schema() -> Schema {
    schema_of::<AgeV1>()
}

/// Of `keyslot census --output json`.
pub fn census_schema() -> Schema {
    schema_of::<CensusV1>()
}

/// Of `keyslot check --output json`.
pub fn check_schema() -> Schema {
    schema_of::<CheckJson>()
}

/// Of `keyslot explain --output json`.
pub fn explain_schema() -> Schema {
    schema_of::<ExplainV1>()
}

/// Of `keyslot flip --output json`.
pub fn flip_schema() -> Schema {
    schema_of::<FlipJson>()
}

/// Of `keyslot check --plan FILE --output json`.
pub fn plan_schema() -> Schema {
    schema_of::<PlanJson>()
}

/// Of `keyslot plan --output json`.
pub fn preflight_schema() -> Schema {
    schema_of::<PreflightV1>()
}

/// Of `keyslot propose`, `promote` and `follow` with `--output json`.
pub fn procedure_schema() -> Schema {
    schema_of::<ProcedureV1>()
}

/// Of `keyslot rehearse --output json`.
pub fn rehearse_schema() -> Schema {
    schema_of::<RehearsalV1>()
}

/// Of `keyslot status --output json`.
pub fn status_schema() -> Schema {
    schema_of::<StatusV1>()
}

/// Of `keyslot verify --output json`.
pub fn verify_schema() -> Schema {
    schema_of::<VerifyV1>()
}

/// As it is written: what may be null is there all the same.
fn schema_of<T: JsonSchema>() -> Schema {
    let settings = SchemaSettings::draft2020_12().for_serialize().with_transform(RecursiveTransform(plain));
    settings.into_generator().into_root_schema_for::<T>()
}

/// Without the names of Rust's own number types, which JSON Schema does not know.
fn plain(schema: &mut Schema) {
    schema.remove("format");
}

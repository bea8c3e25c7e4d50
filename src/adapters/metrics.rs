//! Azure Monitor's metrics of the account: how many requests it refused, by region and minute.
//!
//! Every account has them; nothing is to be set up. `TotalRequests` is counted for the status 401 alone, so a region and a
//! minute without any are missing from the answer: what is not there was not refused, as far as the metrics have come. How
//! far that is, a second question tells: in which minute of the last hour each region was asked anything at all.

use std::collections::BTreeMap;

use futures::future::try_join;
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use url::Url;

use super::arm::ArmAccess;
use super::arm_pages::Asking;
use crate::model::{AccountId, Blindness, MetricsView, RefusedMinute};
use crate::ports::Fault;

const VERSION: &str = "2024-02-01";

const WHAT: &str = "ask for the account's metrics";

const METRIC: &str = "TotalRequests";

/// The service's word for a metric that it could tell.
const SUCCESS: &str = "Success";

/// Which minutes: those with refused requests, and those with any.
const REFUSED: &str = "StatusCode eq '401' and Region eq '*'";
const ANY: &str = "Region eq '*'";

/// How far back the newest request of any kind is looked for.
const RECENT: SignedDuration = SignedDuration::from_hours(1);

/// Series at most; an account has not that many regions.
const TOP: usize = 1000;

const MAY_READ: &str =
    "assign “Monitoring Reader” or “Reader” on the account, for it takes Microsoft.Insights/metrics/read";

/// The metrics of one account.
pub struct Metrics {
    access: ArmAccess,
    /// As `https://management.azure.com`.
    endpoint: Url,
    account: AccountId,
}

#[derive(Deserialize)]
struct Answer {
    value: Vec<Metric>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Metric {
    name: Text,
    #[serde(default)]
    timeseries: Vec<Series>,
    #[serde(default)]
    error_code: String,
    #[serde(default)]
    error_message: String,
}

#[derive(Deserialize)]
struct Series {
    #[serde(default)]
    metadatavalues: Vec<Dimension>,
    #[serde(default)]
    data: Vec<Point>,
}

#[derive(Deserialize)]
struct Dimension {
    name: Text,
    value: String,
}

#[derive(Deserialize)]
struct Text {
    value: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Point {
    time_stamp: Timestamp,
    /// Absent where nobody counted anything.
    count: Option<f64>,
}

impl Metrics {
    /// `access` brings the token of Azure Resource Manager.
    pub fn new(access: ArmAccess, endpoint: Url, account: AccountId) -> Metrics {
        Metrics { access, endpoint, account }
    }

    fn asking(&self) -> Asking<'_> {
        Asking { access: &self.access, what: WHAT, subject: &self.account.name }
    }

    fn address(&self, which: &str, since: Timestamp, until: Timestamp) -> Result<Url, Fault> {
        let path = format!("{}/providers/Microsoft.Insights/metrics", self.account.resource_id());
        let mut url = self.endpoint.join(&path).map_err(|error| self.asking().unclear(error.to_string()))?;
        url.query_pairs_mut()
            .append_pair("api-version", VERSION)
            .append_pair("metricnames", METRIC)
            .append_pair("timespan", &format!("{since}/{until}"))
            .append_pair("interval", "PT1M")
            .append_pair("aggregation", "Count")
            .append_pair("$filter", which)
            .append_pair("top", &TOP.to_string());
        Ok(url)
    }

    /// The minutes since then in which requests were refused, and how far the metrics have come.
    ///
    /// # Errors
    /// No answer, one that is not understood, or one that is not whole.
    pub async fn refusals(&self, since: Timestamp) -> Result<MetricsView, Fault> {
        let now = self.access.clock.now();
        let recent = now.checked_sub(RECENT).unwrap_or(since).max(since);
        let (refused, any) = try_join(self.ask(REFUSED, since, now), self.ask(ANY, recent, now)).await?;
        let mut told: BTreeMap<String, Timestamp> = BTreeMap::new();
        for RefusedMinute { region, begin, .. } in any {
            let newest = told.entry(region).or_insert(begin);
            *newest = (*newest).max(begin);
        }
        Ok(MetricsView { since, refused, told })
    }

    async fn ask(
        &self,
        which: &str,
        since: Timestamp,
        until: Timestamp,
    ) -> Result<Vec<RefusedMinute>, Fault> {
        let url = self.address(which, since, until)?;
        let answer = self.asking().one::<Answer>(&url).await.map_err(|fault| match fault.kind {
            Blindness::Forbidden => fault.remedy(MAY_READ),
            _ => fault,
        })?;
        counted(answer).map_err(|why| self.asking().unclear(why))
    }
}

/// The minutes of an answer in which anything was counted.
fn counted(answer: Answer) -> Result<Vec<RefusedMinute>, String> {
    let metric = answer.value.into_iter().find(|metric| metric.name.value.eq_ignore_ascii_case(METRIC));
    let metric = metric.ok_or_else(|| format!("the answer does not tell {METRIC}"))?;
    if !metric.error_code.is_empty() && !metric.error_code.eq_ignore_ascii_case(SUCCESS) {
        return Err(format!("{METRIC} is not told: {} {}", metric.error_code, metric.error_message));
    }
    if metric.timeseries.len() >= TOP {
        return Err(format!("the answer may not be whole: it has {TOP} series"));
    }
    let mut minutes = Vec::new();
    for series in metric.timeseries {
        let region = series.metadatavalues.iter().find(|it| it.name.value.eq_ignore_ascii_case("region"));
        let region = region.ok_or("a series names no region")?;
        for point in &series.data {
            let count = whole(point.count.unwrap_or_default())?;
            if count > 0 {
                let (region, begin) = (region.value.clone(), point.time_stamp);
                minutes.push(RefusedMinute { region, begin, count });
            }
        }
    }
    minutes.sort();
    Ok(minutes)
}

/// Counts come as numbers with a fraction of zero.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
fn whole(count: f64) -> Result<u64, String> {
    if count.is_finite() && (0.0..1e15).contains(&count) {
        Ok(count.ceil() as u64)
    } else {
        Err(format!("{count} is no number of requests"))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn read(metric: &Value) -> Result<Vec<RefusedMinute>, String> {
        counted(serde_json::from_value(json!({ "value": [metric] })).unwrap())
    }

    fn metric(series: &Value) -> Value {
        json!({ "name": { "value": "TotalRequests" }, "errorCode": "Success", "timeseries": series })
    }

    fn series(region: &str, counts: &[(&str, Value)]) -> Value {
        let points = counts.iter().map(
            |(minute, count)| json!({ "timeStamp": format!("2026-11-01T10:{minute}:00Z"), "count": count }),
        );
        json!({
            "metadatavalues": [
                { "name": { "value": "statuscode" }, "value": "401" },
                { "name": { "value": "region" }, "value": region },
            ],
            "data": points.collect::<Vec<_>>(),
        })
    }

    #[test]
    fn minutes_with_refused_requests_are_told_by_region_and_others_are_not() {
        let north = series("North Europe", &[("00", json!(0.0)), ("01", json!(3.0)), ("02", Value::Null)]);
        let told = read(&metric(&json!([north, series("East US 2", &[("01", json!(1.0))])]))).unwrap();
        let told: Vec<(&str, u64)> = told.iter().map(|it| (it.region.as_str(), it.count)).collect();
        assert_eq!(told, [("East US 2", 1), ("North Europe", 3)]);
        assert_eq!(read(&metric(&json!([]))).unwrap(), []);
    }

    #[test]
    fn what_may_not_be_whole_is_no_evidence() {
        let mut failed = metric(&json!([]));
        failed["errorCode"] = json!("InvalidSamplingType");
        assert!(read(&failed).unwrap_err().contains("InvalidSamplingType"));
        let nameless = json!([{ "metadatavalues": [], "data": [] }]);
        assert!(read(&metric(&nameless)).is_err());
        assert!(read(&metric(&json!(vec![series("East US 2", &[]); TOP]))).is_err());
        assert!(read(&json!({ "name": { "value": "DataUsage" } })).is_err());
        assert!(read(&metric(&json!([series("East US 2", &[("01", json!(-1.0))])]))).is_err());
    }
}

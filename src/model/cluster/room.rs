//! Room in a cluster: what quotas leave, what autoscalers are about, and how many evictions budgets allow.
//!
//! Amounts are Kubernetes quantities (<https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/>),
//! kept in thousandths. Each part may be unknown by itself: few roles let one read quotas.

use std::fmt;

use super::super::{Blind, WorkloadName};

/// An amount of what a quota counts, in thousandths of it, never negative. Beyond 16 PB there is only more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Amount(u64);

/// What one pod takes; `None` where not each of its containers names an amount.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct PodAsks {
    pub cpu: Option<Amount>,
    pub memory: Option<Amount>,
    pub cpu_limit: Option<Amount>,
    pub memory_limit: Option<Amount>,
}

/// How much of a quota's resource one more pod takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Takes {
    /// It does not count.
    Nothing,
    Some(Amount),
    /// Under such a quota a pod has to name the amount, and this one does not: none is admitted.
    Unnamed,
}

/// One resource of a quota.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QuotaLine {
    /// As the API names it: `pods`, `requests.cpu`, `limits.memory`.
    pub resource: String,
    pub hard: Amount,
    pub used: Amount,
}

/// A ResourceQuota.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QuotaView {
    pub namespace: String,
    pub name: String,
    /// Which pods it counts; all where empty. A selector of priorities is `PriorityClass`.
    pub scopes: Vec<String>,
    pub lines: Vec<QuotaLine>,
}

/// A HorizontalPodAutoscaler of a workload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AutoscalerView {
    pub name: String,
    pub target: WorkloadName,
    pub most: u32,
    /// How many it wants now, within its limits.
    pub desired: u32,
    /// Whether it would want more than its limit allows.
    pub limited: bool,
}

/// A PodDisruptionBudget.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BudgetView {
    pub namespace: String,
    pub name: String,
    /// So many pods may be evicted now.
    pub allowed: u32,
}

/// What is known of the room in a cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoomView {
    pub quotas: Result<Vec<QuotaView>, Blind>,
    pub autoscalers: Result<Vec<AutoscalerView>, Blind>,
}

/// Nothing limits anything.
impl Default for RoomView {
    fn default() -> RoomView {
        RoomView { quotas: Ok(Vec::new()), autoscalers: Ok(Vec::new()) }
    }
}

impl Amount {
    pub fn whole(count: u64) -> Amount {
        Amount(count.saturating_mul(1000))
    }

    pub fn milli(thousandths: u64) -> Amount {
        Amount(thousandths)
    }

    /// A quantity, rounded up to a thousandth; `None` for what is none, or is negative.
    pub fn parse(text: &str) -> Option<Amount> {
        let ends = text.find(|letter: char| !letter.is_ascii_digit() && letter != '.').unwrap_or(text.len());
        let (number, suffix) = text.split_at(ends);
        let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
        let digits: u128 = format!("{whole}{fraction}").parse().ok()?;
        let (times, over) = scale(suffix)?;
        let over = over.checked_mul(10_u128.checked_pow(u32::try_from(fraction.len()).ok()?)?)?;
        let milli = digits.checked_mul(1000)?.checked_mul(times)?.div_ceil(over);
        Some(Amount(u64::try_from(milli).unwrap_or(u64::MAX)))
    }

    pub fn is_zero(self) -> bool {
        self.0 == 0
    }

    /// What is left of it; nothing where more was taken.
    pub fn less(self, taken: Amount) -> Amount {
        Amount(self.0.saturating_sub(taken.0))
    }

    pub fn plus(self, more: Amount) -> Amount {
        Amount(self.0.saturating_add(more.0))
    }

    /// How often that fits in.
    pub fn holds(self, each: Amount) -> u128 {
        self.0.checked_div(each.0).map_or(u128::MAX, u128::from)
    }
}

/// By what a suffix multiplies, and divides.
fn scale(suffix: &str) -> Option<(u128, u128)> {
    let power = |base: u128, exponent: u32| base.checked_pow(exponent);
    let times = match suffix {
        "n" => return Some((1, 1_000_000_000)),
        "u" => return Some((1, 1_000_000)),
        "m" => return Some((1, 1_000)),
        "" => 1,
        "k" => 1_000,
        "M" => power(10, 6)?,
        "G" => power(10, 9)?,
        "T" => power(10, 12)?,
        "P" => power(10, 15)?,
        "E" => power(10, 18)?,
        "Ki" => power(1024, 1)?,
        "Mi" => power(1024, 2)?,
        "Gi" => power(1024, 3)?,
        "Ti" => power(1024, 4)?,
        "Pi" => power(1024, 5)?,
        "Ei" => power(1024, 6)?,
        other => {
            let exponent: i32 = other.strip_prefix(['e', 'E'])?.parse().ok()?;
            let size = power(10, exponent.unsigned_abs())?;
            return Some(if exponent < 0 { (1, size) } else { (size, 1) });
        }
    };
    Some((times, 1))
}

/// As people write it: `3`, `500m`, `2Gi`.
impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Amount(milli) = self;
        let whole = milli / 1000;
        match (milli % 1000, whole) {
            (0, whole) if whole > 0 && whole % 1024_u64.pow(3) == 0 => {
                write!(f, "{}Gi", whole / 1024_u64.pow(3))
            }
            (0, whole) if whole > 0 && whole % 1024_u64.pow(2) == 0 => {
                write!(f, "{}Mi", whole / 1024_u64.pow(2))
            }
            (0, whole) => write!(f, "{whole}"),
            (_, _) => write!(f, "{milli}m"),
        }
    }
}

impl PodAsks {
    pub fn takes(&self, resource: &str) -> Takes {
        let named = |amount: Option<Amount>| amount.map_or(Takes::Unnamed, Takes::Some);
        match resource {
            "pods" | "count/pods" => Takes::Some(Amount::whole(1)),
            "cpu" | "requests.cpu" => named(self.cpu),
            "memory" | "requests.memory" => named(self.memory),
            "limits.cpu" => named(self.cpu_limit),
            "limits.memory" => named(self.memory_limit),
            _ => Takes::Nothing,
        }
    }

    /// Whether nothing is named at all: the class of pods that is ended first where a node runs short.
    fn is_best_effort(&self) -> bool {
        [self.cpu, self.memory, self.cpu_limit, self.memory_limit].iter().all(Option::is_none)
    }
}

impl QuotaView {
    /// Whether it counts a workload's pod that asks so. What it selects by priority is not known, and not said to.
    pub fn counts(&self, asks: &PodAsks) -> bool {
        self.scopes.iter().all(|scope| match scope.as_str() {
            "NotTerminating" => true,
            "BestEffort" => asks.is_best_effort(),
            "NotBestEffort" => !asks.is_best_effort(),
            _ => false,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantities_are_read_in_every_notation() {
        let milli = |text: &str| Amount::parse(text).map(|Amount(milli)| milli);
        for (text, expected) in [
            ("3", 3_000),
            ("0", 0),
            ("500m", 500),
            ("1.5", 1_500),
            (".5", 500),
            ("0.0001", 1),
            ("100u", 1),
            ("1n", 1),
            ("2k", 2_000_000),
            ("1Ki", 1_024_000),
            ("1.5Gi", 1_610_612_736_000),
            ("128974848", 128_974_848_000),
            ("129e6", 129_000_000_000),
            ("129E6", 129_000_000_000),
            ("1E", u64::MAX),
            ("5e-1", 500),
        ] {
            assert_eq!(milli(text), Some(expected), "{text}");
        }
        for text in ["", "-1", "m", "1x", "1.2.3", "1e", "1e999", "٣"] {
            assert_eq!(milli(text), None, "{text}");
        }
    }

    #[test]
    fn amounts_are_shown_as_people_write_them() {
        for text in ["3", "500m", "1500m", "2Gi", "512Mi", "0", "1000"] {
            assert_eq!(Amount::parse(text).unwrap().to_string(), text);
        }
    }

    #[test]
    fn scopes_say_which_pods_count() {
        let quota = |scopes: &[&str]| QuotaView {
            namespace: "n".into(),
            name: "q".into(),
            scopes: scopes.iter().map(|scope| (*scope).to_owned()).collect(),
            lines: Vec::new(),
        };
        let (idle, busy) =
            (PodAsks::default(), PodAsks { cpu: Some(Amount::whole(1)), ..PodAsks::default() });
        for (scopes, of_idle, of_busy) in [
            (&[] as &[&str], true, true),
            (&["NotTerminating"], true, true),
            (&["Terminating"], false, false),
            (&["BestEffort"], true, false),
            (&["NotBestEffort", "NotTerminating"], false, true),
            (&["PriorityClass"], false, false),
        ] {
            assert_eq!(
                (quota(scopes).counts(&idle), quota(scopes).counts(&busy)),
                (of_idle, of_busy),
                "{scopes:?}"
            );
        }
    }
}

//! Pods that wait for room: what the scheduler says of the nodes while it finds a place on none of them.
//!
//! Whose pods they are does not matter. Whatever a restart frees, the scheduler may give to one of them, and a pod that is to
//! come in its place joins the queue behind them. A pod that only a selector, a taint, an affinity or a volume keeps away says
//! nothing of the room, and one that waits for another resource than every pod takes (a GPU) says nothing to others.

use super::symptom::harmless;

/// Pods that are named; of the others only their number is kept.
const NAMED: usize = 3;

/// What the scheduler says of nodes where something that every pod takes has run out.
const SHORT: [&str; 3] = ["Insufficient cpu", "Insufficient memory", "Too many pods"];

/// All of them in a cluster, as far as they were seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unplaced {
    pub count: usize,
    /// The first few, as `NAMESPACE/NAME`.
    pub pods: Vec<String>,
    /// The scheduler's own words about the first.
    pub message: String,
}

impl Unplaced {
    /// Counts these pods, each by its full name with the scheduler's words. `None` where no room is short for any of them.
    pub fn among<'a>(waiting: impl Iterator<Item = (String, &'a str)>) -> Option<Unplaced> {
        let mut found: Option<Unplaced> = None;
        for (pod, message) in waiting.filter(|(_, message)| tells_no_room(message)) {
            let message = || Unplaced { count: 0, pods: Vec::new(), message: harmless(message) };
            let found = found.get_or_insert_with(message);
            found.count += 1;
            if found.pods.len() < NAMED {
                found.pods.push(pod);
            }
        }
        found
    }
}

/// Whether the scheduler found nodes on which room is short. What it says of evictions behind that repeats nodes that were
/// left out for other reasons.
fn tells_no_room(message: &str) -> bool {
    let nodes = message.split("preemption:").next().unwrap_or_default();
    SHORT.iter().any(|short| nodes.contains(short))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_every_pod_takes_counts_as_room() {
        for (message, short) in [
            ("0/3 nodes are available: 3 Insufficient cpu. preemption: 0/3 nodes are available", true),
            ("0/3 nodes are available: 1 Insufficient memory, 2 node(s) had untolerated taint {a: b}.", true),
            ("0/3 nodes are available: 1 Too many pods, 2 node(s) were unschedulable.", true),
            ("0/3 nodes are available: 3 Insufficient nvidia.com/gpu.", false),
            ("0/3 nodes are available: 3 node(s) didn't match Pod's node affinity/selector.", false),
            ("0/1 nodes are available: 1 node(s) had volume node affinity conflict.", false),
            ("0/2 nodes are available: 2 node(s) had untolerated taint. preemption: Insufficient cpu", false),
            ("", false),
        ] {
            assert_eq!(tells_no_room(message), short, "{message}");
        }
    }

    #[test]
    fn the_first_few_are_named_and_all_are_counted() {
        let full = "0/3 nodes are available: 3 Insufficient cpu.";
        let waiting = (0..1000).map(|number| {
            (format!("shop/p-{number}"), if number == 0 { "3 node(s) were unschedulable" } else { full })
        });
        let found = Unplaced::among(waiting).unwrap();
        assert_eq!((found.count, found.message.as_str()), (999, full));
        assert_eq!(found.pods, ["shop/p-1", "shop/p-2", "shop/p-3"]);
        assert_eq!(Unplaced::among(std::iter::empty()), None);
    }
}

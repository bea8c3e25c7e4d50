//! The journal: a log of numbered records in an object store, and the lease that lives in it.
//!
//! A record is written create-only. Whoever writes number n+1 first, wins; the other reads again and decides
//! again. Nothing is ever changed or deleted. The journal does not know what its events mean: it carries any
//! type that serde can carry, and refuses what it cannot read instead of passing over it.
//!
//! | our term | what it means |
//! | --- | --- |
//! | record | one JSON object under one number: format, number, writer, world time, event |
//! | store | where records lie: a folder, Azure Blob Storage, S3, Google Cloud Storage, memory |
//! | writer | one opening of the journal; its nonce tells its own records from everyone else's |
//! | lease | the right to act until a moment, as the last lease record in the log gives it |

mod error;
mod fault;
mod folder;
mod lease;
mod log;
mod memory;
mod object;
mod place;
mod record;
mod remote;
mod store;
#[cfg(test)]
mod tests;

pub use error::JournalError;
pub use lease::{Lease, LeaseChange, LeaseEvent, LeaseMove, LeaseTerms, current_lease, held_by, next_move};
pub use log::Journal;
pub use memory::{MemoryFault, MemoryStore};
pub use place::{PlaceError, StorePlace, open_store};
pub use record::{Event, Format, KNOWN_FORMAT, Record, Seq};
pub use remote::{Remote, StorageTokens};
pub use store::{Created, RecordStore, Stored};

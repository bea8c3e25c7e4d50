//! Terraform: text in, values out. No IO: whoever calls brings the files' bytes and takes new ones away.
//!
//! ```text
//! bytes → glance (does it matter?) → source → parse (own threads) → walk → facts of a file
//!       → demand (which other files matter?) → … until no more do
//!       → resolve (accounts, aliases, names on offer) → references, opaque reads → claim, flip → edit → bytes
//! ```
//!
//! Invariants: comments and plain text are never references; what cannot be told is [`OpaqueRead`] and makes a
//! claim unknown and a flip refused; a flip changes the tokens that it lists and no other byte, which is checked
//! by parsing the result.

mod account;
mod attribute;
mod claim;
mod declare;
mod demand;
mod edit;
mod facts;
mod flip;
mod glance;
mod json;
mod key_read;
mod links;
mod object;
mod offer;
mod parse;
mod reading;
mod reference;
mod refusal;
mod resolve;
mod role;
mod source;
mod syntax;
#[cfg(test)]
mod tests;
mod tree;
mod walk;
mod words;

pub use account::{Account, AccountKey, JoinReason, Symbol};
pub use claim::{claim, claim_of};
pub use edit::{Edit, EditError};
pub use facts::SymbolKind;
pub use flip::{Flip, flip, plan, refusals, select};
pub use glance::Glance;
pub use links::Links;
pub use parse::ParseFailure;
pub use reading::{Failures, Glanced, Look, Reading};
pub use reference::{OpaqueRead, Reference, Role};
pub use refusal::Refusal;
pub use source::{Digest, MAX_BYTES, Position, Source};
pub use syntax::{Syntax, is_installed};
pub use tree::{Tree, Unparsed, UnreadFile};

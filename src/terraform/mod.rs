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
mod allowed;
mod attribute;
mod balance;
mod beyond;
mod by_name;
mod chooser;
mod circle;
mod claim;
mod comment;
mod companion;
mod copied;
mod declared;
mod delivery;
mod demand;
mod doubts;
mod driven;
mod edit;
mod either;
mod elsewhere;
mod entry;
mod exclusive;
mod facts;
mod flip;
mod flow;
mod folders;
mod generated;
mod glance;
mod groups;
mod hindrance;
mod identity;
mod ignored;
mod instance;
mod itself;
mod json;
mod json_string;
mod key_read;
mod known;
mod links;
mod literal;
mod misfits;
mod naming;
mod numbered;
mod object;
mod offer;
mod origin;
pub mod outputs;
mod parse;
mod paths;
pub mod plan;
mod reading;
mod receiver;
mod reference;
mod refusal;
mod resolve;
mod role;
mod runs;
mod select;
mod service;
mod siblings;
mod source;
mod states;
mod syntax;
mod template;
mod terragrunt;
#[cfg(test)]
mod tests;
mod together;
mod tree;
mod twice;
mod value;
mod verify;
mod version;
mod walk;
mod words;

pub use account::{Account, AccountKey, JoinReason, Symbol};
pub use allowed::AllowedOpaque;
pub use beyond::{Beyond, beyond};
pub use chooser::Chooser;
pub use circle::leading_into_circles;
pub use claim::{Question, claim, claim_of};
pub use comment::{Comment, comments};
pub use companion::Companion;
pub use copied::{Copied, copied};
pub use declared::{Declared, DeclaredAccount, Written};
pub use driven::Driven;
pub use edit::{Edit, EditError, splice};
pub use facts::{Argument, Block, SymbolKind, WRITE_ONLY, versions_of};
pub use flip::{Flip, flip, plan, plan_allowing};
pub use flow::{Back, Flow, Hop, Sink, SinkKind};
pub use glance::Glance;
pub use hindrance::refusals;
pub use ignored::ignored_flows;
pub use instance::{Call, Instance};
pub use links::Links;
pub use literal::{key_literals, mask, may_hold_key};
pub use misfits::{Contested, Misfits, NoMirror, Unused};
pub use parse::ParseFailure;
pub use paths::{climbed, is_outside, local_folder, relative};
pub use reading::{Failures, Glanced, Look, Reading};
pub use reference::{Counterpart, OpaqueRead, Reference, Role, TakesBoth};
pub use refusal::{AlsoDecided, NotRaised, Refusal, SharedBy};
pub use select::{every, no_account, select, select_all};
pub use service::{says_another, says_cosmos};
pub use source::{Digest, MAX_BYTES, Position, Source};
pub use syntax::{Syntax, is_installed};
pub use terragrunt::Lost;
pub use together::together;
pub use tree::{Tree, Unparsed, UnreadFile};
pub use value::Value;

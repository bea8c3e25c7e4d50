//! Expressions that may read a key, and all that is told of where they stand.

use std::ops::Range;

use super::Binding;
use super::choice::{Asked, Branch};
use super::object::Object;

/// One expression that may read a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Read {
    pub object: Object,
    /// The whole expression.
    pub span: Range<usize>,
    pub binding: Binding,
    /// The conditionals and computed lookups that decide whether this read takes effect.
    pub choices: Vec<Branch>,
    /// The conditions under which the blocks are there that it stands in.
    pub exists: Vec<Asked>,
    /// The choice by which it picks an element, where that goes by a name: `local.keys[var.slot]`.
    pub picks: Option<u32>,
    /// Where the value of the argument or entry starts that it is part of.
    pub value: usize,
    /// Whether it is the whole value of an argument or an entry, and not part of an expression.
    pub plain: bool,
    /// Naming an object here hands nothing of it on (`depends_on`, `for_each`, `length(…)`, an alias).
    pub mention: bool,
    /// Whether its elements are read where a name stands for them, which a loop or a repeated block goes by: naming it here
    /// hands none on.
    pub looped: bool,
    /// Whether an expression around it picks from what it gathers, or passes over some of it: `reverse(…)[0]`,
    /// `[for … if …]`.
    pub sifted: bool,
    /// Whether a `for` around it leaves elements out by a condition.
    pub filtered: bool,
    /// Whether it stands in an entry of a collection that is picked from where it is written.
    pub is_entry: bool,
    /// What tells the nested block or object that it stands in from others beside it: how many words of the binding lead
    /// there, and what it calls itself.
    pub label: Option<(usize, String)>,
    /// Whether all of it goes on as it is: what it holds keeps its names, and nothing is taken out.
    pub entire: bool,
    /// Names that stand in its place, of what is merged over it.
    pub overridden: Vec<String>,
    /// Whether it is only compared, counted or asked for: what comes of that holds nothing of the value.
    pub tested: bool,
    /// Whether it stands in an entry of an object that a later one of the same name replaces: dead text.
    pub replaced: bool,
    /// What the nested block or object is called whose value it is: `setting { name = "…" value = … }`.
    pub called: Option<String>,
    /// Whether it stands in a text beside the endpoint of an account: `AccountEndpoint=…`.
    pub beside_endpoint: bool,
    /// Whether something else is taken, and nothing said, where there is no such value (`try`, `lookup` with a default).
    pub masked: bool,
    /// Whether it is taken only where what stands before it in `try` or `coalesce` is not there.
    pub fallback: bool,
    /// What an expression around it makes other names of.
    pub remade: Option<Remade>,
}

/// Names that may be others in what an expression makes: `values(…)`, `reverse(…)[0]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Remade {
    /// From which word of the binding on.
    pub from: usize,
    /// Whether those of the binding are told, as they are written there: what lies below them is not.
    pub told: bool,
}

//! What code that is written out of a Terragrunt configuration reads: keys whose place is known, and that no flip edits.
//!
//! Such a read is opaque: which file it becomes part of, and what that file's folder says of the names in it, is seen
//! only when Terragrunt has run.

use std::collections::BTreeSet;
use std::ops::Range;

use super::account::Account;
use super::attribute::key_attribute;
use super::declared::Declared;
use super::facts::{Base, Facts, SymbolKind};
use super::parse::Parsed;
use super::reference::OpaqueRead;
use super::resolve::{Resolved, resolve};
use super::service::says_cosmos;
use super::source::Source;
use super::syntax::Syntax;
use crate::model::Access;

/// A text that becomes code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Generated {
    /// Bytes of the file, as many as the text has.
    pub span: Range<usize>,
    pub text: String,
    /// What it says, its places those of the file; absent where it does not parse as code.
    pub facts: Option<Facts>,
}

/// The reads of keys in the code that files generate. `accounts` are those of the tree.
pub fn reads(sources: &[Source], parsed: &[Parsed], accounts: &[Account]) -> Vec<OpaqueRead> {
    let mut reads = Vec::new();
    for (file, (source, facts)) in sources.iter().zip(parsed).enumerate() {
        let generated = facts.iter().flat_map(|facts| &facts.generated);
        for Read { span, account, access, why } in generated.flat_map(|code| code.reads(source)) {
            let account = account.and_then(|name| accounts.iter().position(|it| it.key.as_str() == name));
            let position = source.position(span.start);
            reads.push(OpaqueRead { file, span, position, account, access, why });
        }
    }
    reads
}

struct Read {
    span: Range<usize>,
    /// What the account is called, where that is known.
    account: Option<String>,
    access: Option<Access>,
    why: String,
}

impl Generated {
    fn reads(&self, source: &Source) -> Vec<Read> {
        let Some(facts) = &self.facts else { return self.guessed().into_iter().collect() };
        // As a file of its own, in which every place is what it is here.
        let path = format!("{}.tf", source.path());
        let text = " ".repeat(self.span.start) + &self.text;
        let code = [Source::of(&path, Syntax::Native, text.into_bytes())];
        let Resolved { accounts, references, opaque, .. } =
            resolve(&code, &[Ok(facts.clone())], &BTreeSet::new(), &Declared::default());
        let name = |account: usize| accounts.get(account).map(|account| account.key.to_string());
        // Which key a variable holds is told where it gets its value.
        let own = references.iter().filter(|reference| reference.symbol.kind != SymbolKind::Variable);
        let own = own.map(|reference| Read {
            span: reference.span.clone(),
            account: name(reference.account),
            access: Some(reference.access),
            why: format!(
                "the code that is generated here reads `{}`, and no flip changes it",
                reference.attribute
            ),
        });
        let of_variable = |span: &Range<usize>| {
            let mut reads = facts.reads.iter().filter(|read| read.span == *span);
            reads.any(|read| read.object.base == Base::Variable)
        };
        let opaque = opaque.iter().filter(|read| !of_variable(&read.span)).map(|read| Read {
            span: read.span.clone(),
            account: read.account.and_then(name),
            access: read.access,
            why: format!("in the code that is generated here, {}", read.why),
        });
        own.chain(opaque).collect()
    }

    /// Of a text that is no code as it stands.
    fn guessed(&self) -> Option<Read> {
        let mut words = self.text.split(|c: char| !(c.is_alphanumeric() || c == '_'));
        let may = says_cosmos(&self.text) && words.any(|word| key_attribute(word).is_some());
        let why =
            "the code that is generated here is not known from the text, and speaks of a key".to_owned();
        may.then(|| Read { span: self.span.clone(), account: None, access: None, why })
    }
}

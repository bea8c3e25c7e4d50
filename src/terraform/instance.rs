//! Which run of a folder's code is meant, and which instance of a repeated block.
//!
//! What is left open stands for all of them: an instance that is not named, a call that is not known. Which of them
//! there are is worked out in [`super::runs`].

use std::fmt;

use super::account::Symbol;

/// One of the instances of a block with `count` or `for_each`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Instance {
    Index(u64),
    Key(String),
}

impl Instance {
    /// What `each.key` or `count.index` is there.
    pub fn text(&self) -> String {
        match self {
            Instance::Index(index) => index.to_string(),
            Instance::Key(key) => key.clone(),
        }
    }
}

/// As Terraform writes it behind the block's name.
impl fmt::Display for Instance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Instance::Index(index) => write!(f, "[{index}]"),
            Instance::Key(key) => write!(f, "[{key:?}]"),
        }
    }
}

/// One `module` block, or one of its instances: a run of the module's code.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Call {
    /// Where the block stands.
    pub folder: String,
    /// Empty where a terragrunt configuration runs the code; the path of a variables file where the code is run with that,
    /// and `NO_FILE` where it is run with none.
    pub name: String,
    /// Absent for all of them.
    pub instance: Option<Instance>,
    /// The run of the folder in which the block stands; absent for all of them.
    pub via: Option<Box<Call>>,
}

/// What a run of code is called that is given no variables file; no module has such a name.
const NO_FILE: &str = "no variables file";

impl Call {
    pub fn new(folder: &str, name: &str) -> Call {
        Call { folder: folder.to_owned(), name: name.to_owned(), instance: None, via: None }
    }

    /// A run of code for which others are with variables files.
    pub fn without_file(folder: &str) -> Call {
        Call::new(folder, NO_FILE)
    }

    /// Whether a terragrunt configuration runs the code.
    pub fn is_of_terragrunt(&self) -> bool {
        self.name.is_empty()
    }

    /// Whether the code is run by itself, with a variables file, or with none where others are.
    pub fn is_of_file(&self) -> bool {
        self.name == NO_FILE || self.name.ends_with(".tfvars") || self.name.ends_with(".tfvars.json")
    }

    /// The run of the outermost code, where that is one with a variables file, or with none (`NO_FILE`).
    pub fn with_file(&self) -> Option<&Call> {
        match self.caller() {
            Some(caller) => caller.with_file(),
            None => Some(self).filter(|_| self.is_of_file()),
        }
    }

    /// The same made in a run of its folder.
    pub fn within(self, run: Option<Call>) -> Call {
        Call { via: run.map(Box::new), ..self }
    }

    /// The run of the folder in which its block stands.
    pub fn caller(&self) -> Option<&Call> {
        self.via.as_deref()
    }

    /// The same for all instances of it and of those that it is made in.
    pub fn of_all_instances(&self) -> Call {
        let via = self.caller().map(|call| Box::new(call.of_all_instances()));
        Call { instance: None, via, ..self.clone() }
    }

    /// The same in the run of the outermost folder in which a symbol is read, where that is not known yet.
    pub(super) fn made_as(mut self, symbol: &Symbol) -> Call {
        let mut outermost = &self;
        while let Some(caller) = outermost.caller() {
            outermost = caller;
        }
        let folder = outermost.folder.clone();
        if let Some(run) = symbol.run_of(&folder) {
            self.made_in(&folder, run.clone());
        }
        self
    }

    /// Says in which run its outermost block stands, where that is not known yet and it stands in this folder.
    pub fn made_in(&mut self, folder: &str, run: Call) {
        match &mut self.via {
            Some(via) => via.made_in(folder, run),
            None if self.folder == folder => self.via = Some(Box::new(run)),
            None => {}
        }
    }
}

/// Whether a run may be the one that is meant, where what is left open stands for all.
pub fn admits(meant: Option<&Call>, run: Option<&Call>) -> bool {
    let (Some(meant), Some(run)) = (meant, run) else { return true };
    (&meant.folder, &meant.name) == (&run.folder, &run.name)
        && is_meant(meant.instance.as_ref(), run.instance.as_ref())
        && admits(meant.caller(), run.caller())
}

/// The same for instances of a block.
pub fn is_meant(meant: Option<&Instance>, instance: Option<&Instance>) -> bool {
    meant.is_none() || instance.is_none() || meant == instance
}

impl fmt::Display for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.folder.as_str(), self.name.as_str()) {
            (_, file) if self.is_of_file() => f.write_str(file)?,
            ("", name) => write!(f, "module.{name}")?,
            (folder, "") => f.write_str(folder)?,
            (folder, name) => write!(f, "{folder}:module.{name}")?,
        }
        self.instance.iter().try_for_each(|instance| write!(f, "{instance}"))?;
        self.caller().map_or(Ok(()), |caller| write!(f, " of {caller}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(name: &str, instance: Option<&str>) -> Call {
        let instance = instance.map(|key| Instance::Key(key.to_owned()));
        Call { instance, ..Call::new("", name) }
    }

    #[test]
    fn what_is_left_open_stands_for_all() {
        let run = Call::new("a", "m").within(Some(call("a", Some("eu"))));
        for (meant, is) in [
            (None, true),
            (Some(Call::new("a", "m")), true),
            (Some(Call::new("a", "m").within(Some(call("a", None)))), true),
            (Some(run.clone()), true),
            (Some(Call::new("a", "n")), false),
            (Some(Call::new("a", "m").within(Some(call("a", Some("us"))))), false),
            (Some(Call::new("a", "m").within(Some(call("b", None)))), false),
        ] {
            assert_eq!(admits(meant.as_ref(), Some(&run)), is, "{meant:?}");
        }
    }

    #[test]
    fn a_run_is_spelt_from_the_inside_out() {
        let run = Call::new("a", "m").within(Some(call("a", Some("e\"u"))));
        assert_eq!(run.to_string(), r#"a:module.m of module.a["e\"u"]"#);
        assert_eq!(run.of_all_instances().to_string(), "a:module.m of module.a");
        assert_eq!(Call::new("live/app", "").to_string(), "live/app");
        assert_eq!(Instance::Index(3).to_string(), "[3]");
    }
}

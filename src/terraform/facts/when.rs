//! Which values of what a choice goes by lead to a branch.

/// When a branch of a choice takes effect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum When {
    /// The chooser has this value.
    Is(String),
    /// It has any other.
    IsNot(String),
    /// It has one of these.
    Among(Vec<String>),
    /// It has none of these.
    NotAmong(Vec<String>),
    Unknown,
}

impl When {
    pub fn is(&self, value: &str) -> bool {
        match self {
            When::Is(text) => text == value,
            When::IsNot(text) => text != value,
            When::Among(texts) => texts.iter().any(|text| text == value),
            When::NotAmong(texts) => texts.iter().all(|text| text != value),
            When::Unknown => false,
        }
    }

    /// Whether it is for the values that it names, or for all others; and which those are.
    fn named(&self) -> Option<(bool, &[String])> {
        match self {
            When::Is(text) => Some((true, std::slice::from_ref(text))),
            When::IsNot(text) => Some((false, std::slice::from_ref(text))),
            When::Among(texts) => Some((true, texts)),
            When::NotAmong(texts) => Some((false, texts)),
            When::Unknown => None,
        }
    }

    pub(super) fn of(is: bool, mut texts: Vec<String>) -> When {
        texts.sort();
        texts.dedup();
        match (is, texts.as_slice()) {
            (true, [text]) => When::Is(text.clone()),
            (false, [text]) => When::IsNot(text.clone()),
            (true, _) => When::Among(texts),
            (false, _) => When::NotAmong(texts),
        }
    }

    /// It has one of these values.
    pub fn among(texts: Vec<String>) -> When {
        When::of(true, texts)
    }

    /// The others.
    pub fn denied(&self) -> When {
        self.named().map_or(When::Unknown, |(is, texts)| When::of(!is, texts.to_vec()))
    }

    /// One or the other.
    pub fn or(&self, other: &When) -> When {
        let (Some((is, ours)), Some((theirs_is, theirs))) = (self.named(), other.named()) else {
            return When::Unknown;
        };
        let but = |texts: &[String], without: &[String]| -> Vec<String> {
            texts.iter().filter(|text| !without.contains(text)).cloned().collect()
        };
        match (is, theirs_is) {
            (true, true) => When::of(true, [ours, theirs].concat()),
            (true, false) => When::of(false, but(theirs, ours)),
            (false, true) => When::of(false, but(ours, theirs)),
            (false, false) => {
                When::of(false, ours.iter().filter(|text| theirs.contains(text)).cloned().collect())
            }
        }
    }

    /// The same of what the chooser is before something else is made of it; unknown where it cannot come to that.
    pub fn before(&self, before: impl Fn(&str) -> Option<String>) -> When {
        let Some((is, texts)) = self.named() else { return When::Unknown };
        let texts: Vec<String> = texts.iter().filter_map(|text| before(text)).collect();
        if texts.is_empty() { When::Unknown } else { When::of(is, texts) }
    }

    /// Whether one value never answers to both.
    pub fn excludes(&self, other: &When) -> bool {
        match (self.named(), other.named()) {
            (Some((true, ours)), Some((true, theirs))) => !ours.iter().any(|text| theirs.contains(text)),
            (Some((true, some)), Some((false, others))) | (Some((false, others)), Some((true, some))) => {
                some.iter().all(|text| others.contains(text))
            }
            (Some((false, _)), Some((false, _))) | (None, _) | (_, None) => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::When;

    fn among(texts: &[&str]) -> When {
        When::among(texts.iter().map(|text| (*text).to_owned()).collect())
    }

    #[test]
    fn conditions_of_one_value_come_together_as_their_values_say() {
        let all = [among(&["a"]), among(&["a", "b"]), among(&["c"]), among(&["a"]).denied()];
        let all: Vec<When> = all.iter().flat_map(|when| [when.clone(), when.denied()]).collect();
        for (one, other) in all.iter().flat_map(|one| all.iter().map(move |other| (one, other))) {
            for value in ["a", "b", "c", "d"] {
                let either = one.is(value) || other.is(value);
                assert_eq!(one.or(other).is(value), either, "{one:?} {other:?} {value}");
                assert_eq!(one.denied().is(value), !one.is(value), "{one:?} {value}");
                let both = one.is(value) && other.is(value);
                assert!(!(one.excludes(other) && both), "{one:?} {other:?} {value}");
            }
        }
        assert!(among(&["a"]).excludes(&among(&["b", "c"])));
        assert!(among(&["a"]).excludes(&among(&["a", "b"]).denied()));
        assert!(!When::Unknown.excludes(&When::Unknown) && When::Unknown.or(&among(&["a"])) == When::Unknown);
    }
}

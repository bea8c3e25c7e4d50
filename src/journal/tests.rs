//! The journal over a store in memory, under an executor that cannot wait.

use futures::executor::block_on;
use serde::{Deserialize, Serialize};

use super::*;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "event")]
enum Note {
    Intent { step: String },
    Outcome { step: String },
}

fn intent(step: &str) -> Note {
    Note::Intent { step: step.to_owned() }
}

fn at(second: i64) -> jiff::Timestamp {
    jiff::Timestamp::from_second(1_800_000_000 + second).unwrap()
}

fn open(store: &MemoryStore, writer: &str) -> Result<Journal<Note>, JournalError> {
    block_on(Journal::open_as(std::sync::Arc::new(store.clone()), writer))
}

fn append(journal: &mut Journal<Note>, step: &str) -> Result<Seq, JournalError> {
    let last = journal.last().0;
    block_on(journal.append(intent(step), at(last as i64)))
}

fn steps(journal: &Journal<Note>) -> Vec<String> {
    let step = |record: &Record<Note>| match &record.kind {
        Note::Intent { step } | Note::Outcome { step } => step.clone(),
    };
    journal.records().iter().map(step).collect()
}

#[test]
fn what_was_appended_is_read_again_in_order() {
    let store = MemoryStore::new();
    let mut journal = open(&store, "a").unwrap();
    assert_eq!(append(&mut journal, "propose"), Ok(Seq(1)));
    assert_eq!(append(&mut journal, "merge"), Ok(Seq(2)));
    let again = open(&store, "b").unwrap();
    assert_eq!(again.records(), journal.records());
    assert_eq!(steps(&again), ["propose", "merge"]);
}

#[test]
fn a_record_is_one_json_object_of_the_known_format() {
    let store = MemoryStore::new();
    append(&mut open(&store, "a").unwrap(), "propose").unwrap();
    let text = String::from_utf8(store.bytes(Seq(1)).unwrap().to_vec()).unwrap();
    assert_eq!(
        text.replace(record::VERSION, "VERSION"),
        "{\"format\":{\"major\":1,\"minor\":0},\"seq\":1,\"writer_nonce\":\"a-1\",\
         \"version\":\"VERSION\",\"at\":\"2027-01-15T08:00:00Z\",\"kind\":{\"event\":\"intent\",\"step\":\"propose\"}}\n"
    );
}

#[test]
fn the_second_of_two_writers_is_told_and_reads_the_first_ones_record() {
    let store = MemoryStore::new();
    let (mut a, mut b) = (open(&store, "a").unwrap(), open(&store, "b").unwrap());
    append(&mut a, "from a").unwrap();
    let lost = append(&mut b, "from b").unwrap_err();
    assert_eq!(lost, JournalError::Conflict { seq: Seq(1), place: "memory/0000000001.json".into() });
    assert_eq!(b.records(), []);
    assert_eq!(block_on(b.refresh()).unwrap().len(), 1);
    assert_eq!(append(&mut b, "from b"), Ok(Seq(2)));
    assert_eq!(steps(&b), ["from a", "from b"]);
}

#[test]
fn a_lost_answer_is_healed_by_finding_the_own_record() {
    for fault in [MemoryFault::LostAnswer, MemoryFault::LostRequest] {
        let store = MemoryStore::new();
        let mut journal = open(&store, "a").unwrap();
        store.fail_at(Seq(1), fault);
        assert_eq!(append(&mut journal, "only once"), Ok(Seq(1)), "{fault:?}");
        assert_eq!(steps(&open(&store, "b").unwrap()), ["only once"], "{fault:?}");
    }
}

#[test]
fn a_lost_answer_in_a_lost_race_is_a_conflict() {
    let store = MemoryStore::new();
    let (mut a, mut b) = (open(&store, "a").unwrap(), open(&store, "b").unwrap());
    append(&mut a, "from a").unwrap();
    store.fail_at(Seq(1), MemoryFault::LostAnswer);
    assert!(matches!(append(&mut b, "from b"), Err(JournalError::Conflict { .. })));
}

#[test]
fn what_was_not_sent_is_not_there_and_can_be_appended_again() {
    let store = MemoryStore::new();
    let mut journal = open(&store, "a").unwrap();
    store.fail_at(Seq(1), MemoryFault::NotSent);
    assert!(matches!(append(&mut journal, "x"), Err(JournalError::Store(_))));
    assert!(store.is_empty() && journal.records().is_empty());
    assert_eq!(append(&mut journal, "x"), Ok(Seq(1)));
}

#[test]
fn after_a_failed_append_the_next_one_looks_before_it_writes() {
    let store = MemoryStore::new();
    let mut journal = open(&store, "a").unwrap();
    store.fail_at(Seq(1), MemoryFault::NotSent);
    append(&mut journal, "x").unwrap_err();
    append(&mut open(&store, "b").unwrap(), "from b").unwrap();
    assert!(matches!(append(&mut journal, "x"), Err(JournalError::Conflict { .. })));
    assert_eq!(steps(&journal), ["from b"]);
}

#[test]
fn a_full_disk_says_what_and_where_and_what_to_do() {
    let store = MemoryStore::new();
    let mut journal = open(&store, "a").unwrap();
    store.set_full(true);
    let error = append(&mut journal, "x").unwrap_err().fault();
    assert_eq!(error.subject, "memory/0000000001.json");
    assert!(error.why.contains("storage space"), "{error}");
    assert!(error.remedy.contains("make room"), "{error}");
    store.set_full(false);
    assert_eq!(append(&mut journal, "x"), Ok(Seq(1)));
}

#[test]
fn a_journal_cut_anywhere_is_the_journal_as_it_was() {
    let store = MemoryStore::new();
    let mut journal = open(&store, "a").unwrap();
    for step in ["1", "2", "3", "4"] {
        append(&mut journal, step).unwrap();
    }
    for n in 0..=4 {
        let cut = store.prefix(n);
        assert_eq!(open(&cut, "b").unwrap().records(), &journal.records()[..n]);
    }
    store.truncate(2);
    assert_eq!(append(&mut open(&store, "b").unwrap(), "instead"), Ok(Seq(3)));
}

fn with_format(store: &MemoryStore, seq: u64, major: u32, minor: u32, kind: &str) {
    let text = format!(
        "{{\"format\":{{\"major\":{major},\"minor\":{minor}}},\"seq\":{seq},\"writer_nonce\":\"z\",\
         \"at\":\"2027-01-15T08:00:00Z\",\"added\":true,\"kind\":{kind}}}"
    );
    store.overwrite(Seq(seq), text);
}

const KNOWN_KIND: &str = "{\"event\":\"outcome\",\"step\":\"s\",\"detail\":7}";

#[test]
fn a_newer_minor_is_readable_and_not_writable() {
    let store = MemoryStore::new();
    with_format(&store, 1, 1, 7, KNOWN_KIND);
    let mut journal = open(&store, "a").unwrap();
    assert_eq!(steps(&journal), ["s"]);
    let refused = append(&mut journal, "x").unwrap_err();
    let found = Format { major: 1, minor: 7 };
    assert!(matches!(refused, JournalError::NewerFormat { found: f, .. } if f == found));
    assert_eq!(store.len(), 1);
}

#[test]
fn a_newer_major_is_refused() {
    let store = MemoryStore::new();
    with_format(&store, 1, 2, 0, KNOWN_KIND);
    let error = open(&store, "a").err().unwrap();
    assert!(matches!(error, JournalError::NewerFormat { .. }));
    assert!(error.fault().to_string().contains("use the newer keyslot"), "{}", error.fault());
}

fn by_version(store: &MemoryStore, seq: u64, version: &str, kind: &str) {
    let text = format!(
        "{{\"format\":{{\"major\":1,\"minor\":0}},\"seq\":{seq},\"writer_nonce\":\"z\",\"version\":\"{version}\",\
         \"at\":\"2027-01-15T08:00:00Z\",\"kind\":{kind}}}"
    );
    store.overwrite(Seq(1), text);
}

#[test]
fn an_unknown_event_is_newer_and_its_version_is_named_where_it_is_told() {
    let store = MemoryStore::new();
    let dance = "{\"event\":\"dance\"}";
    with_format(&store, 1, 1, 1, dance);
    assert!(matches!(open(&store, "a"), Err(JournalError::NewerFormat { .. })));
    with_format(&store, 1, 1, 0, dance);
    let error = open(&store, "a").err().unwrap();
    assert!(matches!(&error, JournalError::NewerRecord { version: None, .. }), "{error}");
    by_version(&store, 1, "9.1.0", dance);
    let error = open(&store, "a").err().unwrap();
    assert!(error.to_string().contains("by a newer keyslot (version 9.1.0)"), "{error}");
    let told = error.fault().to_string();
    for part in ["unknown variant `dance`", "memory/0000000001.json", "upgrade keyslot", "nothing is damaged"]
    {
        assert!(told.contains(part), "{told}");
    }
    assert!(!told.contains("expected") && !told.contains("restore"), "{told}");
}

#[test]
fn what_does_not_read_is_damage_unless_a_newer_version_wrote_it() {
    let store = MemoryStore::new();
    let missing = "{\"event\":\"intent\"}";
    let damaged = |store: &MemoryStore| matches!(open(store, "a"), Err(JournalError::Damaged { .. }));
    let newer = |store: &MemoryStore| matches!(open(store, "a"), Err(JournalError::NewerRecord { .. }));
    for version in [record::VERSION, "0.0.1", "tomorrow's", "9", ""] {
        by_version(&store, 1, version, missing);
        assert!(damaged(&store), "{version}");
    }
    for version in ["9.0.0", "9.0.0-rc.1", "9.0.0+build"] {
        by_version(&store, 1, version, missing);
        assert!(newer(&store), "{version}");
    }
    // Who is older has no name that is unknown here; another build of the same version may.
    for (version, is_newer) in [("0.0.1", false), (record::VERSION, true), ("tomorrow's", true)] {
        by_version(&store, 1, version, "{\"event\":\"dance\"}");
        assert!(if is_newer { newer(&store) } else { damaged(&store) }, "{version}");
    }
    // What stands under another number is no version's.
    by_version(&store, 2, "9.0.0", missing);
    assert!(damaged(&store));
    by_version(&store, 2, "9.0.0", "{\"event\":\"dance\"}");
    assert!(damaged(&store));
}

#[test]
fn a_damaged_record_is_named_and_never_passed_over() {
    let store = MemoryStore::new();
    let mut journal = open(&store, "a").unwrap();
    for step in ["1", "2", "3"] {
        append(&mut journal, step).unwrap();
    }
    let whole = store.bytes(Seq(2)).unwrap();
    for damage in [&b""[..], b"not json", &whole[..whole.len() / 2], &store.bytes(Seq(3)).unwrap()[..]] {
        store.overwrite(Seq(2), damage.to_vec());
        let error = open(&store, "b").err().unwrap();
        assert!(matches!(&error, JournalError::Damaged { seq: Seq(2), .. }), "{error}");
        assert!(error.to_string().contains("memory/0000000002.json"), "{error}");
    }
}

#[test]
fn a_missing_record_is_a_gap() {
    let store = MemoryStore::new();
    let mut journal = open(&store, "a").unwrap();
    for step in ["1", "2", "3"] {
        append(&mut journal, step).unwrap();
    }
    store.remove(Seq(2));
    let error = open(&store, "b").err().unwrap();
    assert!(matches!(error, JournalError::Gap { seq: Seq(2), next: Seq(3), .. }), "{error}");
}

/// Takes everything and never answers.
struct Silent(MemoryStore);

#[async_trait::async_trait]
impl RecordStore for Silent {
    async fn list_after(&self, seq: Seq) -> Result<Vec<Seq>, crate::ports::Fault> {
        self.0.list_after(seq).await
    }

    async fn read(&self, seq: Seq) -> Result<Option<Stored>, crate::ports::Fault> {
        self.0.read(seq).await
    }

    async fn create(&self, _seq: Seq, _bytes: bytes::Bytes) -> crate::ports::Effect<Created> {
        let kind = crate::model::Blindness::Unreachable;
        crate::ports::Effect::Unknown(crate::ports::Fault::new(kind, "write", "there", "no answer"))
    }

    fn place(&self, seq: Seq) -> String {
        self.0.place(seq)
    }
}

#[test]
fn a_record_that_was_sent_and_cannot_be_found_is_unsettled_until_the_journal_looked() {
    let store = MemoryStore::new();
    let silent = std::sync::Arc::new(Silent(store.clone()));
    let mut journal: Journal<Note> = block_on(Journal::open_as(silent, "a")).unwrap();
    assert!(matches!(append(&mut journal, "x"), Err(JournalError::Unsettled { seq: Seq(1), .. })));
    // The bytes arrive late after all; nothing is appended over them.
    with_format(&store, 1, 1, 0, KNOWN_KIND);
    assert!(matches!(append(&mut journal, "x"), Err(JournalError::Conflict { .. })));
    assert_eq!(steps(&journal), ["s"]);
}

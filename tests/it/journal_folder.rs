//! The journal in a local folder: races, crashes, and folders that cannot be used.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Instant;

use jiff::Timestamp;
use keyslot::journal::{Event, Journal, JournalError, Seq, StorePlace, open_store};

fn now() -> Timestamp {
    Timestamp::from_second(1_800_000_000).unwrap()
}

async fn open<E: Event>(folder: &Path) -> Result<Journal<E>, JournalError> {
    let place = StorePlace::Folder(folder.to_owned());
    Journal::open(open_store(&place, None).unwrap()).await
}

/// Memory where the system offers it as a folder: the same links, and syncing costs nothing.
fn fast_dir() -> tempfile::TempDir {
    tempfile::tempdir_in("/dev/shm").unwrap_or_else(|_| tempfile::tempdir().unwrap())
}

#[tokio::test]
async fn opening_makes_nothing_and_the_first_append_makes_a_private_folder() {
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path().join("state").join("prod");
    let mut journal: Journal<String> = open(&folder).await.unwrap();
    assert!(!folder.exists());
    journal.append("begun".into(), now()).await.unwrap();
    let names: Vec<_> = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(names, ["0000000001.json"]);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(std::fs::metadata(&folder).unwrap().permissions().mode() & 0o777, 0o700);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn sixteen_racing_writers_leave_no_gap_and_lose_nothing() {
    const WRITERS: usize = 16;
    const EACH: usize = 100;
    let dir = fast_dir();
    let folder = dir.path().join("journal");
    let mut tasks = tokio::task::JoinSet::new();
    for writer in 0..WRITERS {
        let folder = folder.clone();
        tasks.spawn(async move {
            let mut journal: Journal<(usize, usize)> = open(&folder).await.unwrap();
            let (mut won, mut lost) = (Vec::new(), 0_usize);
            while won.len() < EACH {
                match journal.append((writer, won.len()), now()).await {
                    Ok(seq) => won.push(seq),
                    Err(JournalError::Conflict { .. }) => {
                        lost += 1;
                        journal.refresh().await.unwrap();
                    }
                    Err(error) => panic!("{error}"),
                }
            }
            (writer, won, lost)
        });
    }
    let ends = tasks.join_all().await;
    let journal: Journal<(usize, usize)> = open(&folder).await.unwrap();
    assert_eq!(journal.last(), Seq((WRITERS * EACH) as u64));
    // Each number has one winner, and the record under it is the winner's.
    let mut winners = BTreeMap::new();
    for (writer, won, _) in &ends {
        for (index, seq) in won.iter().enumerate() {
            assert_eq!(winners.insert(*seq, (*writer, index)), None, "two winners of {seq}");
        }
    }
    for record in journal.records() {
        assert_eq!(winners.get(&record.seq), Some(&record.kind), "{}", record.seq);
    }
    let lost: usize = ends.iter().map(|(_, _, lost)| lost).sum();
    assert!(lost > 0, "nobody ever lost a race: this test raced nobody");
}

#[tokio::test]
async fn what_a_crash_leaves_beside_the_records_is_not_taken_for_one() {
    let dir = tempfile::tempdir().unwrap();
    let mut journal: Journal<String> = open(dir.path()).await.unwrap();
    journal.append("one".into(), now()).await.unwrap();
    // A staging file that was never linked, an editor's copy, a folder of something else.
    std::fs::write(dir.path().join("0000000002.json#1"), b"{\"format\":{\"maj").unwrap();
    std::fs::write(dir.path().join("0000000001.json.bak"), b"old").unwrap();
    std::fs::create_dir(dir.path().join("repository")).unwrap();
    std::fs::write(dir.path().join("repository").join("0000000009.json"), b"x").unwrap();
    let mut journal: Journal<String> = open(dir.path()).await.unwrap();
    assert_eq!(journal.last(), Seq(1));
    assert_eq!(journal.append("two".into(), now()).await, Ok(Seq(2)));
}

#[tokio::test]
async fn a_cut_record_is_named_by_its_path() {
    let dir = tempfile::tempdir().unwrap();
    let mut journal: Journal<String> = open(dir.path()).await.unwrap();
    journal.append("one".into(), now()).await.unwrap();
    let file = dir.path().join("0000000001.json");
    let whole = std::fs::read(&file).unwrap();
    std::fs::write(&file, &whole[..whole.len() - 9]).unwrap();
    let error = open::<String>(dir.path()).await.err().unwrap().fault();
    assert_eq!(error.subject, file.display().to_string());
    assert!(error.remedy.contains("backup"), "{error}");
}

#[tokio::test]
async fn a_file_where_the_folder_should_be_is_an_error_with_its_path() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("state");
    std::fs::write(&file, b"something else").unwrap();
    for folder in [file.clone(), file.join("prod")] {
        let error = match open::<String>(&folder).await {
            Ok(mut journal) => journal.append("x".into(), now()).await.err().unwrap(),
            Err(error) => error,
        };
        let fault = error.fault();
        assert_eq!(fault.subject, folder.display().to_string());
        assert!(fault.remedy.contains("point `state` at a folder"), "{fault}");
    }
    assert_eq!(std::fs::read(&file).unwrap(), b"something else");
}

#[cfg(unix)]
#[tokio::test]
async fn a_folder_without_permission_says_so_and_changes_nothing() {
    use std::os::unix::fs::PermissionsExt;
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path().join("state");
    std::fs::create_dir(&folder).unwrap();
    std::fs::set_permissions(&folder, PermissionsExt::from_mode(0o500)).unwrap();
    if std::fs::write(folder.join("probe"), b"").is_ok() {
        // Root is not held by modes; a folder of the kernel's that nobody can write to stands in.
        let fault = append_fault(Path::new("/proc/self/fdinfo")).await;
        assert_ne!(fault.remedy, "", "{fault}");
        assert!(fault.subject.starts_with("/proc/self/fdinfo"), "{fault}");
        return;
    }
    let fault = append_fault(&folder).await;
    assert!(fault.why.contains("ermission denied"), "{fault}");
    assert!(fault.remedy.contains("right to read and write"), "{fault}");
    assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 0);
}

#[cfg(unix)]
async fn append_fault(folder: &Path) -> keyslot::ports::Fault {
    let mut journal: Journal<String> = open(folder).await.unwrap();
    journal.append("x".into(), now()).await.err().unwrap().fault()
}

/// Not an assertion on time: it prints what reading costs, for the decision to keep no snapshots.
#[tokio::test]
async fn a_thousand_records_are_read_whole() {
    let dir = fast_dir();
    let mut journal: Journal<String> = open(dir.path()).await.unwrap();
    let began = Instant::now();
    for n in 0..1000 {
        journal.append(format!("{n:0>400}"), now()).await.unwrap();
    }
    let appended = began.elapsed();
    let began = Instant::now();
    let again: Journal<String> = open(dir.path()).await.unwrap();
    println!("1,000 appends {appended:?}, reading them {:?}", began.elapsed());
    assert_eq!(again.records(), journal.records());
}

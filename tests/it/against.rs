//! `keyslot check --against` through the program itself, on repositories that git made.

use std::path::Path;
use std::process::Command;

use crate::tool::{Folder, Ran};

const SECRETS: &str = "src/infra/releaseunit/modules/stamp/keyvault-secrets.tf";

/// A command with nothing of the caller's environment but the way to the programs, so that all meet the same git.
fn hermetic(program: &str, folder: &Path) -> Command {
    let mut command = Command::new(program);
    command.current_dir(folder).env_clear().env("PATH", std::env::var_os("PATH").unwrap());
    command.envs([("GIT_CONFIG_GLOBAL", "/dev/null"), ("GIT_CONFIG_NOSYSTEM", "1")]);
    command
}

/// `keyslot check`.
fn check(folder: &Path, arguments: &[&str]) -> Ran {
    let ran = hermetic(env!("CARGO_BIN_EXE_keyslot"), folder).arg("check").args(arguments).output().unwrap();
    Ran {
        code: ran.status.code().unwrap(),
        stdout: String::from_utf8(ran.stdout).unwrap(),
        stderr: String::from_utf8(ran.stderr).unwrap(),
    }
}

#[track_caller]
fn git(folder: &Path, arguments: &[&str]) -> String {
    let output = hermetic("git", folder)
        .args(["-c", "user.name=Ada", "-c", "user.email=ada@example.com", "-c", "init.defaultBranch=main"])
        .args(arguments)
        .output()
        .unwrap();
    assert!(output.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

fn commit(folder: &Folder) {
    git(folder.path(), &["add", "--all"]);
    git(folder.path(), &["commit", "--quiet", "--message", "some work"]);
}

/// The example in a repository: `main` reads primary, as the branch `release` does; the working tree is flipped.
fn flipped(init: &[&str]) -> Folder {
    let folder = Folder::example();
    git(folder.path(), &[&["init", "--quiet"][..], init].concat());
    commit(&folder);
    git(folder.path(), &["branch", "release"]);
    assert_eq!(folder.run(&["flip", "--to", "secondary", "--write"]).code, 0);
    folder
}

#[track_caller]
fn messages(ran: &Ran) -> Vec<String> {
    let report = ran.json();
    let findings = report["findings"].as_array().unwrap().iter();
    findings
        .map(|it| format!("{}: {}", it["rule"].as_str().unwrap(), it["message"].as_str().unwrap()))
        .collect()
}

#[test]
fn another_slot_at_the_revision_is_found_with_both_places() {
    let folder = flipped(&[]);
    for path in [".", "src/infra/releaseunit", "src/infra/releaseunit/modules/stamp/"] {
        let ran = check(folder.path(), &[path, "--against", "release", "--output", "json"]);
        assert_eq!((ran.code, ran.stderr.as_str()), (1, ""), "{path}");
        let found = messages(&ran);
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].starts_with("branches-disagree: the read-write key of "), "{found:?}");
        let says =
            format!("is read from secondary here, and from primary at release (release:{SECRETS}:14:78)");
        assert!(found[0].ends_with(&says), "{found:?}");
        let finding = &ran.json()["findings"][0];
        assert!(SECRETS.ends_with(finding["file"].as_str().unwrap().trim_start_matches(path)));
        assert_eq!((&finding["line"], &finding["column"]), (&14.into(), &78.into()));
    }
    commit(&folder);
    for agreed in ["HEAD", "main", "main@{0}", "@"] {
        assert_eq!(check(folder.path(), &["--against", agreed]).code, 0, "{agreed}");
    }
    assert_eq!(check(folder.path(), &["--against", "HEAD~1"]).code, 1);
    git(folder.path(), &["tag", "--annotate", "v1", "--message", "one", "release"]);
    assert_eq!(check(folder.path(), &["--against", "v1"]).code, 1);
}

#[test]
fn modules_beside_the_folder_are_read_there_too() {
    let root = "module \"db\" {\n  source = \"../modules/db\"\n}\nresource \"azurerm_key_vault_secret\" \"k\" {\n  name  = \"key\"\n  value = module.db.one\n}\n";
    let db = "data \"azurerm_cosmosdb_account\" \"a\" {\n  name = \"acme\"\n}\noutput \"one\" {\n  value     = data.azurerm_cosmosdb_account.a.primary_key\n  sensitive = true\n}\noutput \"two\" {\n  value     = data.azurerm_cosmosdb_account.a.secondary_key\n  sensitive = true\n}\n";
    let folder = Folder::of(&[("infra/a.tf", root), ("modules/db/a.tf", db)]);
    git(folder.path(), &["init", "--quiet"]);
    commit(&folder);
    std::fs::write(folder.path().join("infra/a.tf"), root.replace("module.db.one", "module.db.two")).unwrap();
    for from in [vec!["infra", "--against", "HEAD"], vec![".", "--against", "HEAD"]] {
        let ran = check(folder.path(), &[&from[..], &["--output", "json"]].concat());
        let found = messages(&ran);
        assert!(found.iter().any(|it| it.starts_with("branches-disagree")), "{from:?}: {found:?}");
    }
}

#[cfg(unix)]
#[test]
fn folders_that_are_linked_are_followed_there_too() {
    let db = "data \"azurerm_cosmosdb_account\" \"a\" {\n  name = \"acme\"\n}\noutput \"one\" {\n  value     = data.azurerm_cosmosdb_account.a.primary_key\n  sensitive = true\n}\noutput \"two\" {\n  value     = data.azurerm_cosmosdb_account.a.secondary_key\n  sensitive = true\n}\n";
    for (source, link, from) in
        [("./linked/db", "infra/linked", &["infra", "."] as &[&str]), ("../linked/db", "linked", &["."])]
    {
        let root = format!(
            "module \"db\" {{\n  source = \"{source}\"\n}}\nresource \"azurerm_key_vault_secret\" \"k\" {{\n  name  = \"key\"\n  value = module.db.one\n}}\n"
        );
        let real = format!("{}modules/db/a.tf", link.trim_end_matches("linked"));
        let folder = Folder::of(&[("infra/a.tf", root.as_str()), (real.as_str(), db)]);
        std::os::unix::fs::symlink("modules", folder.path().join(link)).unwrap();
        git(folder.path(), &["init", "--quiet"]);
        commit(&folder);
        folder.put("infra/a.tf", root.replace("module.db.one", "module.db.two").as_bytes());
        for from in from {
            let ran = check(folder.path(), &[from, "--against", "HEAD", "--output", "json"]);
            let found = messages(&ran);
            let disagree = |it: &String| it.starts_with("branches-disagree");
            assert!(found.iter().any(disagree), "{source} from {from}: {found:?} {}", ran.stderr);
        }
    }
}

#[test]
fn one_file_is_compared_with_itself() {
    let folder = flipped(&[]);
    folder.put("src/infra/releaseunit/modules/stamp/other.tf", b"locals {}\n");
    let ran = check(folder.path(), &[SECRETS, "--against", "main", "--output", "json"]);
    assert_eq!((ran.code, ran.stderr.as_str(), messages(&ran).len()), (1, "", 1));
    let new = check(folder.path(), &["src/infra/releaseunit/modules/stamp/other.tf", "--against", "main"]);
    assert_eq!(new.code, 0);
    assert!(new.stderr.contains("there is no Terraform at main here"), "{}", new.stderr);
}

#[test]
fn one_file_is_compared_together_with_the_modules_that_it_uses() {
    let call = "module \"c\" {\n  source = \"./modules/c\"\n}\nlocals {\n  k = module.c.primary_key\n}\n";
    let code = "data \"azurerm_cosmosdb_account\" \"x\" {\n  name = \"acme\"\n}\noutput \"primary_key\" {\n  value = \
                data.azurerm_cosmosdb_account.x.primary_key\n}\noutput \"secondary_key\" {\n  value = \
                data.azurerm_cosmosdb_account.x.secondary_key\n}\n";
    let folder = Folder::of(&[("infra/main.tf", call), ("infra/modules/c/main.tf", code)]);
    git(folder.path(), &["init", "--quiet"]);
    commit(&folder);
    let same = check(folder.path(), &["infra/main.tf", "--against", "HEAD"]);
    assert!(same.stderr.contains("the same slots are read at HEAD, of 1 account"), "{}", same.stderr);
    folder.put("infra/main.tf", call.replace("primary_key", "secondary_key").as_bytes());
    let ran = check(folder.path(), &["infra/main.tf", "--against", "HEAD", "--output", "json"]);
    let found = messages(&ran).into_iter().filter(|it| it.starts_with("branches-disagree: ")).count();
    assert_eq!((ran.code, found), (1, 1), "{}", ran.stderr);
}

#[test]
fn a_folder_that_was_renamed_is_compared_with_what_it_was() {
    let read = "locals {\n  key = azurerm_cosmosdb_account.main.primary_key\n}\n";
    let folder = Folder::of(&[("infra/a.tf", read), ("top.tf", "locals {}\n")]);
    git(folder.path(), &["init", "--quiet"]);
    commit(&folder);
    git(folder.path(), &["mv", "infra", "live"]);
    let same = check(folder.path(), &["--against", "main"]);
    assert_eq!((same.code, same.stderr.as_str()), (0, "the same slots are read at main, of 1 account\n"));
    folder.put("live/a.tf", read.replace("primary", "secondary").as_bytes());
    for path in [".", "live"] {
        let ran = check(folder.path(), &[path, "--against", "main", "--output", "json"]);
        assert_eq!((ran.code, messages(&ran).len()), (1, 1), "{path}: {}", ran.stderr);
        assert!(
            messages(&ran)[0].ends_with("from primary at main (main:infra/a.tf:2:39)"),
            "{:?}",
            messages(&ran)
        );
    }
    folder.put("infra/a.tf", read.as_bytes());
    let copied = check(folder.path(), &["live", "--against", "main"]);
    assert_eq!(copied.code, 0);
    assert!(copied.stderr.contains("is not read at main"), "{}", copied.stderr);
}

#[test]
fn nothing_of_the_repository_changes() {
    let folder = flipped(&[]);
    folder.put("staged.tf", b"locals {}\n");
    git(folder.path(), &["add", "staged.tf"]);
    let before = folder.files();
    assert_eq!(check(folder.path(), &["--against", "main"]).code, 1);
    assert_eq!(folder.files(), before);
    assert!(before.iter().any(|(path, _)| path == ".git/index"));
}

#[test]
fn repositories_of_every_kind_are_read() {
    for init in [&["--object-format=sha256"][..], &["--ref-format=reftable"]] {
        let probe = Folder::of(&[("a", "")]);
        let made = hermetic("git", probe.path()).arg("init").args(init).output().unwrap();
        if !made.status.success() {
            println!("skipped: this git knows no {init:?}");
            continue;
        }
        let folder = flipped(init);
        assert_eq!(check(folder.path(), &["--against", "main"]).code, 1, "{init:?}");
    }
    let folder = flipped(&[]);
    let beside = Folder::of(&[("a", "")]);
    let worktree = beside.path().join("worktree");
    git(folder.path(), &["worktree", "add", "--quiet", worktree.to_str().unwrap(), "release"]);
    assert_eq!(check(&worktree, &["--against", "main"]).code, 0);
    git(folder.path(), &["commit", "--all", "--quiet", "--message", "flip"]);
    assert_eq!(check(&worktree, &["--against", "main"]).code, 1);
}

#[cfg(unix)]
#[test]
fn links_submodules_and_other_files_there_are_passed_over() {
    let folder = flipped(&[]);
    let key = b"locals {\n  a = azurerm_cosmosdb_account.x.secondary_key\n}\n";
    git(folder.path(), &["checkout", "--quiet", "--force", "release"]);
    folder.put("a.txt", key);
    std::os::unix::fs::symlink("a.txt", folder.path().join("link.tf")).unwrap();
    folder.put(".terraform/modules/m/a.tf", key);
    folder.put("copy of a \"key\"\n.tf", key);
    commit(&folder);
    let head = git(folder.path(), &["rev-parse", "HEAD"]);
    git(folder.path(), &["update-index", "--add", "--cacheinfo", &format!("160000,{head},module.tf")]);
    git(folder.path(), &["commit", "--quiet", "--message", "a submodule"]);
    git(folder.path(), &["checkout", "--quiet", "--force", "main"]);
    folder.put("a.tf", &key.map(|byte| byte));
    let same = check(folder.path(), &["--against", "release", "--output", "json"]);
    let agrees = "the same slots are read at release, of 2 accounts\n";
    assert_eq!((messages(&same), same.stderr.as_str()), (Vec::new(), agrees));
    let quiet = check(folder.path(), &["--against", "release", "--quiet"]);
    assert_eq!((quiet.code, quiet.stderr.as_str()), (0, ""));
    folder.put("a.tf", String::from_utf8(key.to_vec()).unwrap().replace("secondary", "primary").as_bytes());
    let ran = check(folder.path(), &["--against", "release", "--output", "json"]);
    assert_eq!(messages(&ran).len(), 1);
    assert!(messages(&ran)[0].contains("(release:copy of a \"key\"\n.tf:2:"), "{:?}", messages(&ran));
}

#[test]
fn what_is_declared_of_accounts_holds_there_too() {
    let code = |symbol: &str, slot: &str| {
        format!(
            "data \"azurerm_cosmosdb_account\" \"{symbol}\" {{\n  name = var.{symbol}\n}}\nlocals {{\n  \
             key = data.azurerm_cosmosdb_account.{symbol}.{slot}_key\n}}\n"
        )
    };
    let folder = Folder::of(&[("a.tf", code("old", "primary"))]);
    git(folder.path(), &["init", "--quiet"]);
    commit(&folder);
    folder.put("a.tf", code("new", "secondary").as_bytes());
    assert_eq!(check(folder.path(), &["--against", "main"]).code, 0);
    folder.put(
        "keyslot.toml",
        b"version = 1\n[[check.account]]\nname = \"orders\"\nsymbols = [\"data.azurerm_cosmosdb_account.*\"]\n",
    );
    let ran = check(folder.path(), &["--against", "main", "--output", "json"]);
    assert_eq!(ran.code, 1, "{}", ran.stderr);
    assert!(
        messages(&ran)[0].starts_with("branches-disagree: the read-write key of orders "),
        "{}",
        ran.stdout
    );
}

#[test]
fn what_hides_a_read_there_is_said_and_no_finding() {
    let folder = flipped(&[]);
    git(folder.path(), &["checkout", "--quiet", "--force", "release"]);
    folder.put("src/broken.tf", b"locals {\n  a = [1,\n}\n");
    folder.put("src/opaque.tf", b"locals {\n  a = [azurerm_cosmosdb_account.x]\n}\n");
    commit(&folder);
    git(folder.path(), &["checkout", "--quiet", "--force", "main"]);
    let ran = check(folder.path(), &["--against", "release"]);
    assert_eq!(ran.code, 0, "{}", ran.stdout);
    for said in ["release:src/broken.tf:3:1 does not tell", "release:src/opaque.tf:2:8 does not tell"] {
        assert!(ran.stderr.contains(said), "{}", ran.stderr);
    }
}

#[test]
fn what_cannot_be_compared_says_what_to_do() {
    let folder = flipped(&[]);
    git(folder.path(), &["update-ref", "refs/remotes/origin/int", "release"]);
    let outside = Folder::example();
    for (folder, revision, said) in [
        (&folder, "nowhere", &["the repository has no such revision", "`git fetch origin nowhere`"][..]),
        (&folder, "HEAD~5", &["the repository has no such revision", "`git log --oneline` lists"]),
        (&folder, "main:src", &["the repository has no such revision"]),
        (&folder, "", &["the repository has no such revision"]),
        (&folder, "--output=x", &["the repository has no such revision"]),
        (&folder, "int", &["the repository has no such revision", "--against origin/int"]),
        (&outside, "main", &["the folder is in no git repository", "name a PATH inside"]),
    ] {
        let before = folder.files();
        let ran = check(folder.path(), &[&format!("--against={revision}")]);
        assert_eq!((ran.code, ran.stdout.as_str()), (2, ""), "{revision}: {}", ran.stderr);
        for said in said {
            assert!(ran.stderr.contains(said), "{revision}: {}", ran.stderr);
        }
        assert_eq!(folder.files(), before);
    }
    let ran = check(folder.path(), &["--against", "main", "--plan", "x.json"]);
    assert_eq!(ran.code, 2, "{}", ran.stderr);
}

#[test]
fn a_clone_that_lacks_the_revision_says_how_to_get_it() {
    let folder = flipped(&[]);
    commit(&folder);
    git(folder.path(), &["config", "uploadpack.allowFilter", "true"]);
    let url = format!("file://{}", folder.path().display());
    let clones = Folder::of(&[("a", "")]);
    let old = git(folder.path(), &["rev-parse", "release"]);

    git(clones.path(), &["clone", "--quiet", "--depth=1", &url, "shallow"]);
    let ran = check(&clones.path().join("shallow"), &["--against", &old]);
    assert_eq!(ran.code, 2, "{}", ran.stderr);
    assert!(ran.stderr.contains("this clone is shallow: fetch what is missing"), "{}", ran.stderr);
    let ran = check(&clones.path().join("shallow"), &["--against", "HEAD~5"]);
    assert!(ran.stderr.contains("`git fetch --deepen=N`"), "{}", ran.stderr);
    assert!(!ran.stderr.contains("origin HEAD~5"), "{}", ran.stderr);

    git(clones.path(), &["clone", "--quiet", "--filter=blob:none", &url, "partial"]);
    let partial = clones.path().join("partial");
    assert_eq!(check(&partial, &["--against", "main"]).code, 0);
    let ran = check(&partial, &["--against", &old]);
    assert_eq!(ran.code, 2, "{}", ran.stderr);
    assert!(ran.stderr.contains("an object of it is missing here"), "{}", ran.stderr);
    let missing = git(&partial, &["rev-list", "--objects", "--all", "--missing=print"]);
    assert!(missing.lines().any(|line| line.starts_with('?')), "nothing was fetched: {missing}");
}

#[test]
fn without_git_there_is_nothing_to_compare_with() {
    let folder = flipped(&[]);
    let output = Command::new(env!("CARGO_BIN_EXE_keyslot"))
        .args(["check", "--against", "main"])
        .current_dir(folder.path())
        .env_clear()
        .env("PATH", folder.path())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(5));
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(stderr.contains("there is no program “git”") && stderr.contains("install git"), "{stderr}");
}

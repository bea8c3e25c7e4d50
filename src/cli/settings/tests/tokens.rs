//! Tokens, addresses and state that would leak.

use super::*;

#[test]
fn a_token_in_the_file_is_refused_and_not_repeated() {
    for literal in
        ["\"ghp_secret\"", "{ env = \"ghp_secret\" }", "{ value = \"ghp_secret\" }", "[\"ghp_secret\"]"]
    {
        let text = changed("token = { env = \"AZURE_DEVOPS_TOKEN\" }", &format!("token = {literal}"));
        let error = parse(&text).unwrap_err();
        assert_eq!(error.key.trim_end_matches(".env"), "environment.prod.release.pipeline.token", "{error}");
        assert!(!error.to_string().contains("ghp_secret"), "{error}");
    }
}

#[test]
fn a_token_comes_from_its_place_or_the_place_is_named() {
    use secrecy::ExposeSecret as _;
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("token"), " from-file\n").unwrap();
    let file = SettingsFile { path: dir.path().join(FILE_NAME), settings: example().settings };
    let chosen = file.choose(None).unwrap();
    let variable = |name: &str| (name == "SET").then(|| "from-env".to_owned());
    let token = |place: TokenPlace| {
        chosen
            .secret_at(&place, "the token", variable)
            .map(|token| token.expose_secret().to_owned())
            .map_err(|error| error.to_string())
    };
    assert_eq!(token(TokenPlace::env("SET")), Ok("from-env".to_owned()));
    assert_eq!(token(TokenPlace::File("token".into())), Ok("from-file".to_owned()));
    let unset = token(TokenPlace::env("UNSET")).unwrap_err();
    assert!(unset.contains("the environment variable UNSET: it is not set"), "{unset}");
    assert!(token(TokenPlace::File("none".into())).unwrap_err().contains("the file none"));
}

#[test]
fn addresses_that_tokens_would_leak_to_are_refused() {
    for (address, word) in [
        ("http://dev.azure.com", "only https://"),
        ("dev.azure.com", "no web address"),
        ("https://me:pw@dev.azure.com", "without a user"),
    ] {
        let to = format!("url = \"{address}\"");
        refused(
            "url = \"https://dev.azure.com\"",
            &to,
            &to,
            "environment.prod.release.pipeline.url",
            &[word],
        );
    }
}

#[test]
fn a_state_with_a_secret_in_it_is_refused() {
    let to = "windows.net/journals?sig=abc\"";
    let error = parse(&changed("windows.net/journals\"", to)).unwrap_err();
    assert_eq!(error.key, "environment.prod.state");
    assert!(!error.to_string().contains("sig=abc"), "{error}");
}

#[test]
fn a_forge_without_a_place_for_its_token_may_have_an_app_and_not_both() {
    let place = "token = { env = \"GITHUB_TOKEN\" }\n# Checks";
    let app = "\n[environment.prod.release.forge.app]\nid = \"Iv23abc\"\nkey = { file = \"app.pem\" }\n";
    let without = changed(place, "# Checks");
    let forge = |text: &str| {
        let settings = parse(text).unwrap_or_else(|error| panic!("{error}"));
        settings.environments[&"prod".into()].release.forge.clone()
    };
    assert_eq!((forge(&without).token, forge(&without).app), (None, None));
    let app_of = forge(&format!("{without}{app}")).app.unwrap();
    assert_eq!((app_of.id.to_string().as_str(), app_of.installation), ("Iv23abc", None));
    assert_eq!(
        app_of.permissions.keys().collect::<Vec<_>>(),
        ["checks", "contents", "pull_requests", "statuses"]
    );
    let error = parse(&format!("{EXAMPLE}{app}")).unwrap_err();
    assert_eq!(error.key, "environment.prod.release.forge.token", "{error}");
    assert!(error.to_string().contains("from an App or from another place"), "{error}");
}

#[test]
fn commits_that_github_makes_are_signed_by_github_and_by_nobody_else() {
    let said = "sign = \"as-git\"\n";
    let api = |text: String| text.replace("commit = \"git\"", "commit = \"api\"");
    let settings = parse(&api(changed(said, ""))).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(settings.environments[&"prod".into()].terraform.commit, CommitBy::Api);
    for sign in [said, "sign = \"never\"\n"] {
        let error = parse(&api(changed(said, sign))).unwrap_err();
        assert_eq!(error.key, "environment.prod.terraform.sign", "{error}");
        assert!(error.to_string().contains("GitHub signs the commits that it makes"), "{error}");
    }
}

//! Settings through the real command line: precedence, one-line flaws, exit codes.

use super::program::{Server, command, path, run};

#[test]
fn show_names_the_origin_of_every_value() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("chatelaine.toml"), "[live]\nqueue = 100\nping_s = 5\n[log]\nlevel = \"warn\"\n")
        .unwrap();
    let output = command(&["config", "show", "--data", path(dir.path()), "--set", "live.queue=300"])
        .env("CHATELAINE_LIVE__QUEUE", "200")
        .env("CHATELAINE_LIVE__PING_S", "6")
        .output()
        .unwrap();
    let shown = String::from_utf8(output.stdout).unwrap();
    let line = |name: &str| shown.lines().find(|line| line.starts_with(&format!("{name} "))).unwrap().to_owned();
    assert!(line("live.queue").contains("= 300 ") && line("live.queue").ends_with("# flag --set"));
    assert!(
        line("live.ping_s").contains("= 6 ") && line("live.ping_s").ends_with("# environment CHATELAINE_LIVE__PING_S")
    );
    assert!(line("log.level").contains("\"warn\"") && line("log.level").ends_with("chatelaine.toml:5"));
    assert!(line("live.silence_s").ends_with("# default"));
}

#[test]
fn the_example_file_passes_the_check() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("chatelaine.toml");
    std::fs::write(&file, run(&["config", "example"]).good()).unwrap();
    let said = run(&["config", "check", "--config", path(&file)]).good();
    assert!(said.contains(path(&file)), "{said}");
}

#[test]
fn every_command_that_reads_settings_refuses_a_flaw_with_one_line_and_code_3() {
    let dir = tempfile::tempdir().unwrap();
    let data = path(dir.path());
    for arguments in [
        vec!["serve", "--data", data, "--set", "tls.mod=off"],
        vec!["config", "check", "--data", data, "--set", "tls.mod=off"],
        vec!["admin", "list", "--data", data, "--set", "tls.mod=off"],
    ] {
        let line = run(&arguments).refused(3);
        assert_eq!(line, "unknown setting tls.mod (flag --set): did you mean tls.mode?");
    }
}

#[test]
fn an_unknown_setting_is_refused_with_the_place_it_stands_in() {
    let dir = tempfile::tempdir().unwrap();
    let serve = ["serve", "--data", path(dir.path())];
    let output = command(&serve).env("CHATELAINE_TLS__MOD", "off").output().unwrap();
    assert_eq!(output.status.code(), Some(3));
    let said = String::from_utf8(output.stderr).unwrap();
    let advice = "did you mean tls.mode?";
    assert_eq!(said, format!("chatelaine: unknown setting tls.mod (environment CHATELAINE_TLS__MOD): {advice}\n"));
    let file = dir.path().join("chatelaine.toml");
    std::fs::write(&file, "[log]\nlevel = \"warn\"\n[tls]\nmod = \"off\"\n").unwrap();
    let line = run(&serve).refused(3);
    assert_eq!(line, format!("unknown setting tls.mod ({}:4): {advice}", file.display()));
}

#[test]
fn a_running_server_takes_the_flag_over_the_environment_over_the_file() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("chatelaine.toml"), "[accounts]\nsign_up = \"invite\"\n").unwrap();
    let takes = |flags: &[&str], environment: &[(&str, &str)], mode: &str| {
        let server = Server::try_start(dir.path(), flags, environment).unwrap();
        let body = server.get("/api/v1/server").1;
        assert!(body.contains(&format!("\"sign_up\":\"{mode}\"")), "{body}");
        server.stop();
    };
    let environment = [("CHATELAINE_ACCOUNTS__SIGN_UP", "closed")];
    takes(&[], &[], "invite");
    takes(&[], &environment, "closed");
    takes(&["--set", "accounts.sign_up=open"], &environment, "open");
}

#[test]
fn broken_toml_is_refused_with_file_and_line() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("chatelaine.toml"), "[log]\nlevel = \n").unwrap();
    let line = run(&["serve", "--data", path(dir.path())]).refused(3);
    assert!(line.contains("chatelaine.toml:2 is not valid TOML"), "{line}");
}

#[test]
fn help_version_and_completions_go_to_standard_output() {
    assert!(run(&["--help"]).good().contains("chatelaine serve --data ./data"));
    assert!(run(&["admin", "--help"]).good().contains("--account ada"));
    assert_eq!(run(&["--version"]).good(), format!("chatelaine {}\n", env!("CARGO_PKG_VERSION")));
    assert!(run(&["completions", "bash"]).good().contains("complete -F"));
}

#[test]
fn a_slip_on_the_command_line_ends_with_code_2() {
    assert_eq!(run(&["serv"]).code, 2);
    assert_eq!(run(&["serve", "--lisen", "x"]).code, 2);
}

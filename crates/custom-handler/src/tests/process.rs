//! A real process (the example `http`), seen as the host sees it: port, lines, exit codes.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use serde_json::Value;

use super::INVOCATION;
use crate::PORT_VARIABLE;

/// Built by `cargo test -p custom-handler`; `--lib` alone would find the one that was built last.
fn example() -> Command {
    let tests = std::env::current_exe().unwrap();
    let path: PathBuf = tests.parent().unwrap().parent().unwrap().join("examples").join("http");
    assert!(path.exists(), "{} is missing: cargo build -p custom-handler --examples", path.display());
    let mut command = Command::new(path);
    command.env_remove("RUST_LOG").env_remove(PORT_VARIABLE).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// Ends with the test, whatever becomes of it.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
#[cfg(unix)]
fn it_serves_logs_lines_of_json_and_ends_with_the_code_that_says_start_me_again() {
    let mut process = Running(example().env(PORT_VARIABLE, "0").spawn().unwrap());
    let mut lines = BufReader::new(process.0.stdout.take().unwrap()).lines().map(|line| {
        let line = line.unwrap();
        serde_json::from_str::<Value>(&line).unwrap_or_else(|error| panic!("{error}: {line}"))
    });
    // Port 0 is any free one.
    let address = lines.next().unwrap()["address"].as_str().unwrap().to_owned();
    assert!(address.starts_with("127.0.0.1:"), "{address}");

    let mut host = TcpStream::connect(&address).unwrap();
    let body = r#"{"Data":{"req":{"Method":"GET","Url":"https://e.org/api/hello/Ada?code=KEY"}},"Metadata":{}}"#;
    write!(
        host,
        "POST /hello HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\nX-Azure-Functions-InvocationId: {INVOCATION}\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
    .unwrap();
    let mut answer = String::new();
    host.read_to_string(&mut answer).unwrap();
    assert!(answer.contains(r#""body":"hello Ada""#), "{answer}");

    let asked = Command::new("kill").arg("-TERM").arg(process.0.id().to_string()).status().unwrap();
    assert!(asked.success());
    assert_eq!(process.0.wait().unwrap().code(), Some(200));
    let rest: Vec<_> = lines.collect();
    let greeting = rest.iter().find(|line| line["message"] == "greeting").unwrap();
    assert_eq!(greeting["spans"][0]["invocation_id"], INVOCATION);
    assert!(rest.iter().all(|line| !line.to_string().contains("KEY")), "{rest:?}");
    let mut errors = String::new();
    process.0.stderr.take().unwrap().read_to_string(&mut errors).unwrap();
    assert_eq!(errors, "");
}

#[test]
#[ignore = "run by the next test, in a process of its own"]
fn panicking() {
    crate::logging::start("info").unwrap();
    assert!(std::panic::catch_unwind(|| panic!("two\nlines")).is_err());
}

#[test]
fn a_panic_is_one_line_on_standard_output() {
    let tests = std::env::current_exe().unwrap();
    let ended = Command::new(tests).args(["--ignored", "--exact", "tests::process::panicking", "--nocapture"]).output().unwrap();
    assert!(ended.status.success(), "{ended:?}");
    assert_eq!(String::from_utf8(ended.stderr).unwrap().trim(), "");
    let told = String::from_utf8(ended.stdout).unwrap();
    let lines: Vec<Value> = told.lines().filter_map(|line| serde_json::from_str(&line[line.find('{')?..]).ok()).collect();
    assert_eq!(lines.len(), 1, "{told}");
    assert_eq!((&lines[0]["panic"], &lines[0]["level"]), (&"two\nlines".into(), &"ERROR".into()));
}

#[test]
fn without_a_port_it_says_what_to_do_and_ends_as_a_crash_does() {
    let ended = example().output().unwrap();
    assert_eq!(ended.status.code(), Some(1));
    let errors = String::from_utf8(ended.stderr).unwrap();
    assert!(errors.starts_with("Error: FUNCTIONS_CUSTOMHANDLER_PORT is not set; start this program through"), "{errors}");
    assert_eq!(errors.lines().count(), 1, "{errors}");
}

//! The process: when it counts as ready, what its exit codes mean, what it may write.

use std::time::Duration;

use tests::functions_host::{FunctionsHost, Options, Trouble, Worker, until};
use tokio::net::TcpListener;

use crate::stage::{Handler, Root};

/// Writes and exits as told; never answers.
async fn started(root: &Root) -> FunctionsHost {
    let host = FunctionsHost::start(root.read().unwrap(), Options::default()).await.unwrap();
    host.scale_out(Worker::Executable);
    host
}

async fn gone(host: &FunctionsHost) -> String {
    format!("{:#}", host.ready(0).await.unwrap_err())
}

#[tokio::test]
async fn exit_code_0_is_the_end_and_nothing_starts_it_again() {
    let root = Root::new().timer("sweep").script("exit 0");
    let host = started(&root).await;
    assert!(gone(&host).await.contains("exit code 0"));
    host.report().expect_only(&[Trouble::EndedForGood]);
    assert_eq!(host.report().entries().len(), 1);
}

#[tokio::test]
async fn three_errors_stop_the_host() {
    let root = Root::new().timer("sweep").script("echo '{\"message\":\"dying\"}'; exit 3");
    let host = started(&root).await;
    assert!(gone(&host).await.contains("Exceeded http worker restart retry count"));
    host.report().expect_only(&[Trouble::Crashed, Trouble::HostStopped]);
    assert_eq!(host.report().of(Trouble::Crashed).len(), 3);
    assert_eq!(host.lines(0).unwrap().len(), 3);
}

#[tokio::test]
async fn exit_code_200_asks_for_a_start_and_is_not_counted() {
    let root = Root::new().timer("sweep").script("echo x >> lives; [ $(wc -l < lives) -gt 6 ] && exit 0; exit 200");
    let host = started(&root).await;
    gone(&host).await;
    assert_eq!(host.report().of(Trouble::AskedForRestart).len(), 6);
    host.report().expect_only(&[Trouble::AskedForRestart, Trouble::EndedForGood]);
}

#[tokio::test]
async fn a_process_that_never_answers_is_not_ready() {
    let root = Root::new().host("/customHandler/initializationTimeout", "00:00:00.2").timer("sweep").script("exec sleep 60");
    let host = started(&root).await;
    gone(&host).await;
    assert_eq!(host.report().of(Trouble::NotReady).len(), 3);
    host.report().expect_only(&[Trouble::NotReady, Trouble::HostStopped]);
}

#[tokio::test]
async fn a_handler_that_listens_on_ipv6_only_is_not_ready() {
    let Ok(listener) = TcpListener::bind("[::1]:0").await else { return println!("SKIPPED: no IPv6 here") };
    let port = listener.local_addr().unwrap().port();
    Handler::outputs(serde_json::json!({})).serve_on(listener);
    let root = Root::new().host("/customHandler/initializationTimeout", "00:00:00.2").timer("sweep");
    let host = FunctionsHost::start(root.read().unwrap(), Options::default()).await.unwrap();
    host.scale_out(Worker::At(format!("http://127.0.0.1:{port}")));
    until("the wait for readiness ends", async || !host.report().of(Trouble::NotReady).is_empty()).await;
}

#[tokio::test]
async fn a_late_handler_is_ready_when_it_answers_anything_at_all() {
    let reserved = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = reserved.local_addr().unwrap();
    let root = Root::new().timer("sweep");
    let host = FunctionsHost::start(root.read().unwrap(), Options::default()).await.unwrap();
    // Accepts nothing yet: a connection waits, and is answered when somebody serves.
    host.scale_out(Worker::At(format!("http://{address}")));
    let early = tokio::time::timeout(Duration::from_millis(100), host.ready(0)).await;
    assert!(early.is_err(), "ready before anything answered");
    reserved.set_nonblocking(true).unwrap();
    Handler::outputs(serde_json::json!({})).serve_on(TcpListener::from_std(reserved).unwrap());
    host.ready(0).await.unwrap();
    host.run_timer("sweep", false).await.unwrap().outcome.unwrap();
    host.report().expect_nothing();
}

#[tokio::test]
async fn a_line_on_stdout_that_is_no_event_is_noise_and_one_on_stderr_a_complaint_unless_it_warns() {
    let written = "echo '{\"message\":\"fine\"}'; echo hello; echo '7'; echo 'Warning: careful' >&2; echo 'oh no' >&2; exit 0";
    let root = Root::new().timer("sweep").script(written);
    let host = started(&root).await;
    gone(&host).await;
    let noise: Vec<_> = host.report().of(Trouble::Noise).into_iter().map(|entry| entry.text).collect();
    assert_eq!(noise, ["no event: 'hello'", "no event: '7'"]);
    let complaints: Vec<_> = host.report().of(Trouble::Complaint).into_iter().map(|entry| entry.text).collect();
    assert_eq!(complaints, ["oh no"]);
}

#[tokio::test]
async fn the_process_has_the_app_settings_the_hosts_variables_and_its_arguments() {
    let told = r#"echo "{\"port\":\"$FUNCTIONS_CUSTOMHANDLER_PORT\",\"old\":\"$FUNCTIONS_HTTPWORKER_PORT\",\"id\":\"$FUNCTIONS_CUSTOMHANDLER_WORKER_ID\",\"root\":\"$FUNCTIONS_APP_ROOT_PATH\",\"here\":\"$PWD\",\"mine\":\"$MINE\",\"cargo\":\"$CARGO_MANIFEST_DIR\",\"args\":\"$*\"}"; exit 0"#;
    let arguments = serde_json::json!(["serve", "--name=%MINE%", "[%UNSET%]"]);
    let root = Root::new().timer("sweep").setting("MINE", "yes").script(told);
    let root = root.host("/customHandler/description/arguments", arguments);
    let host = started(&root).await;
    gone(&host).await;
    let line: serde_json::Value = serde_json::from_str(&host.lines(0).unwrap()[0]).unwrap();
    assert!(line["port"].as_str().unwrap().parse::<u16>().is_ok(), "{line}");
    assert_eq!(line["port"], line["old"]);
    assert_eq!(line["root"], line["here"]);
    assert_eq!((&line["mine"], &line["args"]), (&"yes".into(), &"serve --name=yes []".into()));
    assert_eq!(line["cargo"], "");
    assert_eq!(line["id"].as_str().unwrap().len(), 36);
}

#[tokio::test]
async fn the_right_to_run_that_a_zip_lost_is_given_back() {
    use std::os::unix::fs::PermissionsExt;
    let root = Root::new().timer("sweep").script("echo '{}'; exit 0");
    std::fs::set_permissions(root.path().join("handler"), std::fs::Permissions::from_mode(0o644)).unwrap();
    let host = started(&root).await;
    gone(&host).await;
    host.report().expect_only(&[Trouble::EndedForGood]);
}

#[tokio::test]
async fn the_runtime_is_ready_quiet_and_asks_to_be_started_again_when_it_is_stopped() {
    let root = Root::new().timer("sweep").executable(env!("CARGO_BIN_EXE_example-timer"));
    let host = root.run(Options::default(), Worker::Executable).await;
    let first = host.process(0).unwrap();
    host.terminate_process(0).await.unwrap();
    until("another process", async || host.process(0).unwrap().is_some_and(|id| Some(id) != first)).await;
    host.run_timer("sweep", true).await.unwrap().outcome.unwrap();
    assert_eq!(host.report().of(Trouble::AskedForRestart).len(), 1);
    host.kill_process(0).await.unwrap();
    until("the crash is seen", async || !host.report().of(Trouble::Crashed).is_empty()).await;
    host.run_timer("sweep", false).await.unwrap().outcome.unwrap();
    assert!(host.report().of(Trouble::Crashed)[0].text.contains("137"));
    assert_eq!(host.scale_in(0).await.unwrap(), Some(200));
    host.report().expect_only(&[Trouble::AskedForRestart, Trouble::Crashed]);
}

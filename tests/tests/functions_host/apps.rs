//! What the host refuses when it loads an app.

use serde_json::{Value, json};
use tests::functions_host::App;
use tests::process::Scratch;

use crate::stage::Root;

#[track_caller]
fn refused(root: &Root, why: &str) {
    let error = root.read().map(|app| app.names().map(str::to_owned).collect::<Vec<_>>()).unwrap_err();
    assert!(format!("{error:#}").contains(why), "{error:#}");
}

fn with(bindings: &Value) -> Root {
    Root::new().function("work", &json!({ "bindings": bindings }))
}

fn timer(schedule: &str) -> Value {
    json!({ "type": "timerTrigger", "direction": "in", "name": "timer", "schedule": schedule })
}

fn queue(name: &str) -> Value {
    json!({ "type": "queueTrigger", "direction": "in", "name": "due", "queueName": name, "connection": "Jobs" })
}

#[test]
fn our_own_app_is_taken_with_its_settings_and_each_missing_one_is_named() {
    let scratch = Scratch::new("own").unwrap();
    let repository = std::path::Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."));
    tests::functions_host::lay(scratch.path(), repository, std::path::Path::new("/bin/true"), "").unwrap();
    let settings = [
        ("AzureWebJobsStorage", "QueueEndpoint=http://127.0.0.1:1/a;SharedAccessSignature=sv=1"),
        ("ITSM_QUEUE", "workitems"),
        ("ITSM_SYNC_SCHEDULE", "0 */5 * * * *"),
        ("ITSM_REFRESH_SCHEDULE", "0 0 3 * * *"),
    ];
    let all = settings.map(|(name, value)| (name.to_owned(), value.to_owned())).into_iter().collect();
    let app = App::read(scratch.path(), all).unwrap();
    assert!(app.names().count() >= 7, "{:?}", app.names().collect::<Vec<_>>());
    for (missing, _) in settings {
        let rest = settings.iter().filter(|(name, _)| *name != missing);
        let rest = rest.map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let error = App::read(scratch.path(), rest).unwrap_err();
        assert!(format!("{error:#}").contains(missing), "{missing}: {error:#}");
    }
}

#[test]
fn settings_are_put_in_for_their_names_and_a_missing_one_is_named() {
    let root = with(&json!([timer("%SWEEP%")]));
    refused(&root, "work/function.json: '%SWEEP%' does not resolve: the app setting SWEEP is not set");
    root.setting("SWEEP", "0 */5 * * * *").read().unwrap();
    refused(&with(&json!([timer("100%")])), "without its second");
}

#[test]
fn a_schedule_that_is_none_is_refused() {
    for schedule in ["", "* * *", "0 99 * * * *", "00:05:00"] {
        refused(&with(&json!([timer(schedule)])), "schedule");
    }
    with(&json!([timer("*/5 * * * *")])).read().unwrap();
}

#[test]
fn bindings_that_no_extension_knows_several_triggers_and_none_are_refused() {
    let http = json!({ "type": "http", "direction": "out", "name": "res" });
    refused(&with(&json!([{ "type": "kafkaTrigger", "direction": "in", "name": "x" }])), "kafkaTrigger");
    refused(&with(&json!([timer("0 0 * * * *"), { "type": "httpTrigger", "direction": "in", "name": "b" }])), "several triggers");
    refused(&with(&json!([http])), "no trigger");
    refused(&with(&json!([{ "type": "timerTrigger", "direction": "out", "name": "t", "schedule": "0 0 * * * *" }])), "direction");
    refused(&with(&json!([{ "type": "httpTrigger", "direction": "in", "name": "Res" }, http])), "same name");
}

#[test]
fn a_queue_without_its_connection_or_with_an_impossible_name_is_refused() {
    refused(&with(&json!([queue("due-work")])), "'Jobs' does not exist");
    let signed = "QueueEndpoint=http://127.0.0.1:1/a;SharedAccessSignature=sv=1";
    with(&json!([queue("due-work")])).setting("Jobs", signed).read().unwrap();
    refused(&with(&json!([queue("Due")])).setting("Jobs", signed), "'Due' is no name for a queue");
    refused(&with(&json!([queue("due-work")])).setting("Jobs", "AccountName=a"), "QueueEndpoint");
}

#[test]
fn retry_is_for_timers() {
    let retry = json!({ "strategy": "fixedDelay", "maxRetryCount": 3, "delayInterval": "00:00:10" });
    Root::new().function("work", &json!({ "bindings": [timer("0 0 * * * *")], "retry": retry })).read().unwrap();
    let http = json!({ "type": "httpTrigger", "direction": "in", "name": "req" });
    refused(&Root::new().function("work", &json!({ "bindings": [http], "retry": retry })), "timers only");
    let other = json!({ "strategy": "linear", "maxRetryCount": 3 });
    refused(&Root::new().function("work", &json!({ "bindings": [timer("0 0 * * * *")], "retry": other })), "linear");
}

#[test]
fn host_json_is_read_as_strictly() {
    let root = || Root::new().timer("sweep");
    root().read().unwrap();
    refused(&root().host("/version", "1.0"), "version");
    refused(&root().host("/extensions/queues/messageEncoding", "utf8"), "messageEncoding");
    refused(&root().host("/extensions/queues/batchSize", 33), "batchSize");
    refused(&root().host("/extensions/queues/maxDequeueCount", 0), "maxDequeueCount");
    refused(&root().host("/extensions/queues/visibilityTimeout", "30s"), "time span");
    refused(&root().host("/customHandler/description/defaultExecutablePath", ""), "defaultExecutablePath");
    refused(&root().host("/customHandler/http", json!({ "routes": [{ "route": "{*route}" }] })), "beside function.json");
    refused(&Root::new(), "no function");
    let signed = "QueueEndpoint=http://127.0.0.1:1/a;SharedAccessSignature=sv=1";
    let queues = with(&json!([queue("due-work")])).setting("Jobs", signed).host("/extensionBundle", Value::Null);
    refused(&queues, "extensionBundle");
}

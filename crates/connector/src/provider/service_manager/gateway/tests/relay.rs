use emulators::http::{Answer, Call, Decision, Service};
use emulators::relay::{HybridConnection, Listener, Options as RelayOptions, Relay, Right, Rule, SEND_KEY};

use super::*;
use crate::probe::{Report, Verdict};
use crate::provider::records::{Ask, Position};
use crate::rows::RecordKind;

/// A gateway that listens at `scsm`, and a provider that goes there.
struct Behind {
    relay: Relay,
    listener: Option<Listener>,
    tool: Tool,
    clock: Arc<ManualClock>,
    provider: Arc<dyn Provider>,
}

fn through(relay: &Relay, path: &str, rule: &str, key: &str) -> Connection {
    let section = format!("service_manager = {{ relay = {{ rule = \"{rule}\", key = \"${key}\", token_life = \"10m\" }} }}");
    settings(&format!("{}/{path}", relay.url()), &section)
}

impl Behind {
    async fn new(options: RelayOptions) -> Self {
        let tool = Tool::start_with(Options { time: Time::Manual(NOW), ..Options::default() }).await;
        let relay = Relay::start_with(RelayOptions { time: Time::Manual(NOW), ..options }).await;
        let listener = relay.listen("scsm", tool.service()).await.unwrap();
        let clock = clock();
        let provider = provider_for(&through(&relay, "scsm", "send", "RELAY_KEY"), secrets(), &clock);
        Self { relay, listener: Some(listener), tool, clock, provider }
    }

    fn other(&self, path: &str, rule: &str, key: &str) -> Arc<dyn Provider> {
        provider_for(&through(&self.relay, path, rule, key), secrets(), &self.clock)
    }

    /// The gateway goes away.
    async fn alone(&mut self) {
        self.listener = None;
        while self.relay.listeners("scsm") > 0 {
            tokio::task::yield_now().await;
        }
    }
}

async fn refused(provider: &Arc<dyn Provider>) -> ProviderError {
    provider.find(KIND, &key(1)).await.unwrap_err()
}

#[tokio::test]
async fn both_tokens_travel_and_relays_is_made_anew_in_time() {
    let behind = Behind::new(RelayOptions::default()).await;
    behind.provider.create(&draft()).await.unwrap();
    // Its life is 10 minutes; each of these would find it expired at Relay if it were not renewed.
    for _ in 0..5 {
        behind.relay.advance(Duration::from_secs(595));
        behind.clock.advance(Duration::from_secs(595));
        assert!(behind.provider.find(KIND, &key(1)).await.unwrap().is_some());
    }
    assert!(
        behind.tool.requests().iter().all(|request| request.status == 200 || request.status == 201),
        "the gateway's own token came through"
    );
}

/// Secrets of which the relay's key can be replaced.
#[derive(Debug)]
struct Rotating(std::sync::Mutex<&'static str>);

impl crate::secret::Secrets for Rotating {
    fn get(&self, reference: &crate::secret::SecretRef) -> Result<crate::secret::Secret, crate::secret::MissingSecret> {
        match reference.name() {
            Some("RELAY_KEY") => Ok(crate::secret::Secret::new(*self.0.lock().unwrap())),
            _ => secrets().get(reference),
        }
    }
}

#[tokio::test]
async fn a_key_that_was_replaced_is_taken_up_with_the_call_that_relay_refuses() {
    let tool = Tool::start_with(Options { time: Time::Manual(NOW), ..Options::default() }).await;
    let rule =
        |name: &str, key: &str, right| Rule { name: name.to_owned(), key: key.to_owned(), rights: vec![right], path: None };
    let clock = clock();
    let relay_with = |key: &'static str| RelayOptions {
        time: Time::Manual(NOW),
        rules: vec![rule("send", key, Right::Send), rule("listen", emulators::relay::LISTEN_KEY, Right::Listen)],
        ..RelayOptions::default()
    };
    let relay = Relay::start_with(relay_with("the-new-key")).await;
    let _listener = relay.listen("scsm", tool.service()).await.unwrap();
    let held = Arc::new(Rotating(std::sync::Mutex::new("the-old-key")));
    let surroundings = Surroundings { secrets: Arc::clone(&held) as Arc<dyn crate::secret::Secrets>, clock };
    let provider = build("scsm", &through(&relay, "scsm", "send", "RELAY_KEY"), &surroundings).unwrap();
    assert_eq!(waits(&refused(&provider).await), WaitReason::Credentials);
    *held.0.lock().unwrap() = "the-new-key";
    let before = relay.requests().len();
    // The token in hand is of the old key: refused once, the same call goes on with one of the new.
    assert_eq!(provider.find(KIND, &key(1)).await, Ok(None));
    let told: Vec<_> = relay.requests()[before..].iter().map(|request| request.status).collect();
    assert_eq!(told, [401, 200]);
}

#[tokio::test]
async fn each_of_relays_own_answers_is_a_cause_of_its_own_with_a_remedy() {
    let mut behind = Behind::new(RelayOptions::default()).await;
    let listen_only = Rule { name: "listen".to_owned(), key: String::new(), rights: vec![Right::Listen], path: None };
    for (path, rule, key, says, helps) in [
        ("scsm", "send", "WRONG", "does not accept the token (401)", "keys list"),
        ("scsm", "nobody", "RELAY_KEY", "no such rule", "--name nobody"),
        ("scsm", listen_only.name.as_str(), "LISTEN_KEY", "may not send", "right Send"),
        ("nothing", "send", "RELAY_KEY", "no such hybrid connection", "az relay hyco list"),
    ] {
        let error = refused(&behind.other(path, rule, key)).await;
        assert!(error.to_string().starts_with("looking for an incident: ") && error.to_string().contains(says), "{error}");
        assert!(remedy(&error).contains(helps), "{error:?}");
        let shown = format!("{error:?}");
        assert!(!shown.contains(SEND_KEY) && !shown.contains("nobody-knows") && !shown.contains("sig="), "{shown}");
    }
    behind.alone().await;
    let error = refused(&behind.provider).await;
    assert_eq!(waits(&error), WaitReason::Outage);
    assert!(error.to_string().contains("no gateway is connected") && remedy(&error).contains("scheduled task"), "{error:?}");
}

#[tokio::test]
async fn no_listener_may_be_told_with_either_status() {
    let mut behind = Behind::new(RelayOptions { no_listener_status: 503, ..RelayOptions::default() }).await;
    behind.alone().await;
    assert!(refused(&behind.provider).await.to_string().contains("Azure Relay answers 503"));
}

#[tokio::test]
async fn the_gateways_own_refusal_is_not_taken_for_relays() {
    let behind = Behind::new(RelayOptions::default()).await;
    behind.tool.strike(&emulators::desk::Trouble::CredentialsRefused);
    let error = refused(&behind.provider).await;
    assert!(error.to_string().contains("does not know the shared secret"), "{error}");
    behind.tool.calm();
    behind.tool.faults().add(Fault::new(Effect::AccessDenied).times(1));
    let error = refused(&behind.provider).await;
    assert!(remedy(&error).contains("Advanced Operator"), "{error:?}");
    assert_eq!(behind.provider.read(KIND, "IR77777").await, Ok(None), "404 of the gateway is a missing incident");
}

#[tokio::test]
async fn a_gateway_that_dies_with_a_create_leaves_it_to_be_looked_up() {
    let options = RelayOptions { answer_within: Duration::from_millis(300), ..RelayOptions::default() };
    let behind = Behind::new(options).await;
    for effect in [Effect::CrashAfterCommit, Effect::ResetAfterCommit] {
        behind.tool.faults().add(Fault::new(effect).path("create ").times(1));
        let error = behind.provider.create(&draft()).await.unwrap_err();
        assert!(matches!(&error, ProviderError::Ambiguous { cause } if cause.contains("within 60 s (504)")), "{error:?}");
        assert!(behind.provider.find(KIND, &key(1)).await.unwrap().is_some());
    }
    assert_eq!(behind.tool.all(Kind::Incident).len(), 1);
}

#[tokio::test]
async fn a_page_that_is_too_long_for_the_control_channel_comes_whole() {
    let behind = Behind::new(RelayOptions::default()).await;
    for index in 0..200 {
        behind.tool.file(Kind::Incident, &format!("incident {index}"));
    }
    let after = Position::before(jiff::Timestamp::UNIX_EPOCH);
    let ask = Ask { kind: RecordKind::Incident, after: &after, until: None, limit: 200 };
    assert_eq!(behind.provider.page(&ask).await.unwrap().rows.len(), 200);
    assert!(behind.relay.rendezvous() > 0, "a page of 200 is longer than 64 kB");
}

#[tokio::test]
async fn without_client_authorization_no_token_is_needed_and_one_does_no_harm() {
    let open = HybridConnection { path: "scsm".to_owned(), sender_authorization: false };
    let behind = Behind::new(RelayOptions { hybrid_connections: vec![open], ..RelayOptions::default() }).await;
    assert!(behind.provider.find(KIND, &key(1)).await.unwrap().is_none());
    let bare = provider_for(&settings(&format!("{}/scsm", behind.relay.url()), ""), secrets(), &behind.clock);
    assert!(bare.find(KIND, &key(1)).await.unwrap().is_none());
}

/// Something that is no gateway answers at the hybrid connection.
#[derive(Debug)]
struct Stranger;

impl Service for Stranger {
    fn decide(&self, _call: Call) -> Decision {
        Decision::Answer(Answer::new(404, "text/plain", "what?"), Duration::ZERO)
    }
}

#[tokio::test]
async fn another_listener_is_no_gateway_and_the_check_says_where_it_ends() {
    let mut behind = Behind::new(RelayOptions::default()).await;
    let check = async |provider: &Arc<dyn Provider>| {
        let mut report = Report::new("scsm");
        provider.check(&[KIND], &mut report).await;
        let failed: Vec<_> = report.probes.into_iter().filter(|probe| probe.verdict == Verdict::Failed).collect();
        failed.into_iter().map(|probe| (probe.name, probe.cause)).collect::<Vec<_>>()
    };
    assert_eq!(check(&behind.provider).await, []);
    for (provider, says) in [
        (behind.other("scsm", "send", "WRONG"), "does not accept the token"),
        (behind.other("nothing", "send", "RELAY_KEY"), "no such hybrid connection"),
    ] {
        let failed = check(&provider).await;
        assert!(failed.len() == 1 && failed[0].0 == "relay" && failed[0].1.contains(says), "{failed:?}");
    }
    behind.alone().await;
    assert_eq!(check(&behind.provider).await[0].0, "relay");
    behind.listener = Some(behind.relay.listen("scsm", Arc::new(Stranger)).await.unwrap());
    let failed = check(&behind.provider).await;
    assert!(failed[0].0 == "awake" && failed[0].1.contains("no Service Manager gateway"), "{failed:?}");
}

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use azure_core::credentials::{AccessToken, TokenCredential, TokenRequestOptions};
use azure_core::error::ErrorKind;
use emulators::http::{Answer, Call, Decision, Server, Service};
use jiff::Timestamp;
use url::Url;

use super::{Source, Unreadable, blob, identity};
use crate::clock::Clock;
use crate::secret::Variables;
use crate::sink::credential::Identity;
use crate::store::tests::azurite;

const SETTINGS: &str = "[connections.snow]\nprovider = \"servicenow\"\nurl = \"https://example.service-now.com\"\n\
auth = { type = \"basic\", username = \"itsm\", password = \"$SNOW_PASSWORD\" }\n";

/// A clock whose sleepers never wait.
#[derive(Debug)]
struct Leaping(Mutex<Timestamp>);

impl Leaping {
    fn new() -> Self {
        Self(Mutex::new(Timestamp::UNIX_EPOCH))
    }
}

#[async_trait]
impl Clock for Leaping {
    fn now(&self) -> Timestamp {
        *self.0.lock().unwrap()
    }

    async fn sleep_until(&self, until: Timestamp) {
        *self.0.lock().unwrap() = until;
    }
}

/// Gives one answer after the other, and the last one for ever.
struct Scripted {
    answers: Vec<Option<Answer>>,
    asked: AtomicUsize,
    calls: Mutex<Vec<Call>>,
}

impl Service for Scripted {
    fn decide(&self, call: Call) -> Decision {
        self.calls.lock().unwrap().push(call);
        let number = self.asked.fetch_add(1, Ordering::Relaxed).min(self.answers.len() - 1);
        match self.answers[number].clone() {
            Some(answer) => Decision::Answer(answer, Duration::ZERO),
            None => Decision::Drop(Duration::ZERO),
        }
    }
}

struct Place {
    server: Server,
    script: Arc<Scripted>,
}

impl Place {
    async fn new(answers: impl IntoIterator<Item = Option<Answer>>) -> Self {
        let script =
            Arc::new(Scripted { answers: answers.into_iter().collect(), asked: AtomicUsize::new(0), calls: Mutex::default() });
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let server = Server::start(listener, None, Arc::clone(&script) as Arc<dyn Service>).unwrap();
        Self { server, script }
    }

    fn url(&self) -> String {
        format!("http://{}/settings/connector.toml", self.server.address())
    }

    fn calls(&self) -> usize {
        self.script.calls.lock().unwrap().len()
    }
}

fn good() -> Answer {
    Answer::new(200, "application/octet-stream", SETTINGS)
}

fn azure(status: u16, code: &str) -> Answer {
    Answer::new(status, "application/xml", format!("<Error><Code>{code}</Code></Error>")).with_header("x-ms-error-code", code)
}

fn variables<const N: usize>(values: [(&str, &str); N]) -> Variables {
    values.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

async fn read(source: &str) -> Result<String, String> {
    let read = Source::from(source).read(&Variables::default(), &Leaping::new()).await;
    read.map(|document| document.text).map_err(|problems| {
        assert!(problems.len() == 1 && !problems[0].remedy.is_empty(), "{problems:?}");
        problems[0].to_string()
    })
}

async fn refused(answer: Answer) -> String {
    let place = Place::new([Some(answer)]).await;
    let said = read(&format!("{}?sv=2021-12-02&sig=hunter2", place.url())).await.unwrap_err();
    assert!(said.starts_with(&format!("{}: ", place.url())), "{said}");
    assert!(!said.contains("hunter2"), "{said}");
    assert_eq!(place.calls(), 1, "it is not tried again: {said}");
    said
}

#[tokio::test]
async fn settings_at_an_address_are_those_of_a_file_and_problems_name_the_address() {
    let place = Place::new([Some(good())]).await;
    let source = Source::from(format!("{}?sig=hunter2", place.url()).as_str());
    let document = source.read(&Variables::default(), &Leaping::new()).await.unwrap();
    assert!(document.settings().unwrap().connections.contains_key("snow"));
    let call = place.script.calls.lock().unwrap()[0].clone();
    assert_eq!((call.query.as_str(), call.header("authorization")), ("sig=hunter2", None));

    let broken = Place::new([Some(Answer::new(200, "text/plain", "url = hunter2"))]).await;
    let source = Source::from(format!("{}?sig=hunter2", broken.url()).as_str());
    let problems = source.read(&Variables::default(), &Leaping::new()).await.unwrap().settings().unwrap_err();
    let said = problems[0].to_string();
    assert!(said.starts_with(&format!("{}:1:7: not valid TOML", broken.url())) && !said.contains("hunter2"), "{said}");
}

#[tokio::test]
async fn a_file_is_read_as_before() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("connector.toml");
    assert!(read(path.to_str().unwrap()).await.unwrap_err().contains("connector.toml: cannot be read"));
    std::fs::write(&path, SETTINGS).unwrap();
    assert_eq!(read(path.to_str().unwrap()).await.unwrap(), SETTINGS);
}

#[tokio::test]
async fn every_refusal_says_what_to_do() {
    for (status, code, remedy) in [
        (404, "BlobNotFound", "upload connector.toml there"),
        (404, "ContainerNotFound", "container's name"),
        (403, "AuthenticationFailed", "renew the shared access signature"),
        (403, "AuthorizationPermissionMismatch", "renew the shared access signature"),
        (403, "AuthorizationFailure", "firewall"),
        (403, "KeyBasedAuthenticationNotPermitted", "without a signature"),
        (400, "InvalidQueryParameterValue", "check the address"),
    ] {
        let said = refused(azure(status, code)).await;
        assert!(said.contains(&format!("the answer was {status} {code}")) && said.contains(remedy), "{said}");
    }
    let said = refused(Answer::empty(302).with_header("Location", "https://login.example.org/?next=hunter2")).await;
    assert!(said.contains("redirected to login.example.org") && said.contains("sign-in page"), "{said}");
    let said = refused(Answer::new(200, "text/html", "\u{feff}\r\n <!DOCTYPE html><title>Sign in</title>")).await;
    assert!(said.contains("is a web page") && said.contains("proxy"), "{said}");
    let said = refused(Answer::new(200, "text/plain", vec![b'#'; 1024 * 1024 + 1])).await;
    assert!(said.contains("larger than 1048576 bytes"), "{said}");
    let said = refused(Answer::new(200, "text/plain", vec![0xff, 0xfe, b'x'])).await;
    assert!(said.contains("UTF-8"), "{said}");
}

#[tokio::test]
async fn a_private_container_without_a_signature_is_told_as_such() {
    let place = Place::new([Some(azure(404, "ResourceNotFound"))]).await;
    assert!(read(&place.url()).await.unwrap_err().contains("add a shared access signature"));
}

#[tokio::test]
async fn a_service_that_is_busy_is_asked_three_times() {
    let busy = || Some(azure(503, "ServerBusy"));
    let place = Place::new([busy(), None, Some(good())]).await;
    assert_eq!(read(&place.url()).await.unwrap(), SETTINGS);
    let place = Place::new([busy()]).await;
    assert!(read(&place.url()).await.unwrap_err().contains("503 ServerBusy"));
    assert_eq!(place.calls(), 3);
}

/// Finds no host.
struct Nameless;

impl reqwest::dns::Resolve for Nameless {
    fn resolve(&self, _: reqwest::dns::Name) -> reqwest::dns::Resolving {
        Box::pin(async { Err("no such host: hunter2".into()) })
    }
}

#[tokio::test]
async fn an_address_that_nobody_listens_at_or_that_has_no_host_is_told_apart() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let closed = listener.local_addr().unwrap();
    drop(listener);
    let client = blob::client(reqwest::Client::builder().no_proxy().dns_resolver(Arc::new(Nameless))).unwrap();
    for (url, says) in [
        (format!("http://{closed}/settings/connector.toml?sig=hunter2"), "no connection could be made"),
        ("https://nowhere.invalid/settings/connector.toml?sig=hunter2".to_owned(), "host cannot be found"),
    ] {
        let fetched = blob::fetch(&client, &url.parse().unwrap(), None, &Leaping::new()).await;
        let Unreadable { message, remedy } = fetched.unwrap_err();
        assert!(message.contains(says) && !remedy.is_empty(), "{message}");
        assert!(!message.contains("hunter2"), "{message}");
    }
}

#[tokio::test]
async fn an_answer_that_does_not_come_is_given_up() {
    // Takes connections and never says a word.
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/settings/connector.toml", listener.local_addr().unwrap());
    let client = reqwest::Client::builder().no_proxy().timeout(Duration::from_millis(50)).build().unwrap();
    let unreadable = blob::fetch(&client, &url.parse().unwrap(), None, &Leaping::new()).await.unwrap_err();
    assert!(unreadable.message.contains("in time") && unreadable.remedy.contains("firewall"), "{unreadable:?}");
}

#[tokio::test]
async fn all_attempts_together_have_an_end_of_their_own() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/settings/connector.toml", listener.local_addr().unwrap()).parse().unwrap();
    // One attempt alone would outlast the test.
    let client = reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(3600)).build().unwrap();
    let clock = Leaping::new();
    let read = blob::fetch_within(Duration::from_millis(50), &client, &url, None, &clock);
    let unreadable = tokio::time::timeout(Duration::from_secs(60), read).await.expect("it ends").unwrap_err();
    assert!(unreadable.message.contains("in time") && unreadable.remedy.contains("firewall"), "{unreadable:?}");
}

#[tokio::test]
async fn an_address_that_is_not_safe_is_refused_without_being_asked() {
    for (address, says) in [
        ("http://account.blob.core.windows.net/settings/connector.toml?sig=hunter2", "must begin with https://"),
        ("https://admin:hunter2@account.blob.core.windows.net/settings/connector.toml", "user name or password"),
        ("https://example.org/connector.toml?code=hunter2", "no token is sent elsewhere"),
        ("https://blob.core.windows.net.example.org/connector.toml", "no token is sent elsewhere"),
        ("https://hunter2 hunter2/", "is not a URL"),
    ] {
        let said = read(address).await.unwrap_err();
        assert!(said.contains(says) && !said.contains("hunter2"), "{said}");
    }
}

#[test]
fn a_source_is_shown_without_what_may_be_secret() {
    let source = Source::from("HTTPS://admin:hunter2@Account.blob.core.windows.net/settings/connector.toml?sig=hunter2#hunter2");
    assert_eq!(source.to_string(), "https://account.blob.core.windows.net/settings/connector.toml");
    assert!(!format!("{source:?}").contains("hunter2"));
    assert_eq!(Source::from("./connector.toml").to_string(), "./connector.toml");
}

/// Has a token, or none.
#[derive(Debug)]
struct Given(Option<&'static str>);

#[async_trait]
impl TokenCredential for Given {
    async fn get_token(&self, scopes: &[&str], _: Option<TokenRequestOptions<'_>>) -> azure_core::Result<AccessToken> {
        assert_eq!(scopes, ["https://storage.azure.com/.default"]);
        let token = self.0.ok_or_else(|| azure_core::Error::with_message(ErrorKind::Credential, "hunter2"))?;
        Ok(AccessToken::new(token.to_owned(), azure_core::time::OffsetDateTime::UNIX_EPOCH))
    }
}

#[tokio::test]
async fn without_a_signature_the_identity_is_asked_and_named_when_it_may_not() {
    let as_identity = async |place: &Place, token: Option<&'static str>| {
        let (given, url) = (Given(token), Url::parse(&place.url()).unwrap());
        let client = blob::client(reqwest::Client::builder().no_proxy()).unwrap();
        blob::fetch(&client, &url, Some((&given, "the managed identity of this app")), &Leaping::new()).await
    };
    let place = Place::new([Some(good())]).await;
    assert_eq!(as_identity(&place, Some("a-token")).await.unwrap(), SETTINGS);
    let call = place.script.calls.lock().unwrap()[0].clone();
    assert_eq!(call.header("authorization"), Some("Bearer a-token"));
    assert_eq!(call.header("x-ms-version"), Some("2021-12-02"));

    let place = Place::new([Some(azure(403, "AuthorizationPermissionMismatch"))]).await;
    let Unreadable { message, remedy } = as_identity(&place, Some("a-token")).await.unwrap_err();
    assert!(remedy.contains("give the managed identity of this app the role Storage Blob Data Reader"), "{remedy}");
    assert!(message.contains("403"), "{message}");
    let Unreadable { message, remedy } = as_identity(&place, None).await.unwrap_err();
    assert!(message.contains("as the managed identity of this app") && remedy.contains("ITSM_CREDENTIAL"), "{message}");
    assert!(!message.contains("hunter2") && !remedy.contains("hunter2"), "{message}");
}

#[test]
fn the_identity_is_chosen_by_where_this_runs_unless_it_is_said() {
    let functions = ("IDENTITY_ENDPOINT", "http://169.254.129.2:8081/msi/token");
    let pod = ("AZURE_FEDERATED_TOKEN_FILE", "/var/run/secrets/azure/tokens/azure-identity-token");
    let id = |name: &str| Identity::Managed(Some(name.to_owned()));
    let of = |variables: &Variables| identity::of(variables).unwrap();
    assert_eq!(of(&Variables::default()), Identity::Developer);
    assert_eq!(of(&variables([pod])), Identity::Workload);
    assert_eq!(of(&variables([functions])), Identity::Managed(None));
    assert_eq!(of(&variables([functions, ("AzureWebJobsStorage__clientId", "host")])), id("host"));
    assert_eq!(of(&variables([functions, ("AzureWebJobsStorage__clientId", "host"), ("AZURE_CLIENT_ID", "ours")])), id("ours"));
    assert_eq!(of(&variables([functions, ("ITSM_CREDENTIAL", "developer")])), Identity::Developer);
    assert_eq!(of(&variables([functions, ("ITSM_CREDENTIAL", "Workload")])), Identity::Workload);
    assert_eq!(of(&variables([("ITSM_CREDENTIAL", "managed"), ("AZURE_CLIENT_ID", "ours")])), id("ours"));
    let wrong = identity::of(&variables([("ITSM_CREDENTIAL", "hunter2")])).unwrap_err();
    assert!(wrong.message.contains("ITSM_CREDENTIAL") && !wrong.message.contains("hunter2"), "{wrong:?}");
}

#[tokio::test]
async fn azurite_gives_the_settings_to_whoever_has_a_signature() {
    let Some(azurite) = azurite::azurite() else { return };
    let served = &azurite.served;
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let container = format!("{}/settings-source", served.blob);
    let put = |url: String| client.put(url).header("x-ms-version", "2021-12-02");
    assert_eq!(put(format!("{container}?restype=container&{}", served.sas)).send().await.unwrap().status(), 201);
    let blob = format!("{container}/connector.toml");
    let upload = put(format!("{blob}?{}", served.sas)).header("x-ms-blob-type", "BlockBlob").body(SETTINGS);
    assert_eq!(upload.send().await.unwrap().status(), 201);

    assert_eq!(read(&format!("{blob}?{}", served.sas)).await.unwrap(), SETTINGS);
    let said = read(&format!("{container}/connectr.toml?{}", served.sas)).await.unwrap_err();
    assert!(said.contains("404 BlobNotFound"), "{said}");
    let said = read(&format!("{}/nowhere/connector.toml?{}", served.blob, served.sas)).await.unwrap_err();
    assert!(said.contains("404 ContainerNotFound"), "{said}");
    let said = read(&format!("{blob}?{}", served.sas.replace("sig=", "sig=A"))).await.unwrap_err();
    assert!(said.contains("403 ") && said.contains("renew the shared access signature"), "{said}");
    let said = read(&blob).await.unwrap_err();
    assert!(said.contains("shared access signature"), "{said}");
}

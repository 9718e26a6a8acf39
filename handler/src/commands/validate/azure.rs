//! What a function app must be told besides `connector.toml`: the settings that the functions name, the storage account of the host,
//! and Key Vault references that can be resolved.

use std::collections::BTreeSet;

use connector::secret::{MissingSecret, SecretRef, is_key_vault_reference};
use connector::settings::problem::Problem;
use connector::settings::span::Span;
use connector::settings::storage::{LONGEST_QUEUE, is_storage_name};
use connector::settings::{Settings, Storage, Workspace};
use connector::sync::schedule::Schedule;
use url::Url;

use super::named::{self, Named};
use super::values::Values;
use crate::commands::account::{self, Other};

/// The function without which lost messages and old state are looked after by nobody.
const TIDIES: &str = "work_item_sync";
/// Twice this is somewhat less than an action group waits.
const LONGEST_TIMEOUT: Span = Span::seconds(4);
const QUEUE_NAME: &str = "3 to 63 lower case letters, digits and single hyphens between them";

/// What was found in the app settings.
#[derive(Debug, Default)]
pub(super) struct Azure {
    pub(super) problems: Vec<Problem>,
    pub(super) warnings: Vec<Problem>,
}

/// What is wrong with `connector.toml` in the light of the app settings.
pub(super) fn in_settings(settings: &Settings, values: &Values) -> Vec<Problem> {
    let Some(storage) = &settings.storage else { return Vec::new() };
    let mut problems = Vec::new();
    let listens: BTreeSet<String> =
        named::app_settings().into_iter().filter(|named| named.property == "queueName").map(|named| named.name).collect();
    for name in listens {
        if let Some(queue) = values.value(&name).filter(|queue| *queue != storage.queue) {
            let message = format!("is \"{}\", and the function that delivers listens to \"{queue}\" ({name})", storage.queue);
            problems.push(Problem::new("storage.queue", message, "name the same queue in both"));
        }
    }
    for connection in delivers_by() {
        let other = account::other(storage, &connection, |name| values.value(name));
        problems.extend(other.map(|other| Problem::new("storage.queues", other.told(), Other::REMEDY)));
    }
    problems
}

/// The connections whose queues functions listen to.
fn delivers_by() -> BTreeSet<String> {
    named::connections().into_iter().map(|named| named.name).collect()
}

/// What is worth saying of `connector.toml` on Azure, and stops nothing. A workspace may be named by the app settings instead.
pub(super) fn warnings_in_settings(settings: &Settings, values: &Values) -> Vec<Problem> {
    let message = "there is no such section, so records are not synced and the connector's log is only in the log of the app";
    let remedy = "add [workspace] to sync incidents and change requests, or set ITSM_WORKSPACE_ENDPOINT and ITSM_WORKSPACE_RULE";
    let nowhere = settings.workspace.is_none() && matches!(Workspace::of_app(values.secrets()), Ok(None));
    let workspace = nowhere.then(|| Problem::new("workspace", message, remedy));
    let slow = settings.storage.as_ref().filter(|storage| storage.timeout > LONGEST_TIMEOUT).map(|storage| {
        let message = format!(
            "{} is long: storing an alert may take twice as long, and an action group waits ten seconds and does not come again for \
             an answer it did not wait for",
            storage.timeout
        );
        Problem::new("storage.timeout", message, format!("at most {LONGEST_TIMEOUT}"))
    });
    workspace.into_iter().chain(slow).collect()
}

impl Azure {
    /// Checks the app settings; `settings` is `connector.toml`, as far as it can be read.
    pub(super) fn check(values: &Values, settings: Option<&Settings>) -> Self {
        let mut check = Self::default();
        for named in named::app_settings() {
            check.setting(&named, values);
        }
        let mut storage = true;
        for connection in delivers_by() {
            storage &= check.connection(&connection, values);
        }
        if storage && settings.is_some_and(|settings| settings.storage.is_none()) {
            check.own_storage(values);
        }
        if settings.is_some_and(|settings| settings.workspace.is_none()) {
            check.own_workspace(values);
        }
        let told: BTreeSet<SecretRef> = settings.map(Settings::secrets).unwrap_or_default();
        for (name, value) in values.written.iter().filter(|(_, value)| is_key_vault_reference(value)) {
            check.reference(name, value, values, told.contains(&SecretRef::variable(name)));
        }
        for problem in check.problems.iter_mut().chain(&mut check.warnings).filter(|problem| problem.file.is_empty()) {
            values.name().clone_into(&mut problem.file);
        }
        check
    }

    fn wrong(&mut self, name: &str, message: impl Into<String>, remedy: impl Into<String>) {
        self.problems.push(Problem::new(name, message, remedy));
    }

    fn warn(&mut self, name: &str, message: impl Into<String>, remedy: impl Into<String>) {
        self.warnings.push(Problem::new(name, message, remedy));
    }

    /// A setting that a function names.
    fn setting(&mut self, Named { function, property, name }: &Named, values: &Values) {
        let Some(value) = values.value(name) else {
            let example = named::example(name).map(|example| format!(", for example to {example:?}")).unwrap_or_default();
            let never = match property.as_str() {
                // Only the sync looks after lost messages and forgets what is old.
                "schedule" if *function != TIDIES => {
                    format!("; to let it never run, set AzureWebJobs.{function}.Disabled to true besides")
                }
                _ => String::new(),
            };
            let message = format!("the app setting is not set, and function {function} needs it as its {property}");
            return self.wrong(name, message, format!("set it{example}{never}"));
        };
        if values.written.value(name).is_some_and(is_key_vault_reference) {
            // Told as a reference; what it stands for is not known.
            return;
        }
        match property.as_str() {
            "schedule" => {
                if let Err(message) = Schedule::parse(value) {
                    let (message, remedy) = message.split_once("; ").unwrap_or((&message, ""));
                    self.wrong(name, message, remedy);
                }
                let disabled = values.value(&format!("AzureWebJobs.{function}.Disabled"));
                if *function == TIDIES
                    && disabled.is_some_and(|disabled| disabled.eq_ignore_ascii_case("true") || disabled == "1")
                {
                    let message =
                        "work_item_sync is disabled, and nothing else looks after lost messages and forgets what is old";
                    self.wrong(
                        &format!("AzureWebJobs.{function}.Disabled"),
                        message,
                        "remove it; without [workspace] the function syncs nothing and tidies",
                    );
                }
            }
            "queueName" if !is_storage_name(value) => {
                self.wrong(name, format!("\"{value}\" is not a name that a queue may have"), format!("use {QUEUE_NAME}"));
            }
            "queueName" if value.len() > LONGEST_QUEUE => {
                let remedy = format!("use at most {LONGEST_QUEUE} characters");
                self.wrong(name, "is too long: the host adds -poison to it for what it gives up", remedy);
            }
            _ => {}
        }
    }

    /// A storage account that the host reaches; whether it is named.
    fn connection(&mut self, name: &str, values: &Values) -> bool {
        if let Some(value) = values.value(name) {
            if value.eq_ignore_ascii_case("UseDevelopmentStorage=true") || value.contains("//127.0.0.1:") {
                let remedy = format!("on Azure, remove it and set {name}__accountName");
                self.warn(name, "is the storage emulator of a developer's machine", remedy);
            }
            return true;
        }
        let managed =
            values.value(&format!("{name}__credential")).is_some_and(|kind| kind.eq_ignore_ascii_case("managedidentity"));
        if !managed && values.value(&format!("{name}__clientId")).is_some() {
            let message = "is not managedidentity, so the host may not use the identity of the client id beside it";
            self.warn(&format!("{name}__credential"), message, "set it to managedidentity");
        }
        if values.value(&format!("{name}__accountName")).is_some() {
            return true;
        }
        let uris = ["blobServiceUri", "queueServiceUri"].map(|uri| format!("{name}__{uri}"));
        let missing: Vec<&String> = uris.iter().filter(|uri| values.value(uri).is_none()).collect();
        match missing[..] {
            [] => true,
            [missing] => {
                let remedy = format!("set it too, or {name}__accountName instead of both");
                self.wrong(missing, "the app setting is not set, and the host needs blobs and queues", remedy);
                false
            }
            _ => {
                let remedy =
                    format!("set {name}__accountName to the storage account's name, with {name}__credential = managedidentity");
                self.wrong(name, "no storage account is named, and the Functions host needs one", remedy);
                false
            }
        }
    }

    /// The account of the connector itself, where `connector.toml` leaves it to the app settings.
    fn own_storage(&mut self, values: &Values) {
        match Storage::of_app(values.secrets()) {
            Ok(storage) => {
                let named = SecretRef::parse(&storage.queues).and_then(|reference| values.value(reference.name()?));
                if named.is_some_and(|string| !string.contains("SharedAccessSignature=")) {
                    let message = "is a connection string with a shared key, which the connector does not use";
                    let remedy = "set AzureWebJobsStorage__accountName instead, for an identity; or use a connection string with \
                                  SharedAccessSignature";
                    self.wrong("AzureWebJobsStorage", message, remedy);
                } else if let Some(other) = account::other(&storage, account::USUAL, |name| values.value(name)) {
                    let remedy = "remove one of AzureWebJobsStorage and AzureWebJobsStorage__accountName: where both are set, the host takes \
                                  the connection string and the connector the account for an identity";
                    self.wrong("AzureWebJobsStorage", other.told(), remedy);
                }
            }
            // Told already as a setting that a function needs.
            Err(message) if message.starts_with("ITSM_QUEUE ") => {}
            Err(message) => {
                let (message, remedy) = message.split_once("; ").unwrap_or((&message, ""));
                self.wrong("storage", message, remedy);
            }
        }
    }

    /// The workspace, where `connector.toml` leaves it to the app settings.
    fn own_workspace(&mut self, values: &Values) {
        if let Err(message) = Workspace::of_app(values.secrets()) {
            let (message, remedy) = message.split_once("; ").unwrap_or((&message, ""));
            let (name, message) = message.split_once(' ').unwrap_or(("workspace", message));
            self.wrong(name, message, remedy);
        }
    }

    fn reference(&mut self, name: &str, value: &str, values: &Values, told: bool) {
        match form(value) {
            Err(why) => {
                let remedy = "write @Microsoft.KeyVault(SecretUri=https://VAULT.vault.azure.net/secrets/NAME) or \
                              @Microsoft.KeyVault(VaultName=VAULT;SecretName=NAME)";
                self.wrong(name, format!("is a Key Vault reference that cannot be resolved: {why}"), remedy);
            }
            // In the environment the platform had its chance; those that connector.toml names are told with their place in it.
            Ok(_) if values.file.is_none() => {
                if !told {
                    let MissingSecret { cause, remedy } = MissingSecret::unresolved(name);
                    self.wrong(name, cause, remedy);
                }
            }
            Ok(true) => {
                let remedy = "leave the version out, so that a rotated secret is taken";
                self.warn(name, "names one version of the secret", remedy);
            }
            Ok(false) => {}
        }
    }
}

/// Whether a Key Vault reference is written well; and if so, whether it names a version.
fn form(reference: &str) -> Result<bool, &'static str> {
    let inside = reference.trim().split_once('(').map(|(_, inside)| inside).and_then(|inside| inside.strip_suffix(')'));
    let inside = inside.ok_or("the closing bracket is missing")?;
    let part = |wanted: &str| {
        let mut parts = inside.split(';').filter_map(|part| part.split_once('='));
        parts.find(|(name, _)| name.trim().eq_ignore_ascii_case(wanted)).map(|(_, value)| value.trim())
    };
    if let Some(uri) = part("SecretUri") {
        let url = Url::parse(uri).map_err(|_| "SecretUri is not a URL")?;
        let path: Vec<&str> = url.path_segments().into_iter().flatten().filter(|part| !part.is_empty()).collect();
        return match path[..] {
            _ if url.scheme() != "https" => Err("SecretUri does not begin with https://"),
            ["secrets", _] => Ok(false),
            ["secrets", _, _] => Ok(true),
            _ => Err("SecretUri is not the address of a secret"),
        };
    }
    match (part("VaultName"), part("SecretName")) {
        (Some(vault), Some(secret)) if !vault.is_empty() && !secret.is_empty() => {
            Ok(part("SecretVersion").is_some_and(|version| !version.is_empty()))
        }
        _ => Err("it names neither SecretUri nor VaultName and SecretName"),
    }
}

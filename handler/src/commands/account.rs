//! Whether the connector puts its messages into the account whose queues the Functions host listens to. `serve` asks at its start,
//! `validate` before anything is deployed.

use connector::secret::{Place, SecretRef};
use connector::settings::Storage;
use url::Url;

/// The app setting, or the beginning of app settings, with the account that a function.json names unless it is edited.
pub(super) const USUAL: &str = "AzureWebJobsStorage";

/// The account of `storage` and the one that the app settings of `connection` name, when these are two. `value` knows app settings.
/// Where either is not known by its name, as with an address of one's own, nothing can be said.
pub(super) fn other<T: AsRef<str>>(storage: &Storage, connection: &str, value: impl Fn(&str) -> Option<T>) -> Option<Other> {
    let ours = match SecretRef::parse(&storage.queues) {
        Some(reference) => match reference.place() {
            Some(Place::Variable(name)) => account(value(name)?.as_ref())?,
            _ => return None,
        },
        None => account(&storage.queues)?,
    };
    let host = |name: &str| value(&format!("{connection}{name}"));
    let theirs = match (host(""), host("__queueServiceUri"), host("__accountName")) {
        (Some(string), ..) => account(string.as_ref())?,
        (None, Some(uri), _) => account(uri.as_ref())?,
        (None, None, name) => name?.as_ref().to_owned(),
    };
    (ours != theirs).then(|| Other { ours, theirs, connection: connection.to_owned() })
}

/// Two accounts where there should be one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Other {
    ours: String,
    theirs: String,
    connection: String,
}

impl Other {
    /// What to do about it.
    pub(super) const REMEDY: &str = "name the same account in both, or no delivery is ever made";

    /// What is wrong, to be put behind `storage.queues`.
    pub(super) fn told(&self) -> String {
        let Self { ours, theirs, connection } = self;
        format!("is account {ours}, and the Functions host listens to queues of account {theirs} ({connection})")
    }
}

/// The account's name in a connection string, or in the address of its queues on Azure.
fn account(written: &str) -> Option<String> {
    let part = |name| written.split(';').find_map(|part| part.trim().strip_prefix(name));
    if let Some(name) = part("AccountName=") {
        return Some(name.to_owned());
    }
    let url = Url::parse(part("QueueEndpoint=").unwrap_or(written)).ok()?;
    let (account, service) = url.domain()?.split_once('.')?;
    service.starts_with("queue.").then(|| account.to_owned())
}

#[cfg(test)]
mod tests {
    use connector::secret::Variables;

    use super::*;

    fn told(queues: &str, values: &[(&str, &str)]) -> Option<String> {
        let values: Variables = values.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        other(&Storage::at("https://itsm.blob.core.windows.net", queues), USUAL, |name| values.value(name)).map(|one| one.told())
    }

    #[test]
    fn the_same_account_is_known_however_it_is_written() {
        let signed = "QueueEndpoint=https://itsm.queue.core.windows.net/;SharedAccessSignature=sig=x";
        for (name, value) in [
            ("AzureWebJobsStorage__accountName", "itsm"),
            ("AzureWebJobsStorage__queueServiceUri", "https://itsm.queue.core.windows.net"),
            ("AzureWebJobsStorage", "DefaultEndpointsProtocol=https;AccountName=itsm;AccountKey=x"),
            ("AzureWebJobsStorage", signed),
        ] {
            assert_eq!(told("https://itsm.queue.core.windows.net", &[(name, value)]), None, "{value}");
            let other = told("https://other.queue.core.windows.net", &[(name, value)]).unwrap();
            assert_eq!(other, "is account other, and the Functions host listens to queues of account itsm (AzureWebJobsStorage)");
        }
        assert_eq!(told("$AzureWebJobsStorage", &[("AzureWebJobsStorage", signed)]), None);
        let two = [("AzureWebJobsStorage__accountName", "itsm"), ("MINE", "QueueEndpoint=https://other.queue.core.windows.net")];
        assert!(told("$MINE", &two).unwrap().starts_with("is account other"), "a connection string of our own");
    }

    #[test]
    fn nothing_is_said_of_accounts_that_have_no_name_here() {
        let itsm = [("AzureWebJobsStorage__accountName", "itsm")];
        assert_eq!(told("https://queues.example.com", &itsm), None);
        assert_eq!(told("http://127.0.0.1:10001/devstoreaccount1", &itsm), None);
        assert_eq!(told("@queues", &itsm), None);
        assert_eq!(told("https://itsm.queue.core.windows.net", &[]), None);
    }
}

//! Who the connector is towards Azure: a credential as the settings choose it. Credentials keep their tokens themselves; secrets are
//! looked up at each use, so that a rotated one is taken without a restart.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use azure_core::cloud::CloudConfiguration;
use azure_core::credentials::{AccessToken, TokenCredential, TokenRequestOptions};
use azure_core::error::ErrorKind;
use azure_core::http::ClientOptions;
use azure_identity::{
    ClientAssertionCredentialOptions, ClientSecretCredential, ClientSecretCredentialOptions, DeveloperToolsCredential,
    ManagedIdentityCredential, ManagedIdentityCredentialOptions, UserAssignedId, WorkloadIdentityCredential,
    WorkloadIdentityCredentialOptions,
};
use tokio::sync::Mutex;

use super::SinkError;
use crate::clock::Clock;
use crate::secret::{Secret, SecretRef, Secrets};
use crate::settings::{AzureCredential, Cloud};

/// The credential that `settings` name. Asks for no token yet; `cloud` decides where tokens of an app registration or a workload
/// identity come from.
pub fn credential(
    settings: &AzureCredential,
    cloud: Cloud,
    secrets: Arc<dyn Secrets>,
    clock: Arc<dyn Clock>,
) -> Result<Arc<dyn TokenCredential>, SinkError> {
    with_client(settings, secrets, clock, of(cloud)).map_err(|error| SinkError {
        cause: format!("The credential of the workspace cannot be used here: {error}."),
        remedy: "Choose another workspace.credential, or give this machine what the chosen one needs.".to_owned(),
        retry_after: None,
        maybe_there: 0,
    })
}

/// Options that say where tokens come from.
pub(crate) fn of(cloud: Cloud) -> ClientOptions {
    let cloud = match cloud {
        Cloud::Public => CloudConfiguration::AzurePublic,
        Cloud::UsGovernment => CloudConfiguration::AzureGovernment,
        Cloud::China => CloudConfiguration::AzureChina,
    };
    ClientOptions { cloud: Some(Arc::new(cloud)), ..ClientOptions::default() }
}

/// The same over a client of the caller's own.
pub(crate) fn with_client(
    settings: &AzureCredential,
    secrets: Arc<dyn Secrets>,
    clock: Arc<dyn Clock>,
    client_options: ClientOptions,
) -> azure_core::Result<Arc<dyn TokenCredential>> {
    match settings {
        AzureCredential::ManagedIdentity => Identity::Managed(None).credential(client_options),
        AzureCredential::UserAssignedIdentity { client_id } => {
            Identity::Managed(Some(client_id.clone())).credential(client_options)
        }
        AzureCredential::WorkloadIdentity => Identity::Workload.credential(client_options),
        AzureCredential::DeveloperTools => Identity::Developer.credential(client_options),
        AzureCredential::ClientSecret { tenant, client_id, secret } => Ok(Arc::new(AppRegistration {
            tenant: tenant.clone(),
            client_id: client_id.clone(),
            secret: secret.clone(),
            secrets,
            client_options,
            current: Mutex::new(None),
        })),
        AzureCredential::Token { token } => Ok(Arc::new(GivenToken { token: token.clone(), secrets, clock })),
    }
}

/// Who a machine or a person is without anything being written down: no secret is needed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Identity {
    /// The managed identity of the machine, or the user-assigned one with this client id.
    Managed(Option<String>),
    /// Workload identity of a Kubernetes pod, from its environment.
    Workload,
    /// Whoever is signed in with the Azure CLI or the Azure Developer CLI.
    Developer,
}

impl Identity {
    /// Its credential. Asks for no token yet.
    pub(crate) fn credential(self, client_options: ClientOptions) -> azure_core::Result<Arc<dyn TokenCredential>> {
        Ok(match self {
            Self::Managed(client_id) => ManagedIdentityCredential::new(Some(ManagedIdentityCredentialOptions {
                user_assigned_id: client_id.map(UserAssignedId::ClientId),
                client_options,
            }))?,
            Self::Workload => WorkloadIdentityCredential::new(Some(WorkloadIdentityCredentialOptions {
                credential_options: ClientAssertionCredentialOptions { client_options },
                ..WorkloadIdentityCredentialOptions::default()
            }))?,
            Self::Developer => DeveloperToolsCredential::new(None)?,
        })
    }
}

fn look_up(secrets: &dyn Secrets, reference: &SecretRef) -> azure_core::Result<Secret> {
    secrets.get(reference).map_err(|error| azure_core::Error::new(ErrorKind::Credential, error))
}

/// An app registration with a secret; made anew when the secret is another.
struct AppRegistration {
    tenant: String,
    client_id: String,
    secret: SecretRef,
    secrets: Arc<dyn Secrets>,
    client_options: ClientOptions,
    current: Mutex<Option<(Secret, Arc<ClientSecretCredential>)>>,
}

impl fmt::Debug for AppRegistration {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("AppRegistration")
            .field("tenant", &self.tenant)
            .field("client_id", &self.client_id)
            .finish_non_exhaustive()
    }
}

impl AppRegistration {
    async fn current(&self) -> azure_core::Result<Arc<ClientSecretCredential>> {
        let secret = look_up(&*self.secrets, &self.secret)?;
        let mut current = self.current.lock().await;
        if let Some((of, credential)) = current.as_ref()
            && *of == secret
        {
            return Ok(Arc::clone(credential));
        }
        let options = ClientSecretCredentialOptions { client_options: self.client_options.clone() };
        let value = azure_core::credentials::Secret::new(secret.expose().to_owned());
        let credential = ClientSecretCredential::new(&self.tenant, self.client_id.clone(), value, Some(options))?;
        *current = Some((secret, Arc::clone(&credential)));
        Ok(credential)
    }
}

#[async_trait]
impl TokenCredential for AppRegistration {
    async fn get_token(&self, scopes: &[&str], options: Option<TokenRequestOptions<'_>>) -> azure_core::Result<AccessToken> {
        self.current().await?.get_token(scopes, options).await
    }
}

/// A token that somebody else fetched. How long it lives is not known here.
#[derive(Debug)]
struct GivenToken {
    token: SecretRef,
    secrets: Arc<dyn Secrets>,
    clock: Arc<dyn Clock>,
}

#[async_trait]
impl TokenCredential for GivenToken {
    async fn get_token(&self, _: &[&str], _: Option<TokenRequestOptions<'_>>) -> azure_core::Result<AccessToken> {
        let token = look_up(&*self.secrets, &self.token)?;
        // As if it ended now, so that nobody keeps it and the next use looks it up again.
        let now = std::time::SystemTime::from(self.clock.now());
        Ok(AccessToken::new(token.expose().to_owned(), now.into()))
    }
}

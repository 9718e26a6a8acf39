//! How each connection stands, as a row every ten minutes: what waits, since when, and how late records are. Charts and alert rules
//! read these rows; that none comes is how they know that nothing runs.

use connector::clock::between;
use connector::journal::details::{Details, Standing};
use connector::journal::{Entry, Journal, LogType};
use connector::rows::RecordKind;
use connector::store::{StoreError, retention};
use connector::sync::engine::Source;

use super::RecordFlow;

impl RecordFlow {
    /// Tells now how every connection stands.
    pub async fn tell_standing(&self) {
        for name in self.settings.connections.keys() {
            match self.standing(name).await {
                Ok(standing) => self.journal.record(Entry {
                    log_type: LogType::Info,
                    connection: name.clone(),
                    operation: Standing::OPERATION,
                    message: Standing::MESSAGE.to_owned(),
                    cause: String::new(),
                    remedy: String::new(),
                    work_item: String::new(),
                    alert: String::new(),
                    correlation_id: String::new(),
                    details: standing.text(),
                }),
                Err(error) => tracing::warn!(connection = name, %error, "how the connection stands cannot be told"),
            }
        }
    }

    /// Tells it again and again, for where nothing outside watches the time.
    pub(super) async fn keep_telling(&self) {
        loop {
            self.tell_standing().await;
            self.clock.sleep(retention::INTERVAL).await;
        }
    }

    async fn standing(&self, connection: &str) -> Result<Standing, StoreError> {
        let counts = self.queue.counts(Some(connection)).await?;
        let oldest = counts.oldest.map(|oldest| between(oldest, self.clock.now()));
        let mut standing = Standing {
            backlog: counts.backlog,
            oldest_seconds: oldest.unwrap_or_default().as_secs(),
            dead_letters: counts.dead_letters,
            configuration_age_seconds: self.configuration_age(connection).await.map(|age| age.as_secs()),
            ..Standing::default()
        };
        let kinds: Vec<RecordKind> = self.engine.sources.get(connection).into_iter().flat_map(Source::kinds).collect();
        for kind in kinds.into_iter().filter(|_| self.syncs) {
            // One that cannot be read has said why in its own row.
            *standing.lag_mut(kind) = self.engine.state(connection, kind).await.ok().and_then(|state| state.lag_seconds);
        }
        Ok(standing)
    }
}

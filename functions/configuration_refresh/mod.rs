//! Azure Function `configuration_refresh` (timer): templates, choices, groups and field lengths are read again. The last good copy of
//! what cannot be read stays in use.

use std::sync::Arc;

use axum::extract::State;
use custom_handler::{Failure, Outcome, TimerTrigger};

use crate::work::{Work, told};

/// `POST /configuration_refresh`. Fails, so that the host repeats it as function.json says, when not one tool could be read.
pub async fn refresh(State(work): State<Arc<dyn Work>>, _: TimerTrigger) -> Result<Outcome, Failure> {
    work.refresh().await.map(told).map_err(Failure::retry)
}

//! Azure Function `work_item_sync` (timer): what changed in the ITSM tools goes into the table of records. What a tool or the
//! workspace refuses is told in the connector's log and is no failure of the function: the next time goes on where this one stopped.

use std::sync::Arc;

use axum::extract::State;
use custom_handler::{Outcome, TimerTrigger};

use crate::work::{Work, told};

/// `POST /work_item_sync`.
pub async fn sync(State(work): State<Arc<dyn Work>>, timer: TimerTrigger) -> Outcome {
    if timer.past_due {
        tracing::info!("the sync is late: the app was not running when it was due");
    }
    told(work.sync().await)
}

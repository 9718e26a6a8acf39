//! What the stories share: the connector as a child process that can be killed, and a caller that behaves like an action
//! group, only more stubborn.

pub mod alerts;
pub mod azurite;
pub mod caller;
pub mod churn;
pub mod crash;
pub mod functions_host;
pub mod measure;
pub mod process;
#[expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::missing_panics_doc,
    clippy::must_use_candidate,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a stage that cannot be set ends its story, and says why"
)]
pub mod stage;

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

//! Stateful stand-ins for the systems on the other side of the wire: they keep records, follow the vendor's documented behaviour and fail on demand.
//! They never bend to our own client. Each has its own small clock, so that a test can move time without waiting.

pub mod authority;
pub mod cherwell;
pub mod clock;
pub mod collector;
pub mod dataverse;
pub mod desk;
mod door;
pub mod entra;
pub mod faults;
pub mod http;
pub mod key_vault;
pub mod log;
pub mod logs_ingestion;
pub mod relay;
pub mod service_manager;
pub mod servicenow;

pub use cherwell::Cherwell;
pub use collector::Collector;
pub use dataverse::Dataverse;
pub use entra::Entra;
pub use key_vault::KeyVault;
pub use logs_ingestion::LogsIngestion;
pub use relay::Relay;
pub use service_manager::{Cireson, Gateway};
pub use servicenow::ServiceNow;

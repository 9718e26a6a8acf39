//! Azure alerts become work items: everything that is ours and knows nothing of HTTP triggers, the Functions host or the
//! command line.
//!
//! Data flows one way: [`alert`] (what Azure posted) → [`delivery`] (the durable job) → [`work_item`] (what the ITSM tool
//! shall say) → [`provider`] (how that tool is told). [`correlation`] remembers the pair, [`store`] keeps it all. And back:
//! [`provider`] (what the tool holds) → [`sync`] → [`rows`] → [`sink`]; [`configuration`] is what the tool offers.
//! [`telemetry`] tells a collector how all of it went, [`metrics`] are what all of them count and measure. [`migration`] brings settings
//! over from the old connector.

pub mod alert;
pub mod clock;
pub mod configuration;
pub mod correlation;
pub mod delivery;
pub mod journal;
pub mod metrics;
pub mod migration;
pub mod probe;
pub mod provider;
pub mod route;
pub mod rows;
pub mod secret;
pub mod settings;
pub mod sink;
pub mod store;
pub mod sync;
pub mod telemetry;
pub mod work_item;

//! One connection as the engine works on it: settings, provider, renderer, gate.

use std::sync::Arc;
use std::time::Duration;

use super::gate::Gate;
use crate::provider::Provider;
use crate::settings::Connection;
use crate::work_item::render::Renderer;

/// Deliveries in hand per request that the tool may get at the same time: while some wait for the tool, others wait for the
/// disk.
pub const IN_HAND_PER_REQUEST: usize = 4;

/// One connection.
#[derive(Debug)]
pub struct Line {
    /// Its name.
    pub name: String,
    /// Its settings.
    pub settings: Connection,
    /// The tool.
    pub provider: Arc<dyn Provider>,
    /// Its templates.
    pub renderer: Renderer,
    /// Its circuit.
    pub gate: Gate,
}

impl Line {
    /// Deliveries in hand at most.
    #[must_use]
    pub fn in_hand(&self) -> usize {
        self.settings.concurrency.max(1).saturating_mul(IN_HAND_PER_REQUEST)
    }

    /// The longest that a write may take, waiting for its turn included; then it is given up, within the lease.
    #[must_use]
    pub fn longest_call(&self) -> Duration {
        self.settings.timeout.get().saturating_mul(u32::try_from(IN_HAND_PER_REQUEST).unwrap_or(u32::MAX))
    }

    /// How long a correlation or a delivery stays ours without a sign of life.
    #[must_use]
    pub fn lease(&self) -> Duration {
        self.longest_call().saturating_add(self.settings.timeout.get())
    }
}

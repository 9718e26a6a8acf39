//! System Center Service Manager, which has no wire of its own, and what speaks HTTP in front of it. The management group itself, with
//! everything people and workflows do to it, is in `model`; each front beside it only translates.

pub mod cireson;
pub mod gateway;
pub mod model;

pub use cireson::Cireson;
pub use gateway::Gateway;

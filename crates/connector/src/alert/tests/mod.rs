//! The rules of this room, told on the fixtures: documented samples of every schema, and pairs as seen on the wire.

mod fixtures;
mod keys;
mod mutations;
mod parts;
mod snapshots;

//! Stories of the sync.

mod bench;
mod failures;
mod limits;
mod schedule;
mod stories;
mod tool;
mod torment;

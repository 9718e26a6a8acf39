//! Stories of deliveries: one tool in memory, one store in memory, a clock that moves when told to.

mod bench;
mod on_call;
mod stories;
mod told;
mod tool;
mod torment;

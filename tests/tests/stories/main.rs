//! Stories end to end: the connector on one machine, real HTTP to it and from it, a stateful stand-in for the ITSM tool, and a
//! clock that is moved by hand. Each module is one chapter; `stage` is what they all stand on.

/// Whether the connector keeps its things in Azurite instead of the embedded database.
#[cfg(test)]
const OVER_AZURITE: bool = false;

#[cfg(test)]
mod alerts;
#[cfg(test)]
mod commands;
#[cfg(test)]
mod credentials;
#[cfg(test)]
mod filling;
#[cfg(test)]
mod fixtures;
#[cfg(test)]
mod housekeeping;
#[cfg(test)]
mod items;
#[cfg(test)]
mod key_vault;
#[cfg(test)]
mod kinds;
#[cfg(test)]
mod licences;
#[cfg(test)]
mod life;
#[cfg(test)]
mod metrics;
#[cfg(test)]
mod migrated;
#[cfg(test)]
mod newcomer;
#[cfg(test)]
mod outage;
#[cfg(test)]
mod people;
#[cfg(test)]
mod records;
#[cfg(test)]
mod refusals;
#[cfg(test)]
mod requests;
#[cfg(test)]
mod several;
#[cfg(test)]
mod stage;
#[cfg(test)]
mod strangers;
#[cfg(test)]
mod told;
#[cfg(test)]
mod traces;
#[cfg(test)]
mod workspace;
#[cfg(test)]
mod wrong_input;

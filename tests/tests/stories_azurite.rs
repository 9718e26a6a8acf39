//! The stories of `stories/`, told once more with everything kept in Azure Storage (Azurite): the same promises, the other store.
//! Left out are `records` and `told`, which read the rows of the embedded database: a storage account keeps none, and rows on their way to
//! a workspace are told in `workspace`. Without Azurite they are told over the database again, and say so.

#[cfg(test)]
const OVER_AZURITE: bool = true;

#[cfg(test)]
#[path = "stories/alerts.rs"]
mod alerts;
#[cfg(test)]
#[path = "stories/commands.rs"]
mod commands;
#[cfg(test)]
#[path = "stories/credentials.rs"]
mod credentials;
#[cfg(test)]
#[path = "stories/filling.rs"]
mod filling;
#[cfg(test)]
#[path = "stories/fixtures.rs"]
mod fixtures;
#[cfg(test)]
#[path = "stories/housekeeping.rs"]
mod housekeeping;
#[cfg(test)]
#[path = "stories/items.rs"]
mod items;
#[cfg(test)]
#[path = "stories/kinds.rs"]
mod kinds;
#[cfg(test)]
#[path = "stories/life.rs"]
mod life;
#[cfg(test)]
#[path = "stories/outage.rs"]
mod outage;
#[cfg(test)]
#[path = "stories/people.rs"]
mod people;
#[cfg(test)]
#[path = "stories/poison.rs"]
mod poison;
#[cfg(test)]
#[path = "stories/refusals.rs"]
mod refusals;
#[cfg(test)]
#[path = "stories/requests.rs"]
mod requests;
#[cfg(test)]
#[path = "stories/several.rs"]
mod several;
#[cfg(test)]
#[path = "stories/stage.rs"]
mod stage;
#[cfg(test)]
#[path = "stories/strangers.rs"]
mod strangers;
#[cfg(test)]
#[path = "stories/workspace.rs"]
mod workspace;
#[cfg(test)]
#[path = "stories/wrong_input.rs"]
mod wrong_input;

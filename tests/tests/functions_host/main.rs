//! The stand-in for the Functions host: that it is as strict as the host, that the runtime of custom-handler stands before it, and
//! the connector behind it, end to end: the real executable, Azurite, and an emulated ServiceNow.

#[cfg(test)]
mod answers;
#[cfg(test)]
mod apps;
#[cfg(test)]
mod callers;
#[cfg(test)]
mod console;
#[cfg(test)]
mod deployed;
#[cfg(test)]
mod endings;
#[cfg(test)]
mod fixtures;
#[cfg(test)]
mod intake;
#[cfg(test)]
mod outage;
#[cfg(test)]
mod processes;
#[cfg(test)]
mod queues;
#[cfg(test)]
mod records;
#[cfg(test)]
mod scaled;
#[cfg(test)]
mod secrets;
#[cfg(test)]
mod stage;
#[cfg(test)]
mod timers;
#[cfg(test)]
mod traces;

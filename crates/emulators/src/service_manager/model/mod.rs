//! A management group in memory: classes, enumeration trees, templates, computers, people and work items, and the rules by which
//! they change. No HTTP and no JSON here; time is passed in as milliseconds since 1970 in UTC.

mod catalogue;
pub mod class;
mod computers;
mod desk;
mod enumerations;
mod group;
pub mod ids;
mod people;
mod relations;
mod seed;
mod template;
#[cfg(test)]
mod tests;
mod transitions;
mod work_item;
mod writing;

pub use class::{Class, Kind, Property};
pub use computers::Computer;
pub use enumerations::{Enumeration, Enumerations, Language};
pub use group::{ManagementGroup, Position, Settings};
pub use people::{INTEGRATION, PERSON, Person};
pub use relations::Reserved;
pub use seed::Seed;
pub use template::Template;
pub use work_item::{Comment, CommentKind, ObjectStatus, Relation, Value, WorkItem};
pub use writing::{Actor, Draft, Refused};

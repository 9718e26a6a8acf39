//! The columns are those of the old connector plus ours, Log Analytics can have them, and the files made from them are fresh.

mod columns;
mod files;
mod snapshots;

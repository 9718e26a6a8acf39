//! The stories. Each is told of every subject that can have it.

mod checks;
mod failures;
mod items;
mod life;
mod people;
mod records;
mod settings;

use std::future::Future;
use std::pin::Pin;

use crate::subject::Subject;

/// One story.
pub(crate) struct Story {
    pub(crate) name: &'static str,
    /// In the table.
    pub(crate) about: &'static str,
    pub(crate) tell: fn(&'static Subject) -> Pin<Box<dyn Future<Output = ()>>>,
}

macro_rules! stories {
    ($( $about:literal $module:ident::$name:ident, )*) => {
        /// All of them, in the order of the table.
        pub(crate) const ALL: &[Story] = &[
            $( Story { name: concat!(stringify!($module), "_", stringify!($name)), about: $about, tell: |subject| Box::pin($module::$name(subject)) }, )*
        ];
    };
}

stories! {
    "an alert becomes one work item that says what the alert says" life::create,
    "a repeat is noted and counted; a redelivery changes nothing" life::repeat,
    "the end of the alert resolves it, with close notes" life::resolve,
    "the end before the beginning: the same final state" life::out_of_order,
    "a new firing within the reopen window reopens it" life::reopen,
    "a later one makes a new work item that names the old" life::follow,
    "what follows the alert's severity follows it" life::follow_severity,
    "the same alert 100 times at once: one work item" life::race,
    "memory gone: the work item is taken over" life::memory_gone,
    "dry run: a whole life, and nothing is written" life::dry_run,
    "fields that a person changed are left alone" people::edited,
    "resolved by a person: not resolved again, reopened on a new firing" people::resolved,
    "closed by a person: never touched again" people::closed,
    "deleted by a person: made anew by the next firing" people::deleted,
    "a create whose answer is lost: one work item" failures::create_answer_lost,
    "a create that is lost: one work item" failures::create_lost,
    "a rule that refuses: dead letter with the tool's words, redriven" failures::refused,
    "an outage: nothing lost" failures::outage,
    "a sign-in page with status 200: nothing lost, nothing believed" failures::login_page,
    "a rate limit: the connection waits as told" failures::rate_limit,
    "tokens that end early are renewed" failures::tokens_expired,
    "credentials refused: the connection waits for a person, and goes on" failures::credentials,
    "the configuration item is found and linked" items::found,
    "several fit: none is guessed" items::ambiguous,
    "none fits: accounted for" items::missing,
    "none fits: created once, when told to" items::created,
    "a template fills what nothing else fills" settings::template,
    "a template that is missing costs a remark, and refresh names it" settings::template_missing,
    "a choice that is missing is named by refresh" settings::choice_missing,
    "refresh reads choices, groups and fields" settings::refresh,
    "a first load and increments, exact under churn" records::churn,
    "half a page is never taken for a whole one" records::half_page,
    "records survive an outage in the middle" records::outage,
    "records that are deleted are marked, once" records::deleted,
    "every probe of the check passes where all is well" checks::good,
    "the check tells an outage, with a remedy" checks::outage,
    "the check tells refused credentials, with a remedy" checks::credentials,
}

//! What a story can do to the portal and see behind it: people at the console, an administrator, and troubles.

use std::time::Duration;

use super::{
    Cireson,
    faults::{CREATE, Effect, Fault},
};
use crate::desk::{Desk, Edit, Kind, Seen, Trouble};

impl Desk for Cireson {
    fn url(&self) -> String {
        self.portal.url.clone()
    }

    fn advance(&self, by: Duration) {
        self.portal.clock.advance(by);
    }

    fn all(&self, kind: Kind) -> Vec<Seen> {
        self.portal.read().seen(kind)
    }

    fn file(&self, kind: Kind, title: &str) -> String {
        self.portal.write().file(kind, title, self.portal.now())
    }

    fn edit(&self, kind: Kind, id: &str, edit: &Edit) {
        self.portal.write().edit(kind, id, edit, self.portal.now());
    }

    fn remove(&self, kind: Kind, id: &str) {
        self.portal.write().delete(kind.into(), id, self.portal.now());
    }

    fn add_computer(&self, name: &str) -> String {
        self.portal.write().add_computer(name, true).to_string()
    }

    fn computers(&self) -> Vec<String> {
        self.portal.read().computers().iter().map(|computer| computer.principal_name.clone()).collect()
    }

    fn strike(&self, trouble: &Trouble) -> bool {
        let fault = match trouble {
            Trouble::Down => Fault::new(Effect::Down),
            Trouble::LoginPage => Fault::new(Effect::LoginPage),
            Trouble::CredentialsRefused => {
                self.portal.access.refuse(true);
                return true;
            }
            Trouble::TokensExpired => {
                self.portal.access.forget_tokens();
                return true;
            }
            // The portal counts nobody's calls, and no client knows of an answer that says so.
            Trouble::RateLimited(_) => return false,
            Trouble::CreateLost => Fault::new(Effect::LostBefore).path(CREATE).times(1),
            Trouble::CreateAnswerLost => Fault::new(Effect::LostAfter).path(CREATE).times(1),
            Trouble::HalfPage => Fault::new(Effect::HalfAnswer).path("ProjectionByCriteria").times(1),
            Trouble::CreateRefused(text) => Fault::new(Effect::NotDone(text.clone())).path(CREATE),
        };
        self.portal.faults.add(fault);
        true
    }

    fn calm(&self) {
        self.portal.faults.clear();
        self.portal.access.refuse(false);
    }

    fn requests(&self) -> u64 {
        self.portal.log.count()
    }
}

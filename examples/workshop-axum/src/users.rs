//! Who there is, and their passwords. By hand: a database, and a password hash such as Argon2.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The users, by name.
#[derive(Clone, Debug, Default)]
pub struct Users(Arc<Mutex<HashMap<String, User>>>);

#[derive(Debug)]
struct User {
    password: String,
    is_mechanic: bool,
}

impl Users {
    /// Alice, who buys, and Carol, who is a mechanic.
    pub fn for_trying() -> Self {
        let users = Self::default();
        for (name, is_mechanic) in [("alice", false), ("carol", true)] {
            let password = format!("{name}'s password");
            let user = User {
                password,
                is_mechanic,
            };
            users.lock().insert(name.to_owned(), user);
        }
        users
    }

    pub(crate) fn is_password(&self, name: &str, password: &str) -> bool {
        let users = self.lock();
        users
            .get(name)
            .is_some_and(|user| user.password == password)
    }

    pub(crate) fn is_mechanic(&self, name: &str) -> bool {
        self.lock().get(name).is_some_and(|user| user.is_mechanic)
    }

    pub(crate) fn set_password(&self, name: &str, password: String) {
        if let Some(user) = self.lock().get_mut(name) {
            user.password = password;
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, User>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

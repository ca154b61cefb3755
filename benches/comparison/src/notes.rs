//! The function that causes a result, according to the source code of the release.

use crate::candidates::Kind::{
    self, ActixSessionCookie as Cookie, ActixSessionRedis as Redis, AxumLogin as Login,
    TowerSessionsFirestore as Firestore, TowerSessionsMemory as Memory,
    TowerSessionsRedis as TowerRedis,
};

/// The candidates that a note is about, and its text.
type Note = (&'static [Kind], &'static str);

/// The notes about the other frameworks in a scenario, whatever their results.
pub(crate) fn notes(scenario: &str) -> &'static [Note] {
    let found = NOTES.iter().find(|(name, _)| *name == scenario);
    found.map_or(&[], |(_, notes)| notes)
}

const THE_COOKIE_IS_ALL: Note = (
    &[Cookie],
    "the cookie is the session. `CookieSessionStore::delete` and `update_ttl` \
     (`storage/cookie.rs`) do nothing, and the cookie does not contain its time of issue: every \
     cookie that was issued once is accepted for ever.",
);

const NOTES: &[(&str, &[Note])] = &[
    (
        "slow writer after sign-out",
        &[
            THE_COOKIE_IS_ALL,
            (
                &[Redis],
                "`RedisSessionStore::update` (`storage/redis_rs.rs`): if `SET … XX` finds no key, \
                 it falls back to `save`, which begins a new session with the data that the writer \
                 had read, and the middleware sends its cookie.",
            ),
            (
                &[Memory, Login],
                "`MemoryStore::save` (tower-sessions-memory-store) inserts the record under its \
                 old id, even if it no longer exists.",
            ),
            (
                &[Firestore],
                "`FirestoreStore::save` (tower-sessions-firestore-store) is an update without a \
                 precondition, which creates the document again.",
            ),
            (
                &[TowerRedis],
                "`RedisStore::save` is `SET … XX`, which does not recreate the session. It ignores \
                 the reply, so the lost write is reported as a 200.",
            ),
        ],
    ),
    (
        "sign-out, then the handler fails",
        &[
            THE_COOKIE_IS_ALL,
            (
                &[Redis],
                "the middleware gets the error of a handler as an ordinary response.",
            ),
            (
                &[Memory, TowerRedis, Firestore, Login],
                "`Session::flush` deletes the session from the store at once, independent of later \
                 errors.",
            ),
        ],
    ),
    (
        "sign-out, then a middleware fails",
        &[
            THE_COOKIE_IS_ALL,
            (
                &[Redis],
                "`InnerSessionMiddleware::call` (`middleware.rs`): `service.call(req).await?` \
                 returns before the status `Purged` is checked.",
            ),
        ],
    ),
    (
        "two writers of different keys",
        &[
            (
                &[Cookie, Redis],
                "`SessionStore::update` writes the whole map, and the last writer wins.",
            ),
            (
                &[Memory, TowerRedis, Firestore, Login],
                "`Session::save` (tower-sessions-core) writes the whole record as it was loaded, \
                 and the last writer wins.",
            ),
        ],
    ),
    (
        "old token after sign-in",
        &[(
            &[Redis, Memory, TowerRedis, Firestore],
            "only if the application calls `renew` or `cycle_id` at sign-in: neither framework \
             does so by itself, and actix-session's own example `authentication` signs in without \
             it.",
        )],
    ),
    ("old token after rotation", &[THE_COOKIE_IS_ALL]),
    (
        "slow writer during rotation",
        &[
            THE_COOKIE_IS_ALL,
            (
                &[Redis],
                "`RedisSessionStore::update` again: `Renewed` is a `DEL` and a `SET`, and the \
                 writer, whose key was deleted, gets a new session, signed in.",
            ),
            (
                &[Memory, Login],
                "`MemoryStore::save` again: it restores the old id, signed in.",
            ),
            (&[Firestore], "`FirestoreStore::save` again, likewise."),
        ],
    ),
    (
        "sign-out, then a write in the same request",
        &[
            THE_COOKIE_IS_ALL,
            (
                &[Redis],
                "`Session::insert` (`session.rs`) after `purge` does nothing and returns `Ok`: the \
                 message is lost without an error.",
            ),
            (
                &[Memory, TowerRedis, Firestore, Login],
                "`Session::flush` empties the record and clears the id, but the record keeps its \
                 own copy: `Session::save` creates the new session under the old id.",
            ),
        ],
    ),
    (
        "rotation, then the handler fails",
        &[(
            &[Memory, TowerRedis, Firestore, Login],
            "`Session::cycle_id` deletes the old record at once, and `SessionManager::call` \
             (`service.rs`) saves the new one only if the status is not a server error.",
        )],
    ),
    (
        "idle and absolute timeout at once",
        &[
            THE_COOKIE_IS_ALL,
            (
                &[Redis],
                "there is one TTL (`SessionLifecycle`, `config.rs`), and each write restarts it.",
            ),
            (
                &[Memory, TowerRedis, Firestore, Login],
                "`Expiry` is either `OnInactivity` or `AtDateTime`: with the second, which a \
                 handler can set, there is no idle timeout.",
            ),
        ],
    ),
    (
        "dump of the store",
        &[
            (
                &[Redis],
                "the key in Redis is the whole id; the cookie is that id encrypted, so a dump is \
                 useful only together with the server's key.",
            ),
            (
                &[Memory, TowerRedis, Firestore, Login],
                "the same with `with_private`, as here. By default the cookie is the unencrypted \
                 key of the store, and a dump is a list of usable cookies.",
            ),
        ],
    ),
    (
        "`Debug` of the session",
        &[
            (
                &[Cookie, Redis],
                "a `Session` has no `Debug`; its `SessionStatus`, which is printed here, reveals \
                 nothing.",
            ),
            (
                &[Memory, TowerRedis, Firestore, Login],
                "`Session`, its `Inner` and `Record` (tower-sessions-core) derive `Debug`, with \
                 the id and every value.",
            ),
        ],
    ),
    (
        "stolen cookie, other certificate",
        &[(
            &[Cookie, Redis, Memory, TowerRedis, Firestore, Login],
            "none of them checks the TLS connection.",
        )],
    ),
];

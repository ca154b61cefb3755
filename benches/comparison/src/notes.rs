//! Which function is the reason for a verdict, as read in the source of that release.

use crate::candidates::Kind::{
    self, ActixSessionCookie as Cookie, ActixSessionRedis as Redis, TowerSessionsMemory as Memory,
    TowerSessionsRedis as TowerRedis,
};

/// Whom a note is about, and what it says.
type Note = (&'static [Kind], &'static str);

/// What there is to say of the others in a scenario, whichever way it went.
pub(crate) fn notes(scenario: &str) -> &'static [Note] {
    let found = NOTES.iter().find(|(name, _)| *name == scenario);
    found.map_or(&[], |(_, notes)| notes)
}

const THE_COOKIE_IS_ALL: Note = (
    &[Cookie],
    "the cookie is the session. `CookieSessionStore::delete` and `update_ttl` \
     (`storage/cookie.rs`) do nothing, and nothing in the cookie says when it was made: whatever \
     was issued once is taken for ever.",
);

const NOTES: &[(&str, &[Note])] = &[
    (
        "slow writer after sign-out",
        &[
            THE_COOKIE_IS_ALL,
            (
                &[Redis],
                "`RedisSessionStore::update` (`storage/redis_rs.rs`): where `SET … XX` finds no \
                 key it falls back to `save`, which begins a new session with what the writer had \
                 read, and the middleware sends its cookie.",
            ),
            (
                &[Memory],
                "`MemoryStore::save` (tower-sessions-memory-store) inserts the record whether or \
                 not it is still there, under its old id.",
            ),
            (
                &[TowerRedis],
                "`RedisStore::save` is `SET … XX` and brings nothing back. It drops the answer, so \
                 the lost write is a 200.",
            ),
        ],
    ),
    (
        "sign-out, then the handler fails",
        &[
            THE_COOKIE_IS_ALL,
            (
                &[Redis],
                "the error of a handler is an answer by the time the middleware sees it.",
            ),
            (
                &[Memory, TowerRedis],
                "`Session::flush` deletes from the store at once, whatever comes after it.",
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
                 returns before the status `Purged` is looked at.",
            ),
        ],
    ),
    (
        "two writers of different keys",
        &[
            (
                &[Cookie, Redis],
                "`SessionStore::update` is given the whole map, and the last one wins.",
            ),
            (
                &[Memory, TowerRedis],
                "`Session::save` (tower-sessions-core) writes the whole record as it was loaded, \
                 and the last one wins.",
            ),
        ],
    ),
    (
        "old token after sign-in",
        &[(
            &[Redis, Memory, TowerRedis],
            "as long as the application calls `renew` or `cycle_id` at sign-in: neither does so by \
             itself, and actix-session's own example `authentication` signs in without.",
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
                 writer, whose key is gone, is given a session of its own, signed in.",
            ),
            (
                &[Memory],
                "`MemoryStore::save` again: the old id is back, signed in.",
            ),
        ],
    ),
    (
        "sign-out, then a write in the same request",
        &[
            THE_COOKIE_IS_ALL,
            (
                &[Redis],
                "`Session::insert` (`session.rs`) after `purge` does nothing and returns `Ok`: \
                 the note is lost without an error.",
            ),
            (
                &[Memory, TowerRedis],
                "`Session::flush` empties the record and forgets the id, but the record keeps its \
                 own copy: `Session::save` creates the new session under the old id.",
            ),
        ],
    ),
    (
        "rotation, then the handler fails",
        &[(
            &[Memory, TowerRedis],
            "`Session::cycle_id` deletes the old record at once, and `SessionManager::call` \
             (`service.rs`) saves the new one only where the status is no server error.",
        )],
    ),
    (
        "idle and absolute timeout at once",
        &[
            THE_COOKIE_IS_ALL,
            (
                &[Redis],
                "there is one TTL (`SessionLifecycle`, `config.rs`), and each write begins it anew.",
            ),
            (
                &[Memory, TowerRedis],
                "`Expiry` is `OnInactivity` or `AtDateTime`, one or the other: with the second, \
                 which a handler can set, there is no idle timeout.",
            ),
        ],
    ),
    (
        "dump of the store",
        &[
            (
                &[Redis],
                "the key in Redis is the whole id; the cookie is that id encrypted, so that a dump \
                 is of use together with the server's key alone.",
            ),
            (
                &[Memory, TowerRedis],
                "the same with `with_private`, as here. By default the cookie is the store's key \
                 as it stands, and a dump is a list of usable cookies.",
            ),
        ],
    ),
    (
        "`Debug` of the session",
        &[
            (
                &[Cookie, Redis],
                "a `Session` has no `Debug`; its `SessionStatus`, which is printed here, tells \
                 nothing.",
            ),
            (
                &[Memory, TowerRedis],
                "`Session`, its `Inner` and `Record` (tower-sessions-core) derive `Debug`: the id \
                 and every value.",
            ),
        ],
    ),
    (
        "stolen cookie, other certificate",
        &[(
            &[Cookie, Redis, Memory, TowerRedis],
            "none of them looks at the TLS connection.",
        )],
    ),
];

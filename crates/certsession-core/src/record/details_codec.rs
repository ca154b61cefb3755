//! The details in the bytes of a record.
//!
//! ```text
//! byte 0  flags: 1 an elevation, 2 an actor, 4 lifetimes, 8 a persistent cookie, 16 a label,
//!         32 an agent, 64 an address
//! then    how many methods, and each; how many roles, and each; the elevation's method and its two
//!         times; the actor; idle, absolute and renewal timeout and grace period; label; agent;
//!         address, of 4 or 16 bytes
//! ```
//!
//! Numbers and lengths are unsigned LEB128; times are in milliseconds.

use std::net::IpAddr;
use std::time::Duration;

use crate::details::{Details, Device, Elevation, MOST_NAMES, SignInDetails};
use crate::leb128;
use crate::lifetimes::Lifetimes;
use crate::names::{AuthMethod, InvalidName, Role};
use crate::principal::Principal;
use crate::time::Timestamp;

const HAS_ELEVATION: u8 = 1;
const HAS_ACTOR: u8 = 1 << 1;
const HAS_LIFETIMES: u8 = 1 << 2;
const IS_PERSISTENT: u8 = 1 << 3;
const HAS_LABEL: u8 = 1 << 4;
const HAS_AGENT: u8 = 1 << 5;
const HAS_ADDRESS: u8 = 1 << 6;
const ALL: u8 = (HAS_ADDRESS << 1) - 1;

pub(super) fn encode(details: &Details) -> Vec<u8> {
    let (sign_in, device) = (&details.sign_in, &details.device);
    let mut bytes = Vec::with_capacity(details.size());
    let flags = [
        (HAS_ELEVATION, details.elevation.is_some()),
        (HAS_ACTOR, sign_in.actor.is_some()),
        (HAS_LIFETIMES, sign_in.lifetimes.is_some()),
        (IS_PERSISTENT, sign_in.is_persistent),
        (HAS_LABEL, device.label.is_some()),
        (HAS_AGENT, device.agent.is_some()),
        (HAS_ADDRESS, device.address.is_some()),
    ];
    let present = flags.iter().filter(|(_, is_present)| *is_present);
    bytes.push(present.map(|(flag, _)| flag).sum());
    push_names(&mut bytes, sign_in.methods.iter().map(AuthMethod::as_str));
    push_names(&mut bytes, sign_in.roles.iter().map(Role::as_str));
    if let Some(elevation) = &details.elevation {
        leb128::push_field(&mut bytes, elevation.method.as_str().as_bytes());
        leb128::push(&mut bytes, elevation.at.as_millis());
        leb128::push(&mut bytes, elevation.until.as_millis());
    }
    if let Some(actor) = &sign_in.actor {
        leb128::push_field(&mut bytes, actor.as_str().as_bytes());
    }
    if let Some(lifetimes) = &sign_in.lifetimes {
        for timeout in [
            lifetimes.idle(),
            lifetimes.absolute(),
            lifetimes.renewal(),
            lifetimes.grace(),
        ] {
            let millis = u64::try_from(timeout.as_millis()).unwrap_or(u64::MAX);
            leb128::push(&mut bytes, millis);
        }
    }
    for text in [&device.label, &device.agent].into_iter().flatten() {
        leb128::push_field(&mut bytes, text.as_bytes());
    }
    match device.address {
        Some(IpAddr::V4(address)) => leb128::push_field(&mut bytes, &address.octets()),
        Some(IpAddr::V6(address)) => leb128::push_field(&mut bytes, &address.octets()),
        None => {}
    }
    bytes
}

pub(super) fn decode(mut bytes: &[u8]) -> Option<Details> {
    let bytes = &mut bytes;
    let (&flags, rest) = bytes.split_first()?;
    *bytes = rest;
    if flags & !ALL != 0 {
        return None;
    }
    let has = |flag| flags & flag != 0;
    let methods = take_names(bytes, AuthMethod::new)?;
    let roles = take_names(bytes, Role::new)?;
    let elevation = match has(HAS_ELEVATION) {
        false => None,
        true => Some(Elevation {
            method: AuthMethod::new(take_text(bytes)?).ok()?,
            at: take_time(bytes)?,
            until: take_time(bytes)?,
        }),
    };
    let actor = match has(HAS_ACTOR) {
        false => None,
        true => Some(Principal::new(take_text(bytes)?).ok()?),
    };
    let lifetimes = match has(HAS_LIFETIMES) {
        false => None,
        true => Some(take_lifetimes(bytes)?),
    };
    let mut device = Device::new();
    if has(HAS_LABEL) {
        device = device.with_label(take_text(bytes)?);
    }
    if has(HAS_AGENT) {
        device = device.with_agent(take_text(bytes)?);
    }
    if has(HAS_ADDRESS) {
        device = device.with_address(take_address(bytes)?);
    }
    let details = Details {
        sign_in: SignInDetails {
            methods,
            roles,
            actor,
            lifetimes,
            is_persistent: has(IS_PERSISTENT),
        },
        elevation,
        device,
    };
    bytes.is_empty().then_some(details)
}

fn push_names<'n>(bytes: &mut Vec<u8>, names: impl ExactSizeIterator<Item = &'n str>) {
    leb128::push(bytes, names.len() as u64);
    for name in names {
        leb128::push_field(bytes, name.as_bytes());
    }
}

fn take_names<T>(
    bytes: &mut &[u8],
    name: fn(String) -> Result<T, InvalidName>,
) -> Option<Box<[T]>> {
    let count = usize::try_from(leb128::take(bytes)?).ok()?;
    if count > MOST_NAMES {
        return None;
    }
    (0..count)
        .map(|_| name(take_text(bytes)?.to_owned()).ok())
        .collect()
}

fn take_lifetimes(bytes: &mut &[u8]) -> Option<Lifetimes> {
    let mut timeouts = [Duration::ZERO; 4];
    for timeout in &mut timeouts {
        *timeout = Duration::from_millis(leb128::take(bytes)?);
    }
    let [idle, absolute, renewal, grace] = timeouts;
    let lifetimes = Lifetimes::default()
        .with_grace(grace)
        .with_idle(idle)
        .ok()?;
    lifetimes
        .with_absolute(absolute)
        .ok()?
        .with_renewal(renewal)
        .ok()
}

fn take_address(bytes: &mut &[u8]) -> Option<IpAddr> {
    let octets = leb128::take_field(bytes)?;
    if let Ok(octets) = <[u8; 4]>::try_from(octets) {
        return Some(octets.into());
    }
    <[u8; 16]>::try_from(octets).ok().map(Into::into)
}

fn take_time(bytes: &mut &[u8]) -> Option<Timestamp> {
    leb128::take(bytes).map(Timestamp::from_millis)
}

fn take_text<'b>(bytes: &mut &'b [u8]) -> Option<&'b str> {
    std::str::from_utf8(leb128::take_field(bytes)?).ok()
}

//! What a record keeps of its sign-in beyond the principal, and of the device.

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use crate::lifetimes::Lifetimes;
use crate::names::{AuthMethod, Role};
use crate::principal::Principal;
use crate::time::Timestamp;

/// What a record keeps of its sign-in beyond the principal, and of the device. Most records have
/// nothing of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Details {
    pub(crate) sign_in: SignInDetails,
    pub(crate) elevation: Option<Elevation>,
    pub(crate) device: Device,
}

/// What a sign-in sets, and the next one replaces.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct SignInDetails {
    /// How the principal authenticated.
    pub(crate) methods: Box<[AuthMethod]>,
    pub(crate) roles: Box<[Role]>,
    /// Who really acts, in the principal's name.
    pub(crate) actor: Option<Principal>,
    pub(crate) lifetimes: Option<Lifetimes>,
    /// Whether the cookie outlives the browser.
    pub(crate) is_persistent: bool,
}

/// A principal who has signed in authenticated again, for what needs more than a sign-in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Elevation {
    pub(crate) method: AuthMethod,
    pub(crate) at: Timestamp,
    pub(crate) until: Timestamp,
}

/// What a commit changes of the details.
#[derive(Clone, Debug, Default)]
pub(crate) struct DetailsChange {
    pub(crate) sign_in: Option<SignInDetails>,
    pub(crate) roles: Option<Box<[Role]>>,
    /// The new elevation, or its end.
    pub(crate) elevation: Option<Option<Elevation>>,
    pub(crate) device: Option<Device>,
}

/// The device that a session was begun on, for a list in which users find their sessions.
///
/// The application describes it; nothing is decided by it, and the agent is what the client claims
/// to be. It is personal data: `Debug` shows none of it. A text keeps its first 256 bytes, and no
/// control characters.
///
/// ```
/// use certsession_core::Device;
///
/// let device = Device::new().with_label("work laptop").with_agent("Mozilla/5.0 (X11; Linux)");
/// assert_eq!(device.label(), Some("work laptop"));
/// ```
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Device {
    pub(crate) label: Option<Box<str>>,
    pub(crate) agent: Option<Box<str>>,
    pub(crate) address: Option<IpAddr>,
}

impl Elevation {
    pub(crate) fn new(method: AuthMethod, at: Timestamp, lasts: Duration) -> Self {
        Self {
            method,
            at,
            until: at + lasts,
        }
    }

    /// How the principal authenticated.
    pub const fn method(&self) -> &AuthMethod {
        &self.method
    }

    /// When the principal authenticated.
    pub const fn at(&self) -> Timestamp {
        self.at
    }

    /// Until when it lasts.
    pub const fn until(&self) -> Timestamp {
        self.until
    }
}

/// How many names of one kind a sign-in may give, so that a record stays small.
pub(crate) const MOST_NAMES: usize = 32;

impl Details {
    /// What takes room in memory or in a store, in bytes, at the most.
    pub(crate) fn size(&self) -> usize {
        let texts = |texts: &[&str]| texts.iter().map(|text| text.len() + 2).sum::<usize>();
        let sign_in = &self.sign_in;
        let methods: Vec<_> = sign_in.methods.iter().map(AuthMethod::as_str).collect();
        let roles: Vec<_> = sign_in.roles.iter().map(Role::as_str).collect();
        let others = [
            sign_in.actor.as_ref().map(Principal::as_str),
            self.elevation.as_ref().map(|it| it.method.as_str()),
            self.device.label(),
            self.device.agent(),
        ];
        let others: Vec<_> = others.into_iter().flatten().collect();
        LARGEST_NUMBERS + texts(&methods) + texts(&roles) + texts(&others)
    }
}

/// What the numbers, flags, counts and the address take when they are encoded, at the most.
const LARGEST_NUMBERS: usize = 96;

impl DetailsChange {
    /// The details after a commit. A sign-in that says nothing of itself leaves nothing of the one
    /// before it.
    pub(crate) fn outcome(
        change: Option<&Self>,
        signs_in: bool,
        current: Option<&Arc<Details>>,
    ) -> Option<Arc<Details>> {
        match change {
            None if !signs_in || current.is_none() => current.cloned(),
            Some(change) if !signs_in || change.sign_in.is_some() => change.apply(current),
            change => {
                let mut change = change.cloned().unwrap_or_default();
                change.sign_in = Some(SignInDetails::default());
                change.apply(current)
            }
        }
    }

    /// The details after the change; `None` if there are none.
    fn apply(&self, current: Option<&Arc<Details>>) -> Option<Arc<Details>> {
        let mut details = current.map_or_else(Details::default, |it| Details::clone(it));
        if let Some(sign_in) = &self.sign_in {
            details.sign_in = sign_in.clone();
            details.elevation = None;
        }
        if let Some(roles) = &self.roles {
            details.sign_in.roles = roles.clone();
        }
        if let Some(elevation) = &self.elevation {
            details.elevation = elevation.clone();
        }
        if let Some(device) = &self.device {
            details.device.update(device);
        }
        (details != Details::default()).then(|| Arc::new(details))
    }

    /// Sets what is known of the device, and leaves the rest.
    pub(crate) fn describe(&mut self, device: &Device) {
        self.device.get_or_insert_default().update(device);
    }
}

impl Device {
    /// The longest label or agent that is kept, in bytes.
    pub const MAX_LENGTH: usize = 256;

    /// A device of which nothing is known.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the name that the user knows the device by.
    #[must_use]
    pub fn with_label(mut self, label: &str) -> Self {
        self.label = text(label);
        self
    }

    /// Sets what the client claims to be: the `User-Agent` of the request.
    #[must_use]
    pub fn with_agent(mut self, agent: &str) -> Self {
        self.agent = text(agent);
        self
    }

    /// Sets the address of the client. Behind a proxy, the connection's is the proxy's: take the
    /// one that an authenticated proxy names, or none.
    #[must_use]
    pub const fn with_address(mut self, address: IpAddr) -> Self {
        self.address = Some(address);
        self
    }

    /// The name that the user knows the device by.
    pub fn label(&self) -> Option<&str> {
        self.label.as_deref()
    }

    /// What the client claims to be.
    pub fn agent(&self) -> Option<&str> {
        self.agent.as_deref()
    }

    /// The address of the client.
    pub const fn address(&self) -> Option<IpAddr> {
        self.address
    }

    fn update(&mut self, other: &Self) {
        for (field, value) in [
            (&mut self.label, &other.label),
            (&mut self.agent, &other.agent),
        ] {
            if let Some(value) = value {
                *field = Some(value.clone());
            }
        }
        self.address = other.address.or(self.address);
    }
}

impl fmt::Debug for Device {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Device(..)")
    }
}

/// A text that is bounded, and cannot forge a line of a log.
fn text(text: &str) -> Option<Box<str>> {
    let mut end = Device::MAX_LENGTH.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    let kept: String = text[..end].chars().filter(|c| !c.is_control()).collect();
    (!kept.is_empty()).then(|| kept.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_device_is_described_in_few_plain_characters_and_not_in_logs() {
        let long = "é".repeat(200);
        let device = Device::new().with_label("a\nb").with_agent(&long);
        assert_eq!(device.label(), Some("ab"));
        assert_eq!(device.agent().unwrap().len(), 256);
        assert_eq!(Device::new().with_label("\n").label(), None);
        assert_eq!(format!("{device:?}"), "Device(..)");
    }

    #[test]
    fn what_is_learned_later_leaves_the_rest() {
        let mut device = Device::new().with_label("laptop").with_agent("old");
        device.update(&Device::new().with_agent("new"));
        assert_eq!(device, Device::new().with_label("laptop").with_agent("new"));
    }
}

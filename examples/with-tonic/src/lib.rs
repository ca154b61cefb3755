//! The messages of the example's service, for its clients too. A `build.rs` with tonic-prost-build
//! would write this file from a `.proto`; by hand it needs no `protoc`.

/// `notes.Notes/SignIn`: signs in the name in the request.
pub const SIGN_IN: &str = "/notes.Notes/SignIn";
/// `notes.Notes/WhoAmI`: who is signed in.
pub const WHO_AM_I: &str = "/notes.Notes/WhoAmI";
/// `notes.Notes/SignOut`: ends the session.
pub const SIGN_OUT: &str = "/notes.Notes/SignOut";
/// `notes.Notes/Watch`: a stream that says who is signed in, and ends with the session.
pub const WATCH: &str = "/notes.Notes/Watch";

/// A name.
#[derive(Clone, PartialEq, prost::Message)]
pub struct Name {
    /// The name itself, or nothing.
    #[prost(string, tag = "1")]
    pub name: String,
}

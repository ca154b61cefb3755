//! Lists of revoked certificates.

use std::error::Error;

use certs_dev::{Authority, CrlRequest, RevocationListFile};

/// A list of so many certificates, none of which anybody has.
///
/// # Errors
///
/// If it cannot be signed.
pub fn revocation_list(
    authority: &Authority,
    entries: u32,
) -> Result<RevocationListFile, Box<dyn Error>> {
    let mut request = CrlRequest::new();
    for entry in 0..entries {
        // As long as real ones, and spread like them.
        let mut serial = [0x40; 16];
        serial[1..5].copy_from_slice(&entry.wrapping_mul(0x9e37_79b9).to_be_bytes());
        request = request.revoke_serial(serial);
    }
    Ok(authority.revocation_list(&request)?)
}

//! Lists of revoked certificates.

use std::error::Error;

use certs_dev::{Authority, CrlRequest, RevocationListFile};

/// A list of this many revoked certificates, none of which is in use.
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
        // As long and as evenly distributed as real serial numbers.
        let mut serial = [0x40; 16];
        serial[1..5].copy_from_slice(&entry.wrapping_mul(0x9e37_79b9).to_be_bytes());
        request = request.revoke_serial(serial);
    }
    Ok(authority.revocation_list(&request)?)
}

//! A certificate for each client.

use std::error::Error;
use std::sync::Arc;

use certs_dev::{Authority, LeafRequest};
use certsession_core::{PeerCertificate, PeerState};

const SERIAL: [u8; 16] = *b"serial of client";

/// Any number of clients of one authority.
///
/// Signing a million certificates would take minutes, so one is issued, and the others are copies
/// of it with different serial numbers. The data that a session keeps of a certificate has the same
/// size, and only TLS checks the signature.
#[derive(Debug)]
pub struct Clients {
    template: Vec<u8>,
    serial_at: usize,
    shared: Option<PeerState>,
}

impl Clients {
    /// Creates clients with one certificate each, or all with the same one.
    ///
    /// # Errors
    ///
    /// If the certificate cannot be issued.
    pub fn new(share_certificate: bool) -> Result<Self, Box<dyn Error>> {
        let request = LeafRequest::client("client of a benchmark").serial(SERIAL);
        let issued = Authority::new("benchmark CA")?.issue(&request)?;
        let template = issued.certificate_der().to_vec();
        let serial_at = template
            .windows(SERIAL.len())
            .position(|window| window == SERIAL)
            .ok_or("the certificate has another serial number")?;
        let mut clients = Self {
            template,
            serial_at,
            shared: None,
        };
        clients.shared = share_certificate.then(|| clients.peer(0)).transpose()?;
        Ok(clients)
    }

    /// A connection of the client with this number.
    ///
    /// # Errors
    ///
    /// If the certificate with its serial number does not parse.
    pub fn peer(&self, number: usize) -> Result<PeerState, Box<dyn Error>> {
        if let Some(shared) = &self.shared {
            return Ok(shared.clone());
        }
        let mut der = self.template.clone();
        let tail = self.serial_at + SERIAL.len() - 8;
        der[tail..][..8].copy_from_slice(&(number as u64).to_be_bytes());
        let certificate = PeerCertificate::from_der(&der)?;
        Ok(PeerState::Verified(Arc::new(certificate)))
    }
}

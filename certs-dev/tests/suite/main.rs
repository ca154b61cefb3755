//! The tests of certs-dev: one binary, so that it is linked once. OpenSSL's command and
//! rustls's verifier are the judges wherever they can be.

#[cfg(test)]
mod certificates;
#[cfg(test)]
mod changes;
#[cfg(test)]
mod command;
#[cfg(test)]
mod pki;
#[cfg(test)]
mod support;

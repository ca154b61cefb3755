//! The tests of certs-dev, in one binary so that it is linked once. Where possible, OpenSSL's
//! command and rustls's verifier check the results.

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

//! The store contract on the emulator.

use crate::harness::OnEmulator;

certsession_core::conformance_suite!(OnEmulator);

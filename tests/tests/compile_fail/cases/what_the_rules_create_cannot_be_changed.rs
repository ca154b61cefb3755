use certsession_core::{Binding, Commit, PeerCertificate, Record};

fn sign_in(record: &mut Record, commit: &mut Commit) {
    record.principal = None;
    commit.sign_in = None;
}

fn rename(certificate: &mut PeerCertificate, binding: &mut Binding) {
    certificate.subject = "CN=alice".into();
    binding.subject = "CN=alice".into();
}

fn begin() -> Record {
    Record::default()
}

fn main() {}

use certsession_actix::CertSession;

fn send<T: Send>(_: T) {}

fn elsewhere(session: CertSession) {
    send(session);
}

fn main() {}

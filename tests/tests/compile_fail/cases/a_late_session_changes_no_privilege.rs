use certsession_actix::{CertSession, Error};

async fn stream(session: CertSession) -> Result<(), Error> {
    let mut late = session.late();
    late.sign_in("alice")?;
    late.sign_out()?;
    late.rotate()?;
    late.commit().await
}

fn main() {}

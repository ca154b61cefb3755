use certsession_actix::{CertSession, Error, Key};

const CART: Key<Vec<u32>> = Key::new("cart");

fn write(session: &CertSession) -> Result<(), Error> {
    session.insert(&CART, &"three apples")
}

fn read(session: &CertSession) -> Result<Option<String>, Error> {
    session.get(&CART)
}

fn main() {}

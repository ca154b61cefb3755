use certsession_core::TokenHash;

fn log(token_hash: &TokenHash) -> String {
    format!("{token_hash}")
}

fn main() {}

use certsession_core::Token;

fn log(token: &Token) -> String {
    token.to_string()
}

fn keep(token: &Token) -> Token {
    token.clone()
}

fn guess(token: &Token, other: &Token) -> bool {
    token == other
}

fn main() {}

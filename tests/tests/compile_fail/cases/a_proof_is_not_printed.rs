use certsession_core::Proof;

fn log(proof: &Proof) -> String {
    format!("{proof}")
}

fn main() {}

use actix_web::{App, HttpServer};
use certsession_actix::{BindMutualTls, MutualTls};

fn main() {
    let tls = MutualTls::builder();
    let _ = HttpServer::new(App::new).bind_mutual_tls("127.0.0.1:0", tls);
}

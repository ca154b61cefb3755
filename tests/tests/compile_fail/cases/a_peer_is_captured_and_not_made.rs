use actix_web::dev::Extensions;
use certsession_actix::PeerState;
use certsession_actix::test_util::SeamedPeer;
use certsession_actix::tls::CapturedPeer;

fn pose_as(alice: PeerState, connection: &mut Extensions) {
    connection.insert(CapturedPeer(alice.clone()));
    connection.insert(SeamedPeer(alice));
}

fn main() {}

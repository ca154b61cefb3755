use actix_web::dev::Extensions;
use certsession_actix::PeerState;
use certsession_actix::test_util::TestPeer;
use certsession_actix::peer::CapturedPeer;

fn pose_as(alice: PeerState, connection: &mut Extensions) {
    connection.insert(CapturedPeer(alice.clone()));
    connection.insert(TestPeer(alice));
}

fn main() {}

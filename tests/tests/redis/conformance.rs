//! The store contract on each kind of server.

use certsession_core::conformance::{Harness, clauses};

use crate::harness::{
    Cluster, LeastUser, Near, OneServer, Pool, Sentinel, Valkey, ValkeyByScript, ValkeyCluster,
    ValkeyLeastUser, ValkeyNear, ValkeyPool,
};

certsession_core::conformance_suite!(on_one_server: OneServer);

/// Runs every clause in this process, because these servers start slowly.
fn run_every_clause<H: Harness>() {
    let clauses = clauses::<H>();
    assert!(clauses.len() > 80);
    for (name, clause) in clauses {
        eprintln!("{name}");
        clause();
    }
}

#[test]
fn the_contract_holds_with_copies_in_the_process() {
    run_every_clause::<Near>();
}

#[test]
fn the_contract_holds_on_valkey() {
    run_every_clause::<Valkey>();
}

#[test]
fn the_contract_holds_on_valkey_by_scripts() {
    run_every_clause::<ValkeyByScript>();
}

#[test]
fn the_contract_holds_on_valkey_with_copies_in_the_process() {
    run_every_clause::<ValkeyNear>();
}

#[test]
fn the_contract_holds_on_a_cluster_of_valkey() {
    run_every_clause::<ValkeyCluster>();
}

#[test]
fn the_contract_holds_on_valkey_for_a_user_with_the_least_permissions() {
    run_every_clause::<ValkeyLeastUser>();
}

#[test]
fn the_contract_holds_on_valkey_over_a_pool_of_the_application() {
    run_every_clause::<ValkeyPool>();
}

#[test]
fn the_contract_holds_on_a_cluster() {
    run_every_clause::<Cluster>();
}

#[test]
fn the_contract_holds_on_the_master_of_sentinels() {
    run_every_clause::<Sentinel>();
}

#[test]
fn the_contract_holds_for_a_user_with_the_least_permissions_over_tls() {
    run_every_clause::<LeastUser>();
}

#[test]
fn the_contract_holds_over_a_pool_of_the_application() {
    run_every_clause::<Pool>();
}

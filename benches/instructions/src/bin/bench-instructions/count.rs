//! Counting instructions and allocations.

use std::collections::BTreeMap;
use std::path::PathBuf;

use bench_instructions::{Requests, Work};
use bench_server::Candidate;
use stats_alloc::Region;

use crate::{ALLOCATOR, Fault};

/// The number of requests, and of additional requests.
const SOME: u64 = 200;
const MORE: u64 = 1_000;

/// The instructions of one request.
pub(crate) fn instructions(candidate: Candidate, work: Work, redis: &str) -> Result<u64, Fault> {
    let count = |requests| {
        let (program, arguments) = command(candidate, work, requests, redis)?;
        certsession_benches::instructions(&program, arguments)
    };
    let (some, all) = (count(SOME)?, count(SOME + MORE)?);
    Ok(all.saturating_sub(some) / MORE)
}

/// The instructions of one request, by the source of the code.
pub(crate) fn by_source(
    candidate: Candidate,
    work: Work,
    redis: &str,
) -> Result<BTreeMap<String, i64>, Fault> {
    let count = |requests| {
        let (program, arguments) = command(candidate, work, requests, redis)?;
        certsession_benches::instructions_by_source(&program, arguments)
    };
    let (some, all) = (count(SOME)?, count(SOME + MORE)?);
    let of_one = |(source, all): (String, u64)| {
        let some = some.get(&source).copied().unwrap_or_default();
        (source, (all.saturating_sub(some) / MORE).cast_signed())
    };
    Ok(all.into_iter().map(of_one).collect())
}

/// The allocations of one request.
pub(crate) fn allocations(candidate: Candidate, work: Work, redis: &str) -> Result<u64, Fault> {
    let redis = Some(redis.to_owned());
    actix_web::rt::System::new().block_on(async move {
        let mut requests = Requests::new(candidate, redis).await?;
        for _ in 0..SOME {
            requests.once(work).await?;
        }
        let region = Region::new(ALLOCATOR);
        for _ in 0..MORE {
            requests.once(work).await?;
        }
        let change = region.change();
        let count = u64::try_from(change.allocations + change.reallocations)?;
        // Round, so that a map that grows once in a thousand requests does not count.
        Ok((count + MORE / 2) / MORE)
    })
}

/// A command that sends this many requests.
fn command(
    candidate: Candidate,
    work: Work,
    requests: u64,
    redis: &str,
) -> Result<(PathBuf, [String; 4]), Fault> {
    let program = std::env::current_exe()?.with_file_name("one-candidate");
    let requests = requests.to_string();
    let arguments = [candidate.name(), work.name(), &requests, redis];
    Ok((program, arguments.map(str::to_owned)))
}

//! `one-candidate CANDIDATE WORK COUNT [REDIS-URL]`: sends this many requests, under callgrind.
//!
//! A separate program, because the counting allocator would add instructions of its own.

use bench_instructions::{Requests, Work};
use bench_server::{Candidate, Fault};

fn main() -> Result<(), Fault> {
    let mut arguments = std::env::args().skip(1);
    let mut next = || arguments.next().ok_or("an argument is missing");
    let candidate = Candidate::named(&next()?).ok_or("no such candidate")?;
    let work = Work::named(&next()?).ok_or("no such work")?;
    let count: usize = next()?.parse()?;
    let redis = arguments.next();
    actix_web::rt::System::new().block_on(async move {
        let mut requests = Requests::new(candidate, redis).await?;
        for _ in 0..count {
            requests.once(work).await?;
        }
        Ok(())
    })
}

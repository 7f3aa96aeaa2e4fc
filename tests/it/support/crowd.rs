//! Many requests at the same moment, and what their answers come to.

use std::sync::Arc;

use tokio::sync::Barrier;
use tokio::task::JoinSet;

use super::{Page, Tokens, granted, refused};

/// Starts all of them at the same moment.
pub async fn at_once<T: Send + 'static, F: Future<Output = T> + Send + 'static>(
    attempts: impl IntoIterator<Item = F>,
) -> Vec<T> {
    let attempts: Vec<F> = attempts.into_iter().collect();
    let gate = Arc::new(Barrier::new(attempts.len()));
    let mut running = JoinSet::new();
    for attempt in attempts {
        let gate = Arc::clone(&gate);
        running.spawn(async move {
            gate.wait().await;
            attempt.await
        });
    }
    running.join_all().await
}

/// What was granted; every other answer must be `invalid_grant`.
pub fn successes(answers: &[Page]) -> Vec<Tokens> {
    let success = |answer: &Page| match answer.status.as_u16() {
        200 => Some(granted(answer)),
        status => {
            assert_eq!((status, refused(answer).as_str()), (400, "invalid_grant"));
            None
        }
    };
    answers.iter().filter_map(success).collect()
}

/// The one success among refusals that are all `invalid_grant`.
pub fn only_success(answers: &[Page]) -> Tokens {
    let mut good = successes(answers);
    assert_eq!(good.len(), 1, "exactly one success");
    good.remove(0)
}

/// How often a race is run: so many times, or as `make torture` says.
pub fn rounds(usual: usize) -> usize {
    number("COUNTERSIGN_ROUNDS").unwrap_or(usual)
}

/// A number in the environment.
pub fn number(variable: &str) -> Option<usize> {
    let text = std::env::var(variable).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{variable} is no number: {text}")))
}

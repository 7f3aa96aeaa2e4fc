//! Documents that are asked for again and again (JWK sets), kept for a while: one request however many ask, none while
//! the copy is good, and a pause after every request, so that no client can make this server hammer somebody.

use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use moka::future::Cache;
use moka::ops::compute::Op;
use moka::policy::EvictionPolicy;

use super::error::FetchError;
use crate::clock::Clock;

/// How long a copy is good, in milliseconds, whatever its server says; its `max-age` decides in between. Keys that were
/// withdrawn must not live on for long, and a server that forbids keeping must not be asked at every sign-in.
const GOOD_AT_LEAST: i64 = 10_000;
const GOOD_AT_MOST: i64 = 300_000;

/// Milliseconds after a request before the same address is asked again, for a newer copy or after a failure.
const PAUSE: i64 = 5_000;

/// Bytes of memory that all copies together may take, about.
const MEMORY: u64 = 64 * 1024 * 1024;

/// Bytes of memory for a byte of text, at worst: a number in an array is two bytes of JSON and 32 of memory.
const GROWTH: usize = 16;

/// Which copy of a document will do.
#[derive(Clone, Debug)]
pub enum Freshness<T> {
    /// One that is still good.
    Any,
    /// Another than this one, which did not hold what was looked for (an unknown `kid`). It is asked for once in five
    /// seconds at most; in between, the same copy is the answer.
    NewerThan(Arc<T>),
}

/// A document as it came.
pub(super) struct Fetched<T> {
    pub(super) value: T,
    /// Bytes of its text.
    pub(super) length: usize,
    /// What `Cache-Control` allows, if anything.
    pub(super) max_age: Option<Duration>,
}

/// The copies, by address.
pub(super) struct Documents<T>(Cache<String, Arc<Entry<T>>>);

/// What is known of an address.
struct Entry<T> {
    /// When it answered last, or failed (Unix milliseconds).
    asked: i64,
    failure: Option<FetchError>,
    copy: Option<Copy<T>>,
}

struct Copy<T> {
    value: Arc<T>,
    /// Also ends with a clock that is set back.
    good: Range<i64>,
    length: usize,
}

impl<T> Clone for Copy<T> {
    fn clone(&self) -> Self {
        Self { value: self.value.clone(), good: self.good.clone(), length: self.length }
    }
}

impl<T> Clone for Documents<T> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<T: Send + Sync + 'static> Documents<T> {
    pub(super) fn new() -> Self {
        let weight = |address: &String, entry: &Arc<Entry<T>>| {
            let text = entry.copy.as_ref().map_or(0, |copy| copy.length.saturating_mul(GROWTH));
            u32::try_from(text.saturating_add(address.len()).saturating_add(256)).unwrap_or(u32::MAX)
        };
        let cache = Cache::builder()
            .max_capacity(MEMORY)
            .weigher(weight)
            // The usual policy keeps out what was not asked for often, and with it the memory of failures.
            .eviction_policy(EvictionPolicy::lru())
            // Frees memory. What is good is decided by `Entry`, with the application's clock.
            .time_to_live(Duration::from_millis(GOOD_AT_MOST.unsigned_abs()));
        Self(cache.build())
    }

    /// The document at this address; `ask` fetches it where no copy will do.
    pub(super) async fn get<F>(
        &self,
        address: &str,
        freshness: Freshness<T>,
        clock: &Clock,
        ask: impl FnOnce() -> F + Send + 'static,
    ) -> Result<Arc<T>, FetchError>
    where
        F: Future<Output = Result<Fetched<T>, FetchError>> + Send,
    {
        let known = self.0.get(address).await;
        if let Some(answer) = known.and_then(|entry| entry.answer(&freshness, clock.millis())) {
            return answer;
        }
        let (cache, address, clock) = (self.0.clone(), address.to_owned(), clock.clone());
        // In a task of its own: callers who hang up must not make us forget that the address was asked.
        let asking = tokio::spawn(async move {
            let mut answer = Err(FetchError::Unreachable);
            let result = &mut answer;
            // One at a time for an address. Those who waited look again at what is known, and find the answer there.
            cache
                .entry(address)
                .and_compute_with(|known| async {
                    let known = known.map(moka::Entry::into_value);
                    if let Some(found) =
                        known.as_ref().and_then(|entry| entry.answer(&freshness, clock.millis()))
                    {
                        *result = found;
                        return Op::Nop;
                    }
                    let former = known.and_then(|entry| entry.copy.clone());
                    let (entry, found) = Entry::after(ask().await, former, clock.millis());
                    *result = found;
                    Op::Put(Arc::new(entry))
                })
                .await;
            answer
        });
        asking.await.unwrap_or(Err(FetchError::Unreachable))
    }
}

impl<T> Entry<T> {
    /// What is known after an address was asked, and the answer for whoever asked. A failure leaves the former copy,
    /// which stays good for those who look for nothing new.
    fn after(
        outcome: Result<Fetched<T>, FetchError>,
        former: Option<Copy<T>>,
        now: i64,
    ) -> (Self, Result<Arc<T>, FetchError>) {
        match outcome {
            Ok(Fetched { value, length, max_age }) => {
                let value = Arc::new(value);
                let copy =
                    Copy { value: value.clone(), good: now..now.saturating_add(lifetime(max_age)), length };
                (Self { asked: now, failure: None, copy: Some(copy) }, Ok(value))
            }
            Err(failure) => (Self { asked: now, failure: Some(failure), copy: former }, Err(failure)),
        }
    }

    /// The answer, if the address need not be asked.
    fn answer(&self, freshness: &Freshness<T>, now: i64) -> Option<Result<Arc<T>, FetchError>> {
        let good = self.copy.as_ref().filter(|copy| copy.good.contains(&now)).map(|copy| &copy.value);
        let will_do = good.filter(|value| match freshness {
            Freshness::Any => true,
            Freshness::NewerThan(former) => !Arc::ptr_eq(former, value),
        });
        if let Some(value) = will_do {
            return Some(Ok(value.clone()));
        }
        if !(self.asked..self.asked.saturating_add(PAUSE)).contains(&now) {
            return None;
        }
        self.failure.map(Err).or_else(|| good.map(|value| Ok(value.clone())))
    }
}

/// How long a copy is good, in milliseconds.
fn lifetime(max_age: Option<Duration>) -> i64 {
    max_age.map_or(GOOD_AT_MOST, |age| {
        i64::try_from(age.as_millis()).unwrap_or(i64::MAX).clamp(GOOD_AT_LEAST, GOOD_AT_MOST)
    })
}

/// How long a `Cache-Control` header (RFC 9111 §5.2.2) lets an answer be kept. What cannot be read says nothing.
pub(super) fn max_age(cache_control: &str) -> Option<Duration> {
    let mut directives = cache_control.split(',').map(|directive| directive.trim().to_ascii_lowercase());
    directives.find_map(|directive| match directive.split_once('=') {
        Some(("max-age", seconds)) => seconds.trim_matches('"').parse().ok().map(Duration::from_secs),
        None if directive == "no-store" || directive == "no-cache" => Some(Duration::ZERO),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};
    use std::task::Poll;
    use std::time::Duration;

    use super::{Documents, FetchError, Fetched, Freshness, MEMORY, max_age};
    use crate::clock::Clock;

    /// A server whose answers are numbered, and a clock that moves by hand.
    struct World {
        documents: Documents<usize>,
        clock: Clock,
        millis: Arc<AtomicI64>,
        asked: Arc<AtomicUsize>,
    }

    impl World {
        fn new() -> Self {
            let millis = Arc::new(AtomicI64::new(1_000_000));
            let time = millis.clone();
            Self {
                documents: Documents::new(),
                clock: Clock::from_fn(move || time.load(Ordering::SeqCst)),
                millis,
                asked: Arc::default(),
            }
        }

        fn pass(&self, millis: i64) {
            self.millis.fetch_add(millis, Ordering::SeqCst);
        }

        fn asked(&self) -> usize {
            self.asked.load(Ordering::SeqCst)
        }

        async fn get(
            &self,
            freshness: Freshness<usize>,
            outcome: Result<Option<Duration>, FetchError>,
        ) -> Result<Arc<usize>, FetchError> {
            let asked = self.asked.clone();
            let ask = move || async move {
                let number = asked.fetch_add(1, Ordering::SeqCst) + 1;
                tokio::task::yield_now().await;
                outcome.map(|max_age| Fetched { value: number, length: 100, max_age })
            };
            self.documents.get("https://rp.example.com/jwks", freshness, &self.clock, ask).await
        }
    }

    #[tokio::test]
    async fn a_copy_is_good_for_as_long_as_its_server_says_within_bounds() {
        for (max_age, good) in [
            (None, 300_000),
            (Some(0), 10_000),
            (Some(9), 10_000),
            (Some(60), 60_000),
            (Some(300), 300_000),
            (Some(86_400), 300_000),
            (Some(u64::MAX), 300_000),
        ] {
            let world = World::new();
            let max_age = max_age.map(Duration::from_secs);
            assert_eq!(*world.get(Freshness::Any, Ok(max_age)).await.unwrap(), 1);
            world.pass(good - 1);
            assert_eq!(*world.get(Freshness::Any, Ok(max_age)).await.unwrap(), 1, "{max_age:?}");
            world.pass(1);
            assert_eq!(*world.get(Freshness::Any, Ok(max_age)).await.unwrap(), 2, "{max_age:?}");
        }
    }

    #[tokio::test]
    async fn a_clock_that_is_set_back_ends_a_copy() {
        let world = World::new();
        world.get(Freshness::Any, Ok(None)).await.unwrap();
        world.pass(-3_600_000);
        assert_eq!(*world.get(Freshness::Any, Ok(None)).await.unwrap(), 2);
    }

    #[tokio::test]
    async fn a_failure_is_remembered_for_five_seconds() {
        let world = World::new();
        for _ in 0..3 {
            let failed = world.get(Freshness::Any, Err(FetchError::Status(404))).await;
            assert_eq!(failed, Err(FetchError::Status(404)));
            world.pass(1_600);
        }
        assert_eq!(world.asked(), 1);
        world.pass(200);
        assert_eq!(*world.get(Freshness::Any, Ok(None)).await.unwrap(), 2);
    }

    #[tokio::test]
    async fn a_newer_copy_is_asked_for_once_in_five_seconds() {
        let world = World::new();
        let first = world.get(Freshness::Any, Ok(None)).await.unwrap();
        let newer = || Freshness::NewerThan(first.clone());
        world.pass(4_999);
        assert!(Arc::ptr_eq(&world.get(newer(), Ok(None)).await.unwrap(), &first));
        assert_eq!(world.asked(), 1);
        world.pass(1);
        let second = world.get(newer(), Ok(None)).await.unwrap();
        assert_eq!(*second, 2);
        // Who still holds the first copy gets the second without another request, however late.
        world.pass(20_000);
        assert!(Arc::ptr_eq(&world.get(newer(), Ok(None)).await.unwrap(), &second));
        assert_eq!(world.asked(), 2);
    }

    #[tokio::test]
    async fn a_newer_copy_that_cannot_be_had_leaves_the_former_one() {
        let world = World::new();
        let first = world.get(Freshness::Any, Ok(None)).await.unwrap();
        world.pass(5_000);
        for _ in 0..2 {
            let newer = world.get(Freshness::NewerThan(first.clone()), Err(FetchError::TimedOut)).await;
            assert_eq!(newer, Err(FetchError::TimedOut));
            assert!(Arc::ptr_eq(&world.get(Freshness::Any, Ok(None)).await.unwrap(), &first));
        }
        assert_eq!(world.asked(), 2);
        // Its life is not longer for that.
        world.pass(295_000);
        assert_eq!(*world.get(Freshness::Any, Ok(None)).await.unwrap(), 3);
    }

    #[tokio::test]
    async fn a_caller_who_hangs_up_does_not_undo_the_request() {
        let world = World::new();
        let mut caller = Box::pin(world.get(Freshness::Any, Ok(None)));
        assert!(poll_fn(|context| Poll::Ready(caller.as_mut().poll(context).is_pending())).await);
        drop(caller);
        assert_eq!(*world.get(Freshness::Any, Ok(None)).await.unwrap(), 1);
        assert_eq!(world.asked(), 1);
    }

    #[tokio::test]
    async fn documents_take_bounded_memory() {
        let documents = Documents::new();
        let clock = Clock::from_fn(|| 0);
        let length = 256 * 1024;
        for number in 0..100 {
            let ask = move || async move { Ok(Fetched { value: number, length, max_age: None }) };
            documents
                .get(&format!("https://rp.example.com/{number}"), Freshness::Any, &clock, ask)
                .await
                .unwrap();
        }
        documents.0.run_pending_tasks().await;
        assert!(documents.0.weighted_size() <= MEMORY);
        assert!((10..=16).contains(&documents.0.entry_count()), "{}", documents.0.entry_count());
        assert!(documents.0.contains_key("https://rp.example.com/99"), "the newest is kept");
    }

    #[test]
    fn rfc9111_5_2_2_cache_control() {
        for (header, seconds) in [
            ("max-age=60", Some(60)),
            ("public, MAX-AGE=60, must-revalidate", Some(60)),
            ("max-age=\"60\"", Some(60)),
            ("no-store", Some(0)),
            ("no-cache, max-age=60", Some(0)),
            ("s-maxage=60", None),
            ("max-age=-1", None),
            ("max-age=soon", None),
            ("max-age", None),
            ("", None),
        ] {
            assert_eq!(max_age(header), seconds.map(Duration::from_secs), "{header}");
        }
    }
}

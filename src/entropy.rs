//! Randomness as a parameter: the one place that asks the operating system, and the handle everything else is given.

use std::cell::RefCell;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::clock::Clock;
use crate::protocol::secret::hex;

/// A source of random bytes. Tests give a seeded one.
#[derive(Clone)]
pub struct Entropy(Source);

#[derive(Clone)]
enum Source {
    System,
    Given(Arc<Fill>),
}

type Fill = dyn Fn(&mut [u8]) + Send + Sync;

impl Entropy {
    /// The operating system's generator, through aws-lc.
    ///
    /// # Panics
    /// Its functions do when the system has no randomness: without it no answer is safe.
    #[must_use]
    pub fn system() -> Self {
        Self(Source::System)
    }

    /// A source that asks `fill` for bytes.
    pub fn from_fn(fill: impl Fn(&mut [u8]) + Send + Sync + 'static) -> Self {
        Self(Source::Given(Arc::new(fill)))
    }

    /// `N` random bytes.
    #[must_use]
    pub fn bytes<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        match &self.0 {
            Source::System => ask_the_system(&mut bytes),
            Source::Given(fill) => fill(&mut bytes),
        }
        bytes
    }

    /// `N` random bytes of an identifier: as hard to guess, but nothing is opened with them, so that they may lie ready.
    fn identifier<const N: usize>(&self) -> [u8; N] {
        match &self.0 {
            Source::System => READY.with_borrow_mut(Ready::take),
            Source::Given(_) => self.bytes(),
        }
    }

    /// 256 random bits as 43 characters that are safe in URLs, headers and cookies.
    #[must_use]
    pub fn secret(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.bytes::<32>())
    }

    /// An identifier of 128 random bits in hexadecimal, which says nothing about when it was made.
    #[must_use]
    pub fn opaque_id(&self) -> String {
        hex(&self.identifier::<16>())
    }

    /// An identifier that sorts by time: 48 bits of Unix milliseconds, then 80 random bits, in hexadecimal.
    /// Rows made together lie together in the index, which is what keeps inserts fast.
    #[must_use]
    pub fn ordered_id(&self, clock: &Clock) -> String {
        // The upper 16 bits of the 64 fall off: they are zero for some thousand years.
        let time = u128::from(clock.millis().cast_unsigned()) << 80;
        let random = u128::from_be_bytes(self.identifier()) >> 48;
        hex(&(time | random).to_be_bytes())
    }
}

fn ask_the_system(bytes: &mut [u8]) {
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the system's generator")]
    let filled = aws_lc_rs::rand::fill(bytes);
    // Going on without randomness would issue guessable secrets.
    #[expect(clippy::expect_used, reason = "without a generator no answer is safe")]
    filled.expect("the system's random generator answers");
}

thread_local! {
    static READY: RefCell<Ready> = const { RefCell::new(Ready { bytes: [0; 512], left: 0 }) };
}

/// Random bytes that no identifier has yet. Every request needs several, and asking for one costs nearly what asking for thirty
/// does.
struct Ready {
    bytes: [u8; 512],
    left: usize,
}

impl Ready {
    fn take<const N: usize>(&mut self) -> [u8; N] {
        std::array::from_fn(|_| {
            if self.left == 0 {
                ask_the_system(&mut self.bytes);
                self.left = self.bytes.len();
            }
            self.left -= 1;
            #[expect(
                clippy::indexing_slicing,
                reason = "a byte that is not there must not become a known one"
            )]
            self.bytes[self.left]
        })
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::Entropy;
    use crate::clock::Clock;

    #[test]
    fn no_identifier_has_a_part_of_another() {
        let of_a_thread = || {
            let entropy = Entropy::system();
            (0..1000)
                .flat_map(|_| {
                    let ordered = entropy.ordered_id(&Clock::system());
                    [entropy.opaque_id(), ordered.chars().skip(12).collect()]
                })
                .collect::<Vec<String>>()
        };
        let other = std::thread::spawn(of_a_thread);
        let mut all = of_a_thread();
        all.extend(other.join().unwrap());
        // Ten random bytes at least: of no two are eight at the beginning or at the end the same.
        let parts: HashSet<&str> =
            all.iter().flat_map(|id| [id.get(..16), id.get(id.len() - 16..)]).flatten().collect();
        assert_eq!(parts.len(), 2 * all.len());
    }
}

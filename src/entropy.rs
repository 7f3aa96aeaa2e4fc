//! Randomness as a parameter: the one place that asks the operating system, and the handle everything else is given.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::clock::Clock;
use crate::protocol::secret::hex;

/// A source of random bytes. Tests give a seeded one.
#[derive(Clone)]
pub struct Entropy(Arc<Fill>);

type Fill = dyn Fn(&mut [u8]) + Send + Sync;

impl Entropy {
    /// The operating system's generator, through aws-lc.
    ///
    /// # Panics
    /// Its functions do when the system has no randomness: without it no answer is safe.
    #[must_use]
    pub fn system() -> Self {
        Self(Arc::new(|bytes| {
            #[expect(clippy::disallowed_methods, reason = "the one place that reads the system's generator")]
            let filled = aws_lc_rs::rand::fill(bytes);
            // Going on without randomness would issue guessable secrets.
            #[expect(clippy::expect_used, reason = "without a generator no answer is safe")]
            filled.expect("the system's random generator answers");
        }))
    }

    /// A source that asks `fill` for bytes.
    pub fn from_fn(fill: impl Fn(&mut [u8]) + Send + Sync + 'static) -> Self {
        Self(Arc::new(fill))
    }

    /// `N` random bytes.
    #[must_use]
    pub fn bytes<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        (self.0)(&mut bytes);
        bytes
    }

    /// 256 random bits as 43 characters that are safe in URLs, headers and cookies.
    #[must_use]
    pub fn secret(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.bytes::<32>())
    }

    /// An identifier of 128 random bits in hexadecimal, which says nothing about when it was made.
    #[must_use]
    pub fn opaque_id(&self) -> String {
        hex(&self.bytes::<16>())
    }

    /// An identifier that sorts by time: 48 bits of Unix milliseconds, then 80 random bits, in hexadecimal.
    /// Rows made together lie together in the index, which is what keeps inserts fast.
    #[must_use]
    pub fn ordered_id(&self, clock: &Clock) -> String {
        let mut id = format!("{:012x}", clock.millis() & 0xffff_ffff_ffff);
        id.push_str(&hex(&self.bytes::<10>()));
        id
    }
}

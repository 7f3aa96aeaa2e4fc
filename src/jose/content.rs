//! Content encryption of JWE (RFC 7518 §5).

use aws_lc_rs::aead::{AES_128_GCM, AES_256_GCM, Aad, Algorithm, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::cipher::{
    self, DecryptionContext, EncryptionContext, PaddedBlockDecryptingKey, PaddedBlockEncryptingKey,
    UnboundCipherKey,
};
use aws_lc_rs::hmac;
use aws_lc_rs::iv::FixedLength;
use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

use crate::entropy::Entropy;
use crate::protocol::jwa::ContentEncryption;

/// A content encryption key.
pub(super) type Cek = Zeroizing<Vec<u8>>;

/// Content that was encrypted.
pub(super) struct Sealed {
    pub(super) iv: Vec<u8>,
    pub(super) ciphertext: Vec<u8>,
    pub(super) tag: Vec<u8>,
}

/// How an algorithm works.
enum Method {
    Gcm(&'static Algorithm),
    CbcHmac(CbcHmac),
}

/// RFC 7518 §5.2: AES in CBC mode, then HMAC over everything.
struct CbcHmac {
    aes: &'static cipher::Algorithm,
    hmac: hmac::Algorithm,
    /// The bytes of each half of the key, and of the tag.
    half: usize,
}

fn method(enc: ContentEncryption) -> Method {
    match enc {
        ContentEncryption::A128Gcm => Method::Gcm(&AES_128_GCM),
        ContentEncryption::A256Gcm => Method::Gcm(&AES_256_GCM),
        ContentEncryption::A128CbcHs256 => {
            Method::CbcHmac(CbcHmac { aes: &cipher::AES_128, hmac: hmac::HMAC_SHA256, half: 16 })
        }
        ContentEncryption::A256CbcHs512 => {
            Method::CbcHmac(CbcHmac { aes: &cipher::AES_256, hmac: hmac::HMAC_SHA512, half: 32 })
        }
    }
}

/// The bytes of the key.
pub(super) fn key_len(enc: ContentEncryption) -> usize {
    match method(enc) {
        Method::Gcm(algorithm) => algorithm.key_len(),
        Method::CbcHmac(method) => 2 * method.half,
    }
}

/// A key for one message.
pub(super) fn fresh_key(enc: ContentEncryption, entropy: &Entropy) -> Cek {
    let longest = Zeroizing::new(entropy.bytes::<64>());
    Zeroizing::new(longest.iter().copied().take(key_len(enc)).collect())
}

/// Encrypts. None if the key is not of the length that the algorithm asks for.
pub(super) fn seal(
    enc: ContentEncryption,
    key: &[u8],
    associated: &[u8],
    plaintext: &[u8],
    entropy: &Entropy,
) -> Option<Sealed> {
    let mut text = plaintext.to_vec();
    match method(enc) {
        Method::Gcm(algorithm) => {
            let iv: [u8; 12] = entropy.bytes();
            let tag = gcm(algorithm, key)?
                .seal_in_place_separate_tag(
                    Nonce::assume_unique_for_key(iv),
                    Aad::from(associated),
                    &mut text,
                )
                .ok()?;
            Some(Sealed { iv: iv.to_vec(), ciphertext: text, tag: tag.as_ref().to_vec() })
        }
        Method::CbcHmac(method) => {
            let iv: [u8; 16] = entropy.bytes();
            let (mac_key, aes_key) = method.halves(key)?;
            let aes = PaddedBlockEncryptingKey::cbc_pkcs7(UnboundCipherKey::new(method.aes, aes_key).ok()?);
            let context = EncryptionContext::Iv128(FixedLength::from(&iv));
            aes.ok()?.less_safe_encrypt(&mut text, context).ok()?;
            let tag = method.tag(mac_key, associated, &iv, &text)?;
            Some(Sealed { iv: iv.to_vec(), ciphertext: text, tag })
        }
    }
}

/// Decrypts what was encrypted with the same key and associated data, and by nobody changed since.
pub(super) fn open(
    enc: ContentEncryption,
    key: &[u8],
    associated: &[u8],
    sealed: &Sealed,
) -> Option<Vec<u8>> {
    let mut text = sealed.ciphertext.clone();
    match method(enc) {
        Method::Gcm(algorithm) => {
            let nonce = Nonce::try_assume_unique_for_key(&sealed.iv).ok()?;
            // RFC 7518 §5.3: the tag has 128 bits, and a shorter one is no tag.
            let tag: [u8; 16] = sealed.tag.as_slice().try_into().ok()?;
            text.extend_from_slice(&tag);
            let key = gcm(algorithm, key)?;
            let plain = key.open_in_place(nonce, Aad::from(associated), &mut text).ok()?.len();
            text.truncate(plain);
        }
        Method::CbcHmac(method) => {
            let iv: [u8; 16] = sealed.iv.as_slice().try_into().ok()?;
            let (mac_key, aes_key) = method.halves(key)?;
            // RFC 7518 §5.2.2.2: nothing is decrypted before it was authenticated.
            let tag = method.tag(mac_key, associated, &iv, &text)?;
            if !bool::from(tag.ct_eq(&sealed.tag)) {
                return None;
            }
            let aes = PaddedBlockDecryptingKey::cbc_pkcs7(UnboundCipherKey::new(method.aes, aes_key).ok()?);
            let context = DecryptionContext::Iv128(FixedLength::from(&iv));
            let plain = aes.ok()?.decrypt(&mut text, context).ok()?.len();
            text.truncate(plain);
        }
    }
    Some(text)
}

fn gcm(algorithm: &'static Algorithm, key: &[u8]) -> Option<LessSafeKey> {
    UnboundKey::new(algorithm, key).ok().map(LessSafeKey::new)
}

impl CbcHmac {
    /// RFC 7518 §5.2.2.1: the first half authenticates, the second one encrypts.
    fn halves<'a>(&self, key: &'a [u8]) -> Option<(&'a [u8], &'a [u8])> {
        key.split_at_checked(self.half).filter(|(_, aes_key)| aes_key.len() == self.half)
    }

    /// RFC 7518 §5.2.2.1: over associated data, IV, ciphertext and the length of the associated data in bits.
    fn tag(&self, key: &[u8], associated: &[u8], iv: &[u8], ciphertext: &[u8]) -> Option<Vec<u8>> {
        let bits = u64::try_from(associated.len()).ok()?.checked_mul(8)?;
        let mut context = hmac::Context::with_key(&hmac::Key::new(self.hmac, key));
        for part in [associated, iv, ciphertext, &bits.to_be_bytes()] {
            context.update(part);
        }
        context.sign().as_ref().get(..self.half).map(<[u8]>::to_vec)
    }
}

#[cfg(test)]
mod tests {
    use super::{ContentEncryption, Sealed, fresh_key, key_len, open, seal};
    use crate::entropy::Entropy;
    use crate::jose::samples::unhex;

    type Part = fn(&mut Sealed) -> &mut Vec<u8>;

    /// RFC 7518 appendix B: algorithm, key, ciphertext, tag.
    fn appendix_b() -> Vec<(ContentEncryption, Vec<u8>, Sealed)> {
        let iv = unhex("1af38c2dc2b96ffdd86694092341bc04");
        let key: Vec<u8> = (0..64).collect();
        let b_1 = Sealed {
            iv: iv.clone(),
            ciphertext: unhex(
                "c80edfa32ddf39d5ef00c0b468834279a2e46a1b8049f792f76bfe54b903a9c9\
                 a94ac9b47ad2655c5f10f9aef71427e2fc6f9b3f399a221489f16362c7032336\
                 09d45ac69864e3321cf82935ac4096c86e133314c54019e8ca7980dfa4b9cf1b\
                 384c486f3a54c51078158ee5d79de59fbd34d848b3d69550a67646344427ade5\
                 4b8851ffb598f7f80074b9473c82e2db",
            ),
            tag: unhex("652c3fa36b0a7c5b3219fab3a30bc1c4"),
        };
        let b_3 = Sealed {
            iv,
            ciphertext: unhex(
                "4affaaadb78c31c5da4b1b590d10ffbd3dd8d5d302423526912da037ecbcc7bd\
                 822c301dd67c373bccb584ad3e9279c2e6d12a1374b77f077553df829410446b\
                 36ebd97066296ae6427ea75c2e0846a11a09ccf5370dc80bfecbad28c73f09b3\
                 a3b75e662a2594410ae496b2e2e6609e31e6e02cc837f053d21f37ff4f51950b\
                 be2638d09dd7a4930930806d0703b1f6",
            ),
            tag: unhex("4dd3b4c088a7f45c216839645b2012bf2e6269a8c56a816dbc1b267761955bc5"),
        };
        vec![
            (ContentEncryption::A128CbcHs256, key[..32].to_vec(), b_1),
            (ContentEncryption::A256CbcHs512, key, b_3),
        ]
    }

    #[test]
    fn rfc7518_b_examples_of_aes_cbc_with_hmac() {
        let plain = "A cipher system must not be required to be secret, and it must be able to fall into the hands \
                     of the enemy without inconvenience";
        let associated = "The second principle of Auguste Kerckhoffs";
        for (enc, key, sealed) in appendix_b() {
            let opened = open(enc, &key, associated.as_bytes(), &sealed);
            assert_eq!(opened.as_deref(), Some(plain.as_bytes()), "{enc}");
            // The algorithm has no choices: the same IV gives the same bytes.
            let iv: [u8; 16] = sealed.iv.clone().try_into().unwrap();
            let entropy = Entropy::from_fn(move |bytes| bytes.copy_from_slice(&iv));
            let again = seal(enc, &key, associated.as_bytes(), plain.as_bytes(), &entropy).unwrap();
            assert_eq!((again.ciphertext, again.tag), (sealed.ciphertext, sealed.tag), "{enc}");
        }
    }

    #[test]
    fn rfc7518_5_what_was_changed_or_is_of_another_length_does_not_open() {
        let entropy = Entropy::system();
        for enc in ContentEncryption::ALL.iter().copied() {
            let key = fresh_key(enc, &entropy);
            assert_eq!(key.len(), key_len(enc));
            for length in [0, 1, 15, 16, 17, 1000] {
                let plain = vec![7; length];
                let seal = || seal(enc, &key, b"head", &plain, &entropy).unwrap();
                let opens = |sealed: &Sealed| open(enc, &key, b"head", sealed);
                assert_eq!(opens(&seal()), Some(plain.clone()), "{enc} {length}");
                assert_eq!(open(enc, &key, b"Head", &seal()), None);
                assert_eq!(open(enc, &key, b"", &seal()), None);
                assert_eq!(open(enc, &fresh_key(enc, &entropy), b"head", &seal()), None);
                assert_eq!(open(enc, &key[1..], b"head", &seal()), None);
                assert_eq!(open(enc, &[], b"head", &seal()), None);
                for cut in 1..=seal().tag.len() {
                    let mut sealed = seal();
                    sealed.tag.truncate(sealed.tag.len() - cut);
                    assert_eq!(opens(&sealed), None, "{enc}: a tag cut by {cut}");
                }
                let parts: [Part; 3] =
                    [|sealed| &mut sealed.iv, |sealed| &mut sealed.ciphertext, |sealed| &mut sealed.tag];
                for part in parts {
                    for at in 0..part(&mut seal()).len().min(40) {
                        let mut sealed = seal();
                        part(&mut sealed)[at] ^= 1;
                        assert_eq!(opens(&sealed), None, "{enc} at {at}");
                    }
                    let mut sealed = seal();
                    part(&mut sealed).push(0);
                    assert_eq!(opens(&sealed), None);
                    let mut sealed = seal();
                    if part(&mut sealed).pop().is_some() {
                        assert_eq!(opens(&sealed), None);
                    }
                }
            }
        }
        assert!(seal(ContentEncryption::A256Gcm, &[0; 16], b"", b"", &entropy).is_none());
        assert!(seal(ContentEncryption::A128CbcHs256, &[0; 64], b"", b"", &entropy).is_none());
    }
}

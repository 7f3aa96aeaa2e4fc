//! Compact JWE (RFC 7516 §7.1): written for a client, and read with this server's keys.

use aws_lc_rs::agreement::{self, UnparsedPublicKey, agree};
use aws_lc_rs::digest;
use aws_lc_rs::key_wrap::{AES_128, AES_256, AesBlockCipher, AesKek, KeyWrap as _};
use aws_lc_rs::rsa::{
    OAEP_SHA1_MGF1SHA1, OAEP_SHA256_MGF1SHA256, OaepAlgorithm, OaepPrivateDecryptingKey,
    OaepPublicEncryptingKey, PublicEncryptingKey, PublicKeyComponents,
};
use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use zeroize::Zeroizing;

use super::content::{self, Cek, Sealed};
use super::jwk::PublicKey;
use super::{LONGEST, base64url, decoded, object, present};
use crate::entropy::Entropy;
use crate::protocol::jwa::{ContentEncryption, Encryption, KeyManagementAlg};

/// A public key that a client has things encrypted to.
pub struct EncryptionKey {
    kid: Option<String>,
    recipient: Recipient,
}

enum Recipient {
    Rsa(OaepPublicEncryptingKey),
    /// A point that was checked to be on its curve.
    Agreement(PublicKey),
}

/// A private key, by what it does.
pub(super) enum PrivateDecryption {
    Rsa(OaepPrivateDecryptingKey),
    Agreement(agreement::PrivateKey),
}

/// Why nothing was encrypted.
#[derive(Debug, thiserror::Error)]
pub enum JweError {
    /// The key is not of this algorithm.
    #[error("the key is no key of {0}")]
    OtherKey(KeyManagementAlg),
    /// The header cannot be written as JSON.
    #[error("a header cannot be written as JSON: {0}")]
    Header(#[from] serde_json::Error),
    /// aws-lc failed; it says no more.
    #[error("encryption with {0} failed")]
    Failed(KeyManagementAlg),
}

/// The text does not decrypt. RFC 7516 §11.5: nobody is told why.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("not encrypted to this server")]
pub struct DecryptError;

/// A compact JWE that is well-formed.
pub struct Jwe<'a> {
    header: Header,
    protected: &'a str,
    encrypted_key: Vec<u8>,
    content: Sealed,
}

/// The members of the header that are understood (RFC 7516 §4.1, RFC 7518 §4.6.1). serde refuses one that stands there
/// twice.
#[derive(Deserialize)]
struct Header {
    alg: KeyManagementAlg,
    enc: ContentEncryption,
    #[serde(default, deserialize_with = "present")]
    kid: Option<String>,
    #[serde(default, deserialize_with = "present")]
    cty: Option<String>,
    #[serde(default, deserialize_with = "present")]
    epk: Option<Map<String, Value>>,
    #[serde(default, deserialize_with = "present")]
    apu: Option<String>,
    #[serde(default, deserialize_with = "present")]
    apv: Option<String>,
    #[serde(default, deserialize_with = "present")]
    zip: Option<IgnoredAny>,
    #[serde(default, deserialize_with = "present")]
    crit: Option<IgnoredAny>,
}

/// What both sides of a key agreement mix into the key (RFC 7518 §4.6.1.2, §4.6.1.3).
#[derive(Clone, Copy, Default)]
struct Parties<'a> {
    u: &'a [u8],
    v: &'a [u8],
}

impl EncryptionKey {
    /// None if nothing can be encrypted to the key, or it is none: a point that is not on its curve.
    pub(super) fn new(kid: Option<String>, public: &PublicKey) -> Option<Self> {
        let recipient = if let PublicKey::Rsa { n, e } = public {
            let key: PublicEncryptingKey = PublicKeyComponents { n, e }.try_into().ok()?;
            Recipient::Rsa(OaepPublicEncryptingKey::new(key).ok()?)
        } else {
            agreement::ParsedPublicKey::try_from(public.for_agreement()?).ok()?;
            Recipient::Agreement(public.clone())
        };
        Some(Self { kid, recipient })
    }

    /// Is it a key of this algorithm?
    pub(super) fn fits(&self, alg: KeyManagementAlg) -> bool {
        matches!(self.recipient, Recipient::Rsa(_)) == oaep(alg).is_some()
    }
}

impl PrivateDecryption {
    /// Is it a key of this algorithm?
    pub(super) fn fits(&self, alg: KeyManagementAlg) -> bool {
        matches!(self, Self::Rsa(_)) == oaep(alg).is_some()
    }
}

/// Encrypts to a client's key. `cty` says what the plaintext is: `JWT` for a signed token (RFC 7519 §5.2).
///
/// # Errors
/// The key is not of this algorithm, or aws-lc failed.
pub fn encrypt(
    encryption: Encryption,
    key: &EncryptionKey,
    cty: Option<&str>,
    plaintext: &[u8],
    entropy: &Entropy,
) -> Result<String, JweError> {
    #[derive(Serialize)]
    struct Written<'a> {
        alg: KeyManagementAlg,
        enc: ContentEncryption,
        #[serde(skip_serializing_if = "Option::is_none")]
        kid: Option<&'a str>,
        #[serde(skip_serializing_if = "Option::is_none")]
        cty: Option<&'a str>,
        #[serde(skip_serializing_if = "Option::is_none")]
        epk: Option<Map<String, Value>>,
    }
    let Encryption { alg, enc } = encryption;
    if !key.fits(alg) {
        return Err(JweError::OtherKey(alg));
    }
    let failed = || JweError::Failed(alg);
    let agreed = agree_on_key(encryption, &key.recipient, entropy).ok_or_else(failed)?;
    let header =
        serde_json::to_vec(&Written { alg, enc, kid: key.kid.as_deref(), cty, epk: agreed.ephemeral })?;
    let protected = base64url(header);
    let sealed =
        content::seal(enc, &agreed.cek, protected.as_bytes(), plaintext, entropy).ok_or_else(failed)?;
    let parts = [&agreed.encrypted_key, &sealed.iv, &sealed.ciphertext, &sealed.tag].map(base64url);
    Ok([protected.as_str(), &parts.join(".")].join("."))
}

/// What the sender of a JWE makes for it.
struct Agreed {
    cek: Cek,
    encrypted_key: Vec<u8>,
    ephemeral: Option<Map<String, Value>>,
}

fn agree_on_key(encryption: Encryption, recipient: &Recipient, entropy: &Entropy) -> Option<Agreed> {
    match recipient {
        Recipient::Rsa(key) => {
            let cek = content::fresh_key(encryption.enc, entropy);
            let mut encrypted_key = vec![0; key.ciphertext_size()];
            key.encrypt(oaep(encryption.alg)?, &cek, &mut encrypted_key, None).ok()?;
            Some(Agreed { cek, encrypted_key, ephemeral: None })
        }
        Recipient::Agreement(public) => {
            // aws-lc draws its own randomness for private keys.
            let ephemeral = agreement::PrivateKey::generate(public.for_agreement()?.algorithm()).ok()?;
            let members = public.of_same_kind(ephemeral.compute_public_key().ok()?.as_ref())?.members();
            let shared = shared_key(encryption, &ephemeral, public, Parties::default())?;
            let (cek, encrypted_key) = match wrapping(encryption.alg) {
                // RFC 7518 §4.6: used directly, there is no encrypted key.
                None => (shared, Vec::new()),
                Some((cipher, _)) => {
                    let cek = content::fresh_key(encryption.enc, entropy);
                    let mut wrapped = vec![0; cek.len() + 8];
                    AesKek::new(cipher, &shared).ok()?.wrap(&cek, &mut wrapped).ok()?;
                    (cek, wrapped)
                }
            };
            Some(Agreed { cek, encrypted_key, ephemeral: Some(members) })
        }
    }
}

impl<'a> Jwe<'a> {
    /// Reads a compact JWE.
    ///
    /// # Errors
    /// It has not exactly five parts of unpadded base64url, its header is no JSON object with an `alg` and an `enc` that
    /// are known here, demands an extension (`crit`), says that the content is compressed (`zip`, a way to make the
    /// reader run out of memory) or says the same twice; or it is longer than 64 kB.
    pub fn parse(text: &'a str) -> Result<Self, DecryptError> {
        Self::read(text).ok_or(DecryptError)
    }

    fn read(text: &'a str) -> Option<Self> {
        if text.len() > LONGEST {
            return None;
        }
        let (protected, rest) = text.split_once('.')?;
        let parts: Option<Vec<Vec<u8>>> = rest.split('.').map(decoded).collect();
        let [encrypted_key, iv, ciphertext, tag] = parts?.try_into().ok()?;
        let header: Header = object(&decoded(protected)?)?;
        let understood = header.zip.is_none() && header.crit.is_none();
        let content = Sealed { iv, ciphertext, tag };
        understood.then_some(Self { header, protected, encrypted_key, content })
    }

    /// Its algorithms.
    #[must_use]
    pub fn encryption(&self) -> Encryption {
        Encryption { alg: self.header.alg, enc: self.header.enc }
    }

    /// The key that it says it is encrypted to.
    #[must_use]
    pub fn kid(&self) -> Option<&str> {
        self.header.kid.as_deref()
    }

    /// What the plaintext is (RFC 7516 §4.1.12).
    #[must_use]
    pub fn cty(&self) -> Option<&str> {
        self.header.cty.as_deref()
    }

    /// Decrypts. RFC 7516 §11.5: with a random key where there is none, so that nobody learns which step failed.
    pub(super) fn decrypt(
        &self,
        key: &PrivateDecryption,
        entropy: &Entropy,
    ) -> Result<Vec<u8>, DecryptError> {
        let enc = self.header.enc;
        let random = content::fresh_key(enc, entropy);
        let found = self.content_key(key).filter(|cek| cek.len() == content::key_len(enc));
        let cek = found.unwrap_or(random);
        content::open(enc, &cek, self.protected.as_bytes(), &self.content).ok_or(DecryptError)
    }

    fn content_key(&self, key: &PrivateDecryption) -> Option<Cek> {
        match key {
            PrivateDecryption::Rsa(key) => {
                let mut cek = Zeroizing::new(vec![0; key.min_output_size()]);
                let length =
                    key.decrypt(oaep(self.header.alg)?, &self.encrypted_key, &mut cek, None).ok()?.len();
                cek.truncate(length);
                Some(cek)
            }
            PrivateDecryption::Agreement(key) => {
                if oaep(self.header.alg).is_some() {
                    return None;
                }
                let party = |text: &Option<String>| decoded(text.as_deref().unwrap_or_default());
                let (u, v) = (party(&self.header.apu)?, party(&self.header.apv)?);
                let ephemeral = PublicKey::from_members(self.header.epk.as_ref()?)?;
                let shared = shared_key(self.encryption(), key, &ephemeral, Parties { u: &u, v: &v })?;
                match wrapping(self.header.alg) {
                    None => self.encrypted_key.is_empty().then_some(shared),
                    Some((cipher, _)) => {
                        let mut cek = Zeroizing::new(vec![0; self.encrypted_key.len()]);
                        let kek = AesKek::new(cipher, &shared).ok()?;
                        let length = kek.unwrap(&self.encrypted_key, &mut cek).ok()?.len();
                        cek.truncate(length);
                        Some(cek)
                    }
                }
            }
        }
    }
}

/// RSAES-OAEP's parameters (RFC 7518 §4.3); none for the other algorithms.
fn oaep(alg: KeyManagementAlg) -> Option<&'static OaepAlgorithm> {
    match alg {
        KeyManagementAlg::RsaOaep => Some(&OAEP_SHA1_MGF1SHA1),
        KeyManagementAlg::RsaOaep256 => Some(&OAEP_SHA256_MGF1SHA256),
        KeyManagementAlg::EcdhEs | KeyManagementAlg::EcdhEsA128Kw | KeyManagementAlg::EcdhEsA256Kw => None,
    }
}

/// What wraps the content encryption key under the agreed one (RFC 7518 §4.6), and that one's bytes; none where the
/// agreed key is used directly.
fn wrapping(alg: KeyManagementAlg) -> Option<(&'static AesBlockCipher, usize)> {
    match alg {
        KeyManagementAlg::EcdhEsA128Kw => Some((&AES_128, 16)),
        KeyManagementAlg::EcdhEsA256Kw => Some((&AES_256, 32)),
        KeyManagementAlg::EcdhEs | KeyManagementAlg::RsaOaep | KeyManagementAlg::RsaOaep256 => None,
    }
}

/// RFC 7518 §4.6.2: what one side's private and the other side's public key make. None if they are of different curves,
/// or the public one is no point of its curve.
fn shared_key(
    Encryption { alg, enc }: Encryption,
    private: &agreement::PrivateKey,
    public: &PublicKey,
    parties: Parties<'_>,
) -> Option<Cek> {
    let (name, length) = match wrapping(alg) {
        None => (enc.as_str(), content::key_len(enc)),
        Some((_, length)) => (alg.as_str(), length),
    };
    agree(private, public.for_agreement()?, (), |secret| concat_kdf(secret, name, parties, length).ok_or(()))
        .ok()
}

/// The Concat KDF of NIST SP 800-56A §5.8.1 with SHA-256, as RFC 7518 §4.6.2 fills it in.
fn concat_kdf(secret: &[u8], algorithm: &str, parties: Parties<'_>, length: usize) -> Option<Cek> {
    let counted = |bytes: usize| u32::try_from(bytes).ok();
    let bits = counted(length)?.checked_mul(8)?;
    let mut key = Zeroizing::new(Vec::with_capacity(length.next_multiple_of(digest::SHA256_OUTPUT_LEN)));
    let mut round = 0_u32;
    while key.len() < length {
        round = round.checked_add(1)?;
        let mut hash = digest::Context::new(&digest::SHA256);
        hash.update(&round.to_be_bytes());
        hash.update(secret);
        for part in [algorithm.as_bytes(), parties.u, parties.v] {
            hash.update(&counted(part.len())?.to_be_bytes());
            hash.update(part);
        }
        hash.update(&bits.to_be_bytes());
        key.extend_from_slice(hash.finish().as_ref());
    }
    key.truncate(length);
    Some(key)
}

impl PublicKey {
    /// The key as aws-lc takes it for an agreement; none if it is for something else.
    fn for_agreement(&self) -> Option<UnparsedPublicKey<&[u8]>> {
        match self {
            Self::Ec(curve, point) => Some(UnparsedPublicKey::new(curve.agreement(), point)),
            Self::X25519(x) => Some(UnparsedPublicKey::new(&agreement::X25519, x)),
            Self::Ed25519(_) | Self::Rsa { .. } => None,
        }
    }

    /// Another key of the same curve, from the bytes that aws-lc gives.
    fn of_same_kind(&self, bytes: &[u8]) -> Option<Self> {
        match self {
            Self::Ec(curve, _) => Some(Self::Ec(*curve, bytes.to_vec())),
            Self::X25519(_) => Some(Self::X25519(bytes.to_vec())),
            Self::Ed25519(_) | Self::Rsa { .. } => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use aws_lc_rs::agreement::{self, PrivateKey, X25519};
    use aws_lc_rs::encoding::AsDer as _;
    use aws_lc_rs::rsa::{
        KeyPair, KeyPairComponents, OaepPrivateDecryptingKey, PrivateDecryptingKey, PublicKeyComponents,
    };
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::{
        DecryptError, Jwe, JweError, Parties, PrivateDecryption, PublicKey, content, encrypt, shared_key,
    };
    use crate::entropy::Entropy;
    use crate::jose::client_keys::ClientKeys;
    use crate::jose::jwk::Curve;
    use crate::jose::key::{KeyAlg, OwnKey, generate};
    use crate::jose::samples::{encrypted_vectors, keys, public, tampered};
    use crate::jose::{base64url, decoded};
    use crate::protocol::jwa::{ContentEncryption, Encryption, KeyManagementAlg};

    fn number(jwk: &Value, name: &str) -> Vec<u8> {
        decoded(jwk[name].as_str().unwrap()).unwrap()
    }

    fn public_key(jwk: &Value) -> PublicKey {
        PublicKey::from_members(jwk.as_object().unwrap()).unwrap()
    }

    /// A private key of the examples.
    fn private(jwk: &Value) -> PrivateDecryption {
        if let PublicKey::Ec(curve, _) = public_key(jwk) {
            let key = PrivateKey::from_private_key(curve.agreement(), &number(jwk, "d")).unwrap();
            return PrivateDecryption::Agreement(key);
        }
        let pair = KeyPair::from_components(&KeyPairComponents {
            public_key: PublicKeyComponents { n: number(jwk, "n"), e: number(jwk, "e") },
            d: number(jwk, "d"),
            p: number(jwk, "p"),
            q: number(jwk, "q"),
            dP: number(jwk, "dp"),
            dQ: number(jwk, "dq"),
            qInv: number(jwk, "qi"),
        });
        let key = PrivateDecryptingKey::from_pkcs8(pair.unwrap().as_der().unwrap().as_ref()).unwrap();
        PrivateDecryption::Rsa(OaepPrivateDecryptingKey::new(key).unwrap())
    }

    fn decrypt(token: &str, key: &PrivateDecryption) -> Result<Vec<u8>, DecryptError> {
        Jwe::parse(token).and_then(|jwe| jwe.decrypt(key, &Entropy::system()))
    }

    /// A client with one key of each kind that things are encrypted to, and the private halves.
    fn recipients() -> Vec<(Value, PrivateDecryption)> {
        let mut all = recipients_of_curves();
        let pkcs8 = generate(KeyAlg::ENCRYPTION[0]).unwrap();
        let OwnKey::Decryption(rsa) = OwnKey::from_pkcs8(KeyAlg::ENCRYPTION[0], &pkcs8).unwrap() else {
            panic!("a decryption key")
        };
        let key = OaepPrivateDecryptingKey::new(PrivateDecryptingKey::from_pkcs8(&pkcs8).unwrap()).unwrap();
        let mut jwk = rsa.jwks[0].clone();
        // As clients publish theirs: for every algorithm of its kind.
        jwk.as_object_mut().unwrap().remove("alg");
        all.push((jwk, PrivateDecryption::Rsa(key)));
        all
    }

    fn recipients_of_curves() -> Vec<(Value, PrivateDecryption)> {
        [
            (PublicKey::Ec(Curve::P256, vec![]), Curve::P256.agreement()),
            (PublicKey::Ec(Curve::P384, vec![]), Curve::P384.agreement()),
            (PublicKey::Ec(Curve::P521, vec![]), Curve::P521.agreement()),
            (PublicKey::X25519(vec![]), &X25519),
        ]
        .into_iter()
        .map(|(kind, algorithm): (PublicKey, &'static agreement::Algorithm)| {
            let key = PrivateKey::generate(algorithm).unwrap();
            let public = kind.of_same_kind(key.compute_public_key().unwrap().as_ref()).unwrap();
            (Value::Object(public.members()), PrivateDecryption::Agreement(key))
        })
        .collect()
    }

    fn every_encryption() -> impl Iterator<Item = Encryption> {
        let encs = |alg| ContentEncryption::ALL.iter().map(move |enc| Encryption { alg, enc: *enc });
        KeyManagementAlg::ALL.iter().flat_map(move |alg| encs(*alg))
    }

    #[test]
    fn rfc7516_a_1_rfc7520_5_2_5_4_5_5_examples() {
        let examples = encrypted_vectors();
        let algs: Vec<_> = examples
            .iter()
            .map(|(_, _, token, _)| {
                let Encryption { alg, enc } = Jwe::parse(token).unwrap().encryption();
                format!("{alg} {enc}")
            })
            .collect();
        assert_eq!(
            algs,
            ["RSA-OAEP A256GCM", "RSA-OAEP A256GCM", "ECDH-ES+A128KW A128GCM", "ECDH-ES A128CBC-HS256"]
        );
        let others = examples.clone();
        for (name, jwk, token, plaintext) in examples {
            let key = private(&jwk);
            assert_eq!(decrypt(&token, &key), Ok(plaintext.clone().into_bytes()), "{name}");
            for forged in tampered(&token) {
                assert_eq!(decrypt(&forged, &key), Err(DecryptError), "{name} {forged}");
            }
            for (other, jwk, _, _) in others.iter().filter(|(other, ..)| *other != name) {
                assert_eq!(
                    decrypt(&token, &private(jwk)),
                    Err(DecryptError),
                    "{name} with the key of {other}"
                );
            }
            // And the other way round: what we encrypt to the example's key, its owner reads.
            let encryption = Jwe::parse(&token).unwrap().encryption();
            let keys = keys(&[public(&jwk)]);
            let recipient = keys.encryption_key(encryption.alg).unwrap();
            let ours =
                encrypt(encryption, recipient, None, plaintext.as_bytes(), &Entropy::system()).unwrap();
            assert_eq!(Jwe::parse(&ours).unwrap().kid(), jwk["kid"].as_str());
            assert_eq!(decrypt(&ours, &key), Ok(plaintext.into_bytes()), "{name}");
        }
    }

    #[test]
    fn rfc7518_c_example_of_a_key_agreement() {
        let alice = json!({
            "kty": "EC", "crv": "P-256",
            "x": "gI0GAILBdu7T53akrFmMyGcsF3n5dO7MmwNBHKW5SV0",
            "y": "SLW_xSffzlPWrHEVI30DHM_4egVwt3NQqeUD7nMFpps",
            "d": "0_NxaRPUMQoAJt50Gz8YiTr8gRTwyEaCumd-MToTmIo",
        });
        let bob = json!({
            "kty": "EC", "crv": "P-256",
            "x": "weNJy2HscCSM6AEDTDg04biOvhFhyyWvOHQfeF_PxMQ",
            "y": "e8lnCO-AlStT-NJVX-crhB7QRYhiix03illJOVAOyck",
            "d": "VEmDZpDXXK8p8N0Cndsxs924q6nS1RXFASRl6BfUqdw",
        });
        let encryption = Encryption { alg: KeyManagementAlg::EcdhEs, enc: ContentEncryption::A128Gcm };
        let parties = Parties { u: b"Alice", v: b"Bob" };
        let (PrivateDecryption::Agreement(hers), PrivateDecryption::Agreement(his)) =
            (private(&alice), private(&bob))
        else {
            panic!("keys of a curve")
        };
        let cek = shared_key(encryption, &hers, &public_key(&bob), parties).unwrap();
        assert_eq!(base64url(&*cek), "VqqN6vgjbSBcIijNcacQGg");
        assert_eq!(shared_key(encryption, &his, &public_key(&alice), parties), Some(cek.clone()));

        // A message under that key: apu and apv are taken from its header.
        let message = |header: Value| {
            let protected = base64url(header.to_string());
            let sealed =
                content::seal(encryption.enc, &cek, protected.as_bytes(), b"hi", &Entropy::system()).unwrap();
            let [iv, text, tag] = [sealed.iv, sealed.ciphertext, sealed.tag].map(base64url);
            decrypt(&format!("{protected}..{iv}.{text}.{tag}"), &private(&bob))
        };
        let header = json!({
            "alg": "ECDH-ES", "enc": "A128GCM", "apu": "QWxpY2U", "apv": "Qm9i", "epk": public(&alice),
        });
        assert_eq!(message(header.clone()), Ok(b"hi".to_vec()));
        // A point that is not on the curve, of another curve, or no point; and other parties.
        let epk = |member: &str, value: &str| {
            let mut epk = public(&alice);
            epk[member] = json!(value);
            epk
        };
        for (member, value) in [
            ("epk", epk("y", alice["x"].as_str().unwrap())),
            ("epk", epk("x", &base64url([0; 32]))),
            ("epk", epk("x", &base64url([0xff; 32]))),
            ("epk", epk("crv", "P-384")),
            ("epk", epk("crv", "secp256k1")),
            ("epk", epk("kty", "OKP")),
            ("epk", json!({ "kty": "OKP", "crv": "X25519", "x": base64url([9; 32]) })),
            ("epk", json!({})),
            ("epk", json!(null)),
            ("epk", json!("x")),
            ("apu", json!("Qm9i")),
            ("apu", json!("")),
            ("apu", json!("=")),
            ("apu", json!(5)),
            ("apv", json!("QWxpY2U")),
            ("alg", json!("ECDH-ES+A128KW")),
            ("alg", json!("RSA-OAEP")),
            ("alg", json!("dir")),
            ("enc", json!("A256GCM")),
            ("enc", json!("A128CBC-HS256")),
            ("zip", json!("DEF")),
            ("crit", json!(["exp"])),
        ] {
            let mut changed = header.clone();
            changed[member] = value.clone();
            assert_eq!(message(changed), Err(DecryptError), "{member} {value}");
        }
        let mut without = header.clone();
        without.as_object_mut().unwrap().remove("epk");
        assert_eq!(message(without), Err(DecryptError));
    }

    #[test]
    fn rfc7748_6_1_a_point_of_small_order_agrees_on_nothing() {
        let (jwk, key) = recipients().swap_remove(3);
        assert_eq!(jwk["crv"], "X25519");
        let PrivateDecryption::Agreement(key) = key else { panic!("a key of a curve") };
        let encryption = Encryption { alg: KeyManagementAlg::EcdhEs, enc: ContentEncryption::A128Gcm };
        for first in [0, 1] {
            let mut point = vec![0; 32];
            point[0] = first;
            assert!(shared_key(encryption, &key, &PublicKey::X25519(point), Parties::default()).is_none());
        }
    }

    #[test]
    fn rfc7516_7_1_what_is_no_compact_jwe_is_refused() {
        let raw = |header: &str| format!("{}.AAAA.AAAA.AAAA.AAAA", base64url(header));
        let good = raw(r#"{"alg":"RSA-OAEP","enc":"A128GCM"}"#);
        assert!(Jwe::parse(&good).is_ok());
        let mut wrong = vec![
            String::new(),
            "....".to_owned(),
            "e30.e30.e30".to_owned(),
            good.replacen(".AAAA", "", 1),
            format!("{good}.AAAA"),
            format!("{good}."),
            format!("{good}="),
            format!("{good} "),
            good.replacen(".AAAA", ".A*AA", 1),
            format!("{good}{}", "A".repeat(64 * 1024)),
        ];
        for header in [
            "",
            "null",
            "{}",
            r#"["RSA-OAEP","A128GCM"]"#,
            r#"{"alg":"RSA-OAEP"}"#,
            r#"{"enc":"A128GCM"}"#,
            r#"{"alg":"RSA1_5","enc":"A128GCM"}"#,
            r#"{"alg":"dir","enc":"A128GCM"}"#,
            r#"{"alg":"A128KW","enc":"A128GCM"}"#,
            r#"{"alg":"PBES2-HS256+A128KW","enc":"A128GCM"}"#,
            r#"{"alg":"none","enc":"A128GCM"}"#,
            r#"{"alg":"RSA-OAEP","enc":"A192GCM"}"#,
            r#"{"alg":"RSA-OAEP","enc":"none"}"#,
            r#"{"alg":"RSA-OAEP","alg":"RSA-OAEP","enc":"A128GCM"}"#,
            r#"{"alg":"RSA-OAEP","enc":"A128GCM","kid":null}"#,
            r#"{"alg":"RSA-OAEP","enc":"A128GCM","zip":"DEF"}"#,
            r#"{"alg":"RSA-OAEP","enc":"A128GCM","zip":null}"#,
            r#"{"alg":"RSA-OAEP","enc":"A128GCM","crit":[]}"#,
        ] {
            wrong.push(raw(header));
        }
        for text in wrong {
            assert!(Jwe::parse(&text).is_err(), "{text:.100}");
        }
    }

    #[test]
    fn rfc7518_4_1_every_pair_of_algorithms_with_every_key_that_fits() {
        let entropy = Entropy::system();
        let recipients = recipients();
        for encryption in every_encryption() {
            for (jwk, key) in &recipients {
                let keys = keys(std::slice::from_ref(jwk));
                let fits = (jwk["kty"] == "RSA") == encryption.alg.as_str().starts_with("RSA");
                let recipient = keys.encryption_key(encryption.alg);
                assert_eq!(recipient.is_some(), fits, "{encryption:?} {jwk}");
                let Some(recipient) = recipient else { continue };
                let token = encrypt(encryption, recipient, Some("JWT"), b"content", &entropy).unwrap();
                let jwe = Jwe::parse(&token).unwrap();
                assert_eq!(
                    (jwe.encryption(), jwe.cty(), jwe.kid()),
                    (encryption, Some("JWT"), jwk["kid"].as_str())
                );
                assert_eq!(decrypt(&token, key), Ok(b"content".to_vec()), "{encryption:?} {jwk}");
                assert_ne!(encrypt(encryption, recipient, None, b"content", &entropy).unwrap(), token);
                for (other, key) in recipients.iter().filter(|(other, _)| other != jwk) {
                    assert_eq!(decrypt(&token, key), Err(DecryptError), "{encryption:?} {jwk} {other}");
                }
                for forged in tampered(&token) {
                    assert_eq!(decrypt(&forged, key), Err(DecryptError), "{encryption:?} {forged}");
                }
            }
        }
    }

    #[test]
    fn a_key_encrypts_by_its_own_algorithms_only() {
        let all: Vec<Value> = recipients().into_iter().map(|(jwk, _)| jwk).collect();
        let keys = keys(&all);
        let (rsa, ec) = (KeyManagementAlg::RsaOaep, KeyManagementAlg::EcdhEs);
        for (of, by) in [(rsa, ec), (ec, rsa)] {
            let key = keys.encryption_key(of).unwrap();
            let outcome = encrypt(
                Encryption { alg: by, enc: ContentEncryption::A128Gcm },
                key,
                None,
                b"",
                &Entropy::system(),
            );
            assert!(matches!(outcome, Err(JweError::OtherKey(alg)) if alg == by));
        }
    }

    #[test]
    fn rfc7517_4_keys_are_for_what_they_say() {
        let all = recipients();
        let (p256, rsa) = (&all[0].0, &all[4].0);
        let alone = |jwk: &Value, members: Value| {
            let mut jwk = jwk.clone();
            jwk.as_object_mut().unwrap().remove("use");
            jwk.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
            jwk
        };
        for (jwk, members, algs) in [
            (p256, json!({}), 3),
            (p256, json!({ "use": "enc" }), 3),
            (p256, json!({ "use": "sig" }), 0),
            (p256, json!({ "use": "other" }), 0),
            (p256, json!({ "alg": "ECDH-ES+A256KW" }), 1),
            (p256, json!({ "alg": "ES256" }), 0),
            (p256, json!({ "key_ops": [] }), 3),
            (p256, json!({ "key_ops": ["deriveKey"] }), 3),
            (p256, json!({ "key_ops": ["deriveBits"] }), 3),
            (p256, json!({ "key_ops": ["verify"] }), 0),
            (p256, json!({ "d": "AAAA" }), 0),
            (p256, json!({ "x": p256["y"] }), 0),
            (p256, json!({ "crv": "P-384" }), 0),
            (rsa, json!({}), 2),
            (rsa, json!({ "alg": "RSA-OAEP" }), 1),
            (rsa, json!({ "alg": "RSA1_5" }), 0),
            (rsa, json!({ "key_ops": ["wrapKey"] }), 2),
            (rsa, json!({ "key_ops": ["encrypt", "verify"] }), 2),
            (rsa, json!({ "key_ops": ["deriveKey"] }), 0),
            (rsa, json!({ "n": base64url([0xff; 128]) }), 0),
        ] {
            let keys = keys(&[alone(jwk, members.clone())]);
            let found = KeyManagementAlg::ALL.iter().filter(|alg| keys.encryption_key(**alg).is_some());
            assert_eq!(found.count(), algs, "{members}");
        }
        // The first that fits.
        let set = [json!({ "kid": "a", "use": "sig" }), json!({ "kid": "b" }), json!({ "kid": "c" })];
        let set: Vec<Value> = set.into_iter().map(|members| alone(p256, members)).collect();
        let keys: ClientKeys = keys(&set);
        assert_eq!(keys.encryption_key(KeyManagementAlg::EcdhEs).unwrap().kid.as_deref(), Some("b"));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn what_is_encrypted_is_decrypted(
            plaintext in proptest::collection::vec(any::<u8>(), 0..2000), kid in "\\PC{0,20}", cty in "\\PC{0,20}",
            enc in proptest::sample::select(ContentEncryption::ALL), curve in 0_usize..4,
        ) {
            let (mut jwk, key) = recipients_of_curves().swap_remove(curve);
            jwk["kid"] = json!(kid);
            let encryption = Encryption { alg: KeyManagementAlg::EcdhEsA256Kw, enc };
            let keys = keys(&[jwk]);
            let recipient = keys.encryption_key(encryption.alg).unwrap();
            let token = encrypt(encryption, recipient, Some(&cty), &plaintext, &Entropy::system()).unwrap();
            let jwe = Jwe::parse(&token).unwrap();
            prop_assert_eq!((jwe.kid(), jwe.cty()), (Some(kid.as_str()), Some(cty.as_str())));
            prop_assert_eq!(decrypt(&token, &key), Ok(plaintext));
        }

        #[test]
        fn any_text_is_refused_and_nothing_breaks(text in "[A-Za-z0-9_.{}\":, -]{0,200}") {
            prop_assert!(Jwe::parse(&text).is_err());
        }
    }
}

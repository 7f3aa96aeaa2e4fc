//! What this machine allows on one core: nothing built on it can be faster.

use std::fs::File;
use std::hint::black_box;
use std::io::Write as _;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Result, anyhow};
use argon2::{Argon2, Block};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, RSA_PKCS1_SHA256, RsaKeyPair,
};

pub struct Bounds {
    pub es256: f64,
    pub eddsa: f64,
    pub rs256: f64,
    /// Appends of one page to a file, each on the disk before the next.
    pub commits: f64,
    /// argon2id with its default parameters, which are Countersign's too.
    pub hashes: f64,
}

const LENGTH: Duration = Duration::from_secs(1);

impl Bounds {
    pub fn measure(folder: &Path) -> Result<Self> {
        let random = SystemRandom::new();
        // About the size of a token's signing input.
        let message = [b'a'; 600];

        let ec = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING)?;
        let es256 = per_second(|| {
            black_box(ec.sign(&random, &message)?);
            Ok(())
        })?;
        let ed = Ed25519KeyPair::generate()?;
        let eddsa = per_second(|| {
            black_box(ed.try_sign(&message)?);
            Ok(())
        })?;
        let rsa = RsaKeyPair::generate(KeySize::Rsa2048)?;
        let mut signature = vec![0; rsa.public_modulus_len()];
        let rs256 = per_second(|| Ok(rsa.sign(&RSA_PKCS1_SHA256, &random, &message, &mut signature)?))?;

        let mut file = File::create(folder.join("commits"))?;
        let commits = per_second(|| {
            file.write_all(&[0; 4096])?;
            Ok(file.sync_data()?)
        })?;

        let argon2 = Argon2::default();
        let mut memory = vec![Block::default(); argon2.params().block_count()];
        let mut hash = [0; 32];
        let hashes = per_second(|| {
            argon2
                .hash_password_into_with_memory(b"password", &[0; 16], &mut hash, &mut memory)
                .map_err(|error| anyhow!("argon2: {error}"))
        })?;
        Ok(Self { es256, eddsa, rs256, commits, hashes })
    }
}

fn per_second(mut work: impl FnMut() -> Result<()>) -> Result<f64> {
    work()?; // the first is slower
    let start = Instant::now();
    let mut done = 0_u32;
    while start.elapsed() < LENGTH {
        work()?;
        done += 1;
    }
    Ok(f64::from(done) / start.elapsed().as_secs_f64())
}

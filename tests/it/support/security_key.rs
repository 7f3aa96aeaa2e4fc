//! A security key in software (Web Authentication Level 3 §6): one passkey, as a browser would hand its answers on.

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

/// Present, and its user verified (§6.1).
const PRESENT_AND_VERIFIED: u8 = 0x05;
/// Its answer tells of a new credential.
const WITH_CREDENTIAL: u8 = 0x40;

pub struct SecurityKey {
    key: EcdsaKeyPair,
    /// The passkey's id, base64url.
    pub id: String,
    user_handle: String,
    counter: u32,
}

/// The same answer, made in a frame of another site (§5.8.1): with these members of the client data.
pub fn in_a_frame(answer: &str, members: &Value) -> String {
    let mut answer: Value = serde_json::from_str(answer).unwrap();
    let data = answer["response"]["clientDataJSON"].as_str().unwrap();
    let mut data: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(data).unwrap()).unwrap();
    for (name, value) in members.as_object().unwrap() {
        data[name] = value.clone();
    }
    answer["response"]["clientDataJSON"] = json!(URL_SAFE_NO_PAD.encode(data.to_string()));
    answer.to_string()
}

impl SecurityKey {
    /// The answer to a page's `PublicKeyCredentialCreationOptionsJSON`, and the key that holds the passkey from now on.
    pub fn create(options: &str, origin: &str) -> (Self, String) {
        let options: Value = serde_json::from_str(options).unwrap();
        let key = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).unwrap();
        let id = digest(&SHA256, key.public_key().as_ref()).as_ref().to_vec();
        // §6.5.1: AAGUID, id, and a COSE_Key (RFC 9053 §7.1.1) of P-256.
        let mut data = vec![0; 16];
        data.extend(u16::try_from(id.len()).unwrap().to_be_bytes());
        data.extend(&id);
        let point = key.public_key().as_ref();
        data.extend([0xa5, 0x01, 0x02, 0x03, 0x26, 0x20, 0x01, 0x21, 0x58, 0x20]);
        data.extend(&point[1..33]);
        data.extend([0x22, 0x58, 0x20]);
        data.extend(&point[33..65]);
        let rp = options["rp"]["id"].as_str().unwrap();
        let data = [authenticator_data(rp, PRESENT_AND_VERIFIED | WITH_CREDENTIAL, 0), data].concat();
        // §6.5.4: {"fmt": "none", "attStmt": {}, "authData": …} in CBOR.
        let mut object = b"\xa3\x63fmt\x64none\x67attStmt\xa0\x68authData\x58".to_vec();
        object.push(u8::try_from(data.len()).unwrap());
        object.extend(&data);
        let id = URL_SAFE_NO_PAD.encode(&id);
        let answer = json!({
            "id": id, "rawId": id, "type": "public-key", "extensions": {},
            "response": {
                "clientDataJSON": client_data("webauthn.create", &options, origin),
                "attestationObject": URL_SAFE_NO_PAD.encode(&object),
                "transports": ["internal"],
            },
        });
        let user_handle = options["user"]["id"].as_str().unwrap().to_owned();
        (Self { key, id, user_handle, counter: 0 }, answer.to_string())
    }

    /// The answer to a page's `PublicKeyCredentialRequestOptionsJSON`, on a page of this origin.
    pub fn answer(&mut self, options: &str, origin: &str) -> String {
        let data: Value = serde_json::from_str(options).unwrap();
        self.answer_with(options, &client_data("webauthn.get", &data, origin))
    }

    /// The same in a frame of another site.
    pub fn answer_in_a_frame(&mut self, options: &str, origin: &str, members: &Value) -> String {
        let data: Value = serde_json::from_str(options).unwrap();
        let plain = json!({ "response": { "clientDataJSON": client_data("webauthn.get", &data, origin) } });
        let framed: Value = serde_json::from_str(&in_a_frame(&plain.to_string(), members)).unwrap();
        self.answer_with(options, framed["response"]["clientDataJSON"].as_str().unwrap())
    }

    fn answer_with(&mut self, options: &str, client: &str) -> String {
        let options: Value = serde_json::from_str(options).unwrap();
        self.counter += 1;
        let data = authenticator_data(options["rpId"].as_str().unwrap(), PRESENT_AND_VERIFIED, self.counter);
        let client_hash = digest(&SHA256, &URL_SAFE_NO_PAD.decode(client).unwrap());
        let signed = [data.as_slice(), client_hash.as_ref()].concat();
        let signature = self.key.sign(&SystemRandom::new(), &signed).unwrap();
        json!({
            "id": self.id, "rawId": self.id, "type": "public-key", "extensions": {},
            "response": {
                "clientDataJSON": client,
                "authenticatorData": URL_SAFE_NO_PAD.encode(&data),
                "signature": URL_SAFE_NO_PAD.encode(signature.as_ref()),
                "userHandle": self.user_handle,
            },
        })
        .to_string()
    }
}

fn authenticator_data(rp: &str, flags: u8, counter: u32) -> Vec<u8> {
    let mut data = digest(&SHA256, rp.as_bytes()).as_ref().to_vec();
    data.push(flags);
    data.extend(counter.to_be_bytes());
    data
}

fn client_data(kind: &str, options: &Value, origin: &str) -> String {
    let data =
        json!({ "type": kind, "challenge": options["challenge"], "origin": origin, "crossOrigin": false });
    URL_SAFE_NO_PAD.encode(data.to_string())
}

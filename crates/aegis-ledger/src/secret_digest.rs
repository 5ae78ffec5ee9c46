//! What stands in a log for a secret: a digest that only this log's key gives.
//!
//! Equal values have equal digests within one log, so that a value can be recognised; elsewhere they tell
//! nothing. The digest is of the value with its type: the number 1 and the string "1" differ. Whoever has the
//! key, which is in the log, can try values until one fits; the same holds, without the key, for the digest
//! of the action itself, which covers the real values. A secret that could be guessed is not safe with
//! either.

use aegis_engine::canonical_json;
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::Value;
use sha2::Sha256;

const TAG: &[u8] = b"aegis-secret-v1\0";

/// What such a digest begins with.
const PREFIX: &str = "redacted:hmac-sha256:";

/// The text that stands for a value in the log with this key.
pub(crate) fn secret_digest(key: &[u8; 32], value: &Value) -> String {
    // Keys of any length are taken. Were this one not, the value would still not be written.
    let Ok(mac) = Hmac::<Sha256>::new_from_slice(key) else { return PREFIX.to_owned() };
    let digest = mac.chain_update(TAG).chain_update(canonical_json(value)).finalize();
    format!("{PREFIX}{}", hex::encode(digest.into_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn it_is_a_keyed_digest_of_the_value_and_its_type() {
        let one = secret_digest(&[7; 32], &json!(1));
        assert_eq!(one.len(), PREFIX.len() + 64);
        assert_eq!(one, secret_digest(&[7; 32], &json!(1.0)));
        for other in [
            secret_digest(&[8; 32], &json!(1)),
            secret_digest(&[7; 32], &json!("1")),
            secret_digest(&[7; 32], &json!([1])),
        ] {
            assert_ne!(one, other);
        }
        let object = secret_digest(&[7; 32], &json!({ "b": 1, "a": 2 }));
        assert_eq!(object, secret_digest(&[7; 32], &json!({ "a": 2, "b": 1 })));
    }

    #[test]
    fn the_digest_is_the_one_that_is_documented() {
        use hmac::digest::Digest as _;
        // HMAC by RFC 2104, from SHA-256 alone.
        let mut inner = [0x36; 64];
        let mut outer = [0x5c; 64];
        for index in 0..32 {
            inner[index] ^= 9;
            outer[index] ^= 9;
        }
        let message = [&inner[..], b"aegis-secret-v1\0", br#""hunter2""#].concat();
        let digest = Sha256::digest([&outer[..], &Sha256::digest(message)].concat());
        let expected = format!("redacted:hmac-sha256:{}", hex::encode(digest));
        assert_eq!(secret_digest(&[9; 32], &json!("hunter2")), expected);
    }
}

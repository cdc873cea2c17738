//! The objects of what was erased go, and a signed record says so. The rows (see [`crate::db::erasures`]) remember what is still
//! to do, so it is done whatever fails or dies in between.

use crate::{
    Db, DbError,
    db::erasures::{Erasure, LATEST_SECONDS},
    objects::{ObjectError, Objects},
};
use aws_lc_rs::{
    hkdf::{HKDF_SHA256, Salt},
    signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use domain::Clock;

/// Signs the records of erasures with a key of its own (Ed25519, RFC 8032), derived from the installation's.
pub struct Signer(Ed25519KeyPair);

impl Signer {
    /// The signer of an installation.
    pub fn new(installation: &[u8; 32]) -> Self {
        let mut seed = [0; 32];
        let key = Salt::new(HKDF_SHA256, b"trainar").extract(installation);
        let filled = key.expand(&[b"erasure records"], HKDF_SHA256).and_then(|material| material.fill(&mut seed));
        let pair = filled.ok().and_then(|()| Ed25519KeyPair::from_seed_unchecked(&seed).ok());
        Self(pair.unwrap_or_else(|| unreachable!("a seed has 32 bytes")))
    }

    /// What a signature is verified with, in base64: 32 bytes.
    pub fn public_key(&self) -> String {
        STANDARD.encode(self.0.public_key())
    }

    /// The signature of a record in base64: 64 bytes over the record's bytes as they are given out.
    fn sign(&self, record: &str) -> String {
        STANDARD.encode(self.0.sign(record.as_bytes()))
    }

    /// Whether this installation signed just this record.
    pub fn verify(&self, record: &str, signature: &str) -> bool {
        let Ok(signature) = STANDARD.decode(signature) else { return false };
        UnparsedPublicKey::new(&ED25519, self.0.public_key()).verify(record.as_bytes(), &signature).is_ok()
    }
}

impl std::fmt::Debug for Signer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Signer")
    }
}

/// Removes the objects of what was erased, of all tenants, as far as they are due; what does not succeed is tried again. Returns how
/// many erasures are done for good.
///
/// # Errors
/// Where the rows cannot be read or written. What else goes wrong is logged.
pub async fn erase_due(db: &Db, objects: &Objects, signer: &Signer, clock: &dyn Clock) -> Result<u64, DbError> {
    let mut done = 0;
    while let Some(mut erasure) = db.claim_erasure(clock.now()).await? {
        match sweep(objects, &mut erasure).await {
            Ok(()) if erasure.sweeps < 2 => {
                db.erasure_swept(&erasure, clock.now().plus_seconds(LATEST_SECONDS)).await?;
            }
            // What was erased may stand in the database's log: nothing is signed before that is empty.
            Ok(()) if !db.is_wiped().await? => {
                tracing::warn!(erasure = %erasure.id, "the database's log could not be emptied yet, so nothing is signed");
            }
            Ok(()) => {
                let now = clock.now();
                let record = serde_json::to_string(&erasure.proof(now))
                    .map_err(|e| DbError::Corrupt { what: "record of an erasure", value: e.to_string() })?;
                db.erasure_done(&erasure, &record, &signer.sign(&record), now).await?;
                done += 1;
            }
            // Its turn comes again when its lease has ended.
            Err(error) => tracing::error!(erasure = %erasure.id, %error, "erased objects could not be removed yet"),
        }
    }
    if let Err(error) = db.wipe_traces().await {
        tracing::warn!(%error, "the database's log could not be emptied yet");
    }
    Ok(done)
}

async fn sweep(objects: &Objects, erasure: &mut Erasure) -> Result<(), ObjectError> {
    let (mut count, mut bytes) = (0, 0);
    for prefix in &erasure.prefixes {
        for (key, meta) in objects.list_with_meta(prefix).await? {
            objects.delete(&key).await?;
            count += 1;
            bytes += meta.bytes;
        }
    }
    erasure.objects += count;
    erasure.bytes += bytes;
    erasure.sweeps += 1;
    Ok(())
}

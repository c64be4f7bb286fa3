//! Cryptography: what gives the same result every time, and the names of what does not.

use aes::cipher::{Array, BlockCipherDecrypt, KeyInit};
use hmac::Mac;

use super::encoding::from_base64;
use super::{ANY, INT, Made, STR, fixed, unpredictable};
use crate::gotemplate::function::{Arguments, Budget, Fault, Function, Type};
use crate::gotemplate::value::Value;

pub(super) const FUNCTIONS: &[Function] = &[
    fixed("derivePassword", &[Type::Uint32, STR, STR, STR, STR], derive_password),
    fixed("decryptAES", &[STR, STR], decrypt),
    unpredictable("encryptAES", &[STR, STR]),
    unpredictable("bcrypt", &[STR]),
    unpredictable("htpasswd", &[STR, STR]),
    unpredictable("randBytes", &[INT]),
    unpredictable("genPrivateKey", &[STR]),
    unpredictable("buildCustomCert", &[STR, STR]),
    unpredictable("genCA", &[STR, INT]),
    unpredictable("genCAWithKey", &[STR, INT, STR]),
    unpredictable("genSelfSignedCert", &[STR, ANY, ANY, INT]),
    unpredictable("genSelfSignedCertWithKey", &[STR, ANY, ANY, INT, STR]),
    unpredictable("genSignedCert", &[STR, ANY, ANY, INT, ANY]),
    unpredictable("genSignedCertWithKey", &[STR, ANY, ANY, INT, ANY, STR]),
];

const LONG: &[&str] = &[
    "CvcvnoCvcvCvcv",
    "CvcvCvcvnoCvcv",
    "CvcvCvcvCvcvno",
    "CvccnoCvcvCvcv",
    "CvccCvcvnoCvcv",
    "CvccCvcvCvcvno",
    "CvcvnoCvccCvcv",
    "CvcvCvccnoCvcv",
    "CvcvCvccCvcvno",
    "CvcvnoCvcvCvcc",
    "CvcvCvcvnoCvcc",
    "CvcvCvcvCvccno",
    "CvccnoCvccCvcv",
    "CvccCvccnoCvcv",
    "CvccCvccCvcvno",
    "CvcvnoCvccCvcc",
    "CvcvCvccnoCvcc",
    "CvcvCvccCvccno",
    "CvccnoCvcvCvcc",
    "CvccCvcvnoCvcc",
    "CvccCvcvCvccno",
];

/// Shapes of passwords by their type, as the Master Password algorithm has them.
fn shapes(kind: &[u8]) -> Option<&'static [&'static str]> {
    Some(match kind {
        b"maximum" => &["anoxxxxxxxxxxxxxxxxx", "axxxxxxxxxxxxxxxxxno"],
        b"long" => LONG,
        b"medium" => &["CvcnoCvc", "CvcCvcno"],
        b"short" => &["Cvcn"],
        b"basic" => &["aaanaaan", "aannaaan", "aaannaaa"],
        b"pin" => &["nnnn"],
        _ => return None,
    })
}

fn characters(class: u8) -> &'static [u8] {
    match class {
        b'V' => b"AEIOU",
        b'C' => b"BCDFGHJKLMNPQRSTVWXYZ",
        b'v' => b"aeiou",
        b'c' => b"bcdfghjklmnpqrstvwxyz",
        b'a' => b"AEIOUaeiouBCDFGHJKLMNPQRSTVWXYZbcdfghjklmnpqrstvwxyz",
        b'n' => b"0123456789",
        b'o' => b"@&%?,=[]_:-+*$#!'^~;()/.",
        _ => b"AEIOUaeiouBCDFGHJKLMNPQRSTVWXYZbcdfghjklmnpqrstvwxyz0123456789!@#$%^&*()",
    }
}

fn derive_password(budget: &mut Budget, a: &[Value]) -> Made {
    const SEED: &[u8] = b"com.lyndir.masterpassword";
    let counter = match a.any(0) {
        Value::Uint64(counter) => counter as u32,
        _ => return Err(Fault::error("the counter is no uint32")),
    };
    let (kind, password, user, site) = (a.text(1)?, a.text(2)?, a.text(3)?, a.text(4)?);
    let Some(shapes) = shapes(kind) else {
        let kind = String::from_utf8_lossy(kind);
        return Ok(Value::text(format!("cannot find password template {kind}")));
    };
    budget.take(64 << 20)?;
    let salt = [SEED, &(user.len() as u32).to_be_bytes(), user].concat();
    let parameters = scrypt::Params::new(15, 8, 2).map_err(|error| Fault::Error(error.to_string()))?;
    let mut key = [0; 64];
    scrypt::scrypt(password, &salt, &parameters, &mut key)
        .map_err(|error| Fault::Error(error.to_string()))?;
    let mut mac =
        hmac::Hmac::<sha2::Sha256>::new_from_slice(&key).map_err(|error| Fault::Error(error.to_string()))?;
    for part in [SEED, &(site.len() as u32).to_be_bytes(), site, &counter.to_be_bytes()] {
        mac.update(part);
    }
    let seed = mac.finalize().into_bytes();
    let shape = shapes[usize::from(seed[0]) % shapes.len()];
    let letters = shape.bytes().zip(&seed[1..]).map(|(class, chance)| {
        let from = characters(class);
        from[usize::from(*chance) % from.len()]
    });
    Ok(Value::text(letters.collect::<Vec<u8>>()))
}

/// AES-256 in CBC mode; the padding is taken at its word.
fn decrypt(_: &mut Budget, a: &[Value]) -> Made {
    const BLOCK: usize = 16;
    let (password, text) = (a.text(0)?, a.text(1)?);
    if text.is_empty() {
        return Ok(Value::text(""));
    }
    let mut key = [0; 32];
    let length = password.len().min(key.len());
    key[..length].copy_from_slice(&password[..length]);
    let data = from_base64(text).map_err(Fault::Error)?;
    if data.len() < BLOCK {
        let length = data.len();
        return Err(Fault::Error(format!(
            "runtime error: slice bounds out of range [:{BLOCK}] with capacity {length}"
        )));
    }
    if data.len() % BLOCK != 0 {
        return Err(Fault::error("crypto/cipher: input not full blocks"));
    }
    let cipher = aes::Aes256::new(&Array::from(key));
    let mut out = Vec::with_capacity(data.len());
    for (previous, block) in data.chunks(BLOCK).zip(data.chunks(BLOCK).skip(1)) {
        let mut plain = Array::try_from(block).map_err(|_| Fault::error("a block has sixteen bytes"))?;
        cipher.decrypt_block(&mut plain);
        out.extend(plain.iter().zip(previous).map(|(plain, previous)| plain ^ previous));
    }
    let padding = out.last().copied().map(usize::from);
    match padding.and_then(|padding| out.len().checked_sub(padding)) {
        Some(length) => Ok(Value::text(&out[..length])),
        None => Err(Fault::error("runtime error: index out of range [-1]")),
    }
}

//! Words that tell of a secret together: `api` and `key`, `session` and `cookie`.

use super::services::{has_address_with_password, is_service};

/// Whether two words that follow each other tell of a secret.
pub(super) fn are_secret(first: &[u8], second: &[u8]) -> bool {
    match second {
        b"key" | b"keys" => opens_something(first) || is_service(first),
        b"url" | b"urls" | b"uri" | b"uris" => has_address_with_password(first) || first == b"sas",
        b"string" | b"str" => matches!(first, b"connection" | b"conn"),
        // Elsewhere, tokens are what language models are paid by.
        b"tokens" => matches!(
            first,
            b"access"
                | b"refresh"
                | b"auth"
                | b"oauth"
                | b"api"
                | b"session"
                | b"bearer"
                | b"id"
                | b"csrf"
                | b"xsrf"
                | b"personal"
                | b"device"
                | b"deploy"
                | b"reset"
        ),
        b"word" | b"words" | b"wd" | b"phrase" | b"phrases" => {
            first == b"pass" || (second.starts_with(b"phrase") && matches!(first, b"seed" | b"recovery"))
        }
        b"code" | b"codes" => matches!(
            first,
            b"pass"
                | b"security"
                | b"verification"
                | b"auth"
                | b"authentication"
                | b"recovery"
                | b"backup"
                | b"mfa"
                | b"fa"
                | b"sms"
                | b"pin"
                | b"access"
                | b"login"
                | b"activation"
                | b"reset"
        ),
        b"cookie" | b"cookies" => matches!(
            first,
            b"session" | b"auth" | b"set" | b"login" | b"http" | b"csrf" | b"xsrf" | b"sso" | b"remember"
        ),
        b"header" | b"headers" => matches!(first, b"auth" | b"authentication"),
        b"auth" => matches!(first, b"basic" | b"http" | b"proxy" | b"x" | b"docker" | b"registry" | b"smtp"),
        b"number" | b"numbers" | b"num" | b"no" | b"nr" => matches!(first, b"card" | b"cc" | b"pin"),
        b"card" | b"cards" => matches!(first, b"credit" | b"debit"),
        b"security" => first == b"social",
        b"block" => first == b"pin",
        b"config" => first == b"kube",
        b"pem" | b"material" => first == b"key",
        b"json" => matches!(first, b"account" | b"configuration"),
        b"rsa" | b"dsa" | b"ecdsa" | b"ed" => first == b"id",
        b"signature" => first == b"access",
        b"assertion" => matches!(first, b"client" | b"saml"),
        b"seed" => matches!(first, b"wallet" | b"recovery"),
        // A secret's name is none, but the identifier of an application's secret is one.
        b"id" | b"ids" => first == b"secret",
        b"passe" => first == b"de",
        b"khau" => first == b"mat",
        b"pass" => opens_an_account(first),
        _ => false,
    }
}

/// What a key of this kind opens is not for everybody.
fn opens_something(word: &[u8]) -> bool {
    matches!(
        word,
        b"api"
            | b"access"
            | b"private"
            | b"encryption"
            | b"decryption"
            | b"signing"
            | b"master"
            | b"shared"
            | b"ssh"
            | b"account"
            | b"deploy"
            | b"license"
            | b"licence"
            | b"hmac"
            | b"aes"
            | b"rsa"
            | b"pgp"
            | b"gpg"
            | b"session"
            | b"auth"
            | b"subscription"
            | b"webhook"
            | b"sas"
    )
}

/// What has a user, and so a password.
fn opens_an_account(word: &[u8]) -> bool {
    matches!(
        word,
        b"user"
            | b"db"
            | b"database"
            | b"mysql"
            | b"postgres"
            | b"pg"
            | b"redis"
            | b"mongo"
            | b"smtp"
            | b"imap"
            | b"ftp"
            | b"ldap"
            | b"mail"
            | b"email"
            | b"root"
            | b"admin"
            | b"login"
            | b"sudo"
    )
}

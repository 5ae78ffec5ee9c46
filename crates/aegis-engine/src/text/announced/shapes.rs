//! Keys that are known by their own shape: what they begin with, and what follows.
//!
//! Each entry names whose documentation says so. Where nobody says how long a key is, the shortest that is
//! given out counts. The lists of gitleaks (`config/gitleaks.toml`) and of GitHub ("Supported secret scanning
//! patterns") were read to see that none of the common ones is missing.

use std::ops::Range;

use super::reading::{at, begins_word, part, skip};
use super::values::LONGEST_HARMLESS;
use crate::text::name_like::is_name_like;

/// What a key is made of behind its beginning.
#[derive(Clone, Copy, Debug)]
enum Body {
    /// Letters and digits.
    Letters,
    /// The same and `_`.
    Words,
    /// The same and `-`.
    Url,
    /// The same, `.`, `=`, `+`, `/` and `:`.
    Any,
    /// Digits to the base of 16.
    Hex,
    /// Capitals and digits.
    Capitals,
}

impl Body {
    const fn holds(self, byte: u8) -> bool {
        match self {
            Body::Letters => byte.is_ascii_alphanumeric(),
            Body::Words => byte.is_ascii_alphanumeric() || byte == b'_',
            Body::Url => byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'),
            Body::Any => {
                byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.' | b'=' | b'+' | b'/' | b':')
            }
            Body::Hex => byte.is_ascii_hexdigit(),
            Body::Capitals => byte.is_ascii_uppercase() || byte.is_ascii_digit(),
        }
    }
}

/// The shape of a key.
#[derive(Clone, Copy, Debug)]
pub(super) struct Shape {
    /// What it begins with.
    pub(super) prefix: &'static str,
    body: Body,
    /// How many characters follow, at least.
    least: usize,
    /// Whether others things begin so, too: what follows must not read like a name.
    is_weak: bool,
    /// Whether the beginning is only where the key stands.
    is_place: bool,
}

const fn shape(prefix: &'static str, body: Body, least: usize) -> Shape {
    Shape { prefix, body, least, is_weak: false, is_place: false }
}

const fn weak(prefix: &'static str, body: Body, least: usize) -> Shape {
    Shape { prefix, body, least, is_weak: true, is_place: false }
}

const fn behind(prefix: &'static str, body: Body, least: usize) -> Shape {
    Shape { prefix, body, least, is_weak: false, is_place: true }
}

pub(super) const SHAPES: [Shape; 110] = [
    // Clouds.
    shape("AKIA", Body::Capitals, 16), // AWS IAM user guide, "Understanding unique ID prefixes": access keys
    shape("ASIA", Body::Capitals, 16), // the same: temporary access keys
    shape("ABIA", Body::Capitals, 16), // the same: bearer tokens of AWS STS
    shape("ACCA", Body::Capitals, 16), // the same: context-specific credentials
    shape("ABSK", Body::Any, 60),      // Amazon Bedrock user guide, "API keys"
    shape("AIza", Body::Url, 35),      // Google Cloud, "Manage API keys"
    shape("ya29.", Body::Url, 20),     // Google Cloud, "Token types": access tokens
    shape("GOCSPX-", Body::Url, 20),   // Google Cloud, "Manage OAuth clients": client secrets
    shape("1//0", Body::Url, 30),      // Google, "Using OAuth 2.0": refresh tokens
    shape("LTAI", Body::Letters, 12),  // Alibaba Cloud, "Create an AccessKey pair"
    shape("AKID", Body::Letters, 32),  // Tencent Cloud, "Access keys"
    shape("dop_v1_", Body::Hex, 32),   // DigitalOcean API reference, "Authentication": personal tokens
    shape("doo_v1_", Body::Hex, 32),   // the same: OAuth tokens
    shape("dor_v1_", Body::Hex, 32),   // the same: refresh tokens
    shape("dapi", Body::Hex, 32),      // Databricks, "Personal access token authentication"
    shape("HRKU-", Body::Url, 36),     // Heroku platform API reference, "Authorization"
    shape("fo1_", Body::Url, 40),      // Fly.io, "Access tokens"
    shape("fm1_", Body::Any, 60),      // the same: macaroons
    shape("fm2_", Body::Any, 60),      // the same
    shape("nfp_", Body::Letters, 36),  // Netlify, "API access tokens"
    shape("vcp_", Body::Letters, 24),  // Vercel, "Access tokens"
    shape("sbp_", Body::Hex, 40),      // Supabase, "Management API"
    shape("sb_secret_", Body::Url, 20), // Supabase, "API keys"
    shape("pscale_tkn_", Body::Any, 32), // PlanetScale, "Service tokens"
    shape("pscale_pw_", Body::Any, 32), // PlanetScale, "Connection strings"
    shape("pscale_oauth_", Body::Any, 32), // PlanetScale, "OAuth"
    shape("tskey-", Body::Url, 20),    // Tailscale, "Auth keys"
    // Forges and registries.
    shape("ghp_", Body::Letters, 30), // GitHub, "About authentication to GitHub": personal, classic
    shape("gho_", Body::Letters, 30), // the same: OAuth
    shape("ghu_", Body::Letters, 30), // the same: user access of an app
    shape("ghs_", Body::Letters, 30), // the same: installation of an app
    shape("ghr_", Body::Letters, 30), // the same: refresh
    shape("github_pat_", Body::Words, 22), // the same: personal, fine-grained
    shape("glpat-", Body::Any, 20),   // GitLab, "Token overview", "Token prefixes": personal
    shape("gldt-", Body::Url, 20),    // the same: deploy
    shape("glrt-", Body::Any, 20),    // the same: runner
    shape("glrtr-", Body::Any, 20),   // the same: runner registration
    shape("glptt-", Body::Url, 20),   // the same: pipeline trigger
    shape("glcbt-", Body::Url, 20),   // the same: CI job
    shape("glft-", Body::Url, 20),    // the same: feed
    shape("glimt-", Body::Url, 20),   // the same: incoming mail
    shape("glagent-", Body::Url, 20), // the same: agent for Kubernetes
    shape("glsoat-", Body::Url, 20),  // the same: SCIM
    shape("gloas-", Body::Url, 20),   // the same: OAuth application secret
    shape("glffct-", Body::Url, 20),  // the same: feature flags client
    shape("GR1348941", Body::Url, 20), // the same: runner registration, before 16.0
    shape("ATATT3", Body::Any, 40),   // Atlassian, "Manage API tokens"
    shape("ATBB", Body::Letters, 24), // Bitbucket, "App passwords"
    shape("npm_", Body::Letters, 36), // npm, "About access tokens"
    shape("pypi-", Body::Url, 50),    // PyPI, "API tokens"
    shape("rubygems_", Body::Hex, 48), // RubyGems guides, "API key scopes"
    shape("CLOJARS_", Body::Hex, 60), // Clojars, "Deploy tokens"
    shape("oy2", Body::Letters, 43),  // NuGet, "Scoped API keys"
    shape("dckr_pat_", Body::Url, 20), // Docker, "Personal access tokens"
    shape("dckr_oat_", Body::Url, 20), // Docker, "Organization access tokens"
    shape("AKCp", Body::Letters, 60), // JFrog, "API key"
    shape("cmVmd", Body::Letters, 59), // JFrog, "Reference tokens"
    shape("sgp_", Body::Words, 40),   // Sourcegraph, "Access tokens"
    // Payment.
    shape("sk_live_", Body::Words, 8), // Stripe, "API keys": secret
    shape("sk_test_", Body::Words, 8), // the same
    shape("rk_live_", Body::Words, 8), // the same: restricted
    shape("rk_test_", Body::Words, 8), // the same
    shape("whsec_", Body::Any, 16),    // Stripe, "Check the webhook signatures"
    shape("sq0atp-", Body::Url, 22),   // Square, "Access tokens"
    shape("sq0csp-", Body::Url, 40),   // Square, "OAuth API": application secret
    shape("EAAA", Body::Url, 56),      // Square, "Access tokens"
    shape("access_token$production$", Body::Any, 20), // PayPal Braintree, "Access tokens"
    shape("shpat_", Body::Hex, 32),    // Shopify, "Access tokens": app
    shape("shpss_", Body::Hex, 32),    // the same: shared secret
    shape("shpca_", Body::Hex, 32),    // the same: custom app
    shape("shppa_", Body::Hex, 32),    // the same: private app
    shape("shippo_live_", Body::Hex, 40), // Shippo, "Authentication"
    shape("FLWSECK", Body::Url, 12),   // Flutterwave, "API keys"
    // Language models.
    shape("sk-ant-", Body::Url, 16),      // Anthropic API, "Authentication"
    shape("sk-proj-", Body::Url, 16),     // OpenAI, "API keys": of projects
    shape("sk-svcacct-", Body::Url, 16),  // the same: of service accounts
    shape("sk-admin-", Body::Url, 16),    // the same: of administrators
    shape("sk-or-v1-", Body::Hex, 32),    // OpenRouter, "Authentication"
    weak("sk-", Body::Url, 20),           // OpenAI, "API keys", and many who took that over
    weak("hf_", Body::Letters, 30),       // Hugging Face, "User access tokens"
    shape("api_org_", Body::Letters, 30), // the same: of organisations
    shape("gsk_", Body::Letters, 40),     // Groq, "API keys"
    shape("xai-", Body::Letters, 60),     // xAI, "API keys"
    shape("r8_", Body::Letters, 37),      // Replicate, "API tokens"
    shape("pplx-", Body::Letters, 40),    // Perplexity, "API keys"
    shape("nvapi-", Body::Url, 40),       // NVIDIA, "API keys"
    shape("lsv2_", Body::Words, 32),      // LangSmith, "Create an account and API key"
    shape("tvly-", Body::Url, 20),        // Tavily, "API keys"
    // Mail, chat and telephones.
    shape("xoxb-", Body::Url, 10),                      // Slack, "Tokens": bot
    shape("xoxp-", Body::Url, 10),                      // the same: user
    shape("xoxa-", Body::Url, 10),                      // the same: workspace
    shape("xoxr-", Body::Url, 10),                      // the same: refresh
    shape("xoxs-", Body::Url, 10),                      // the same: session
    shape("xoxe-", Body::Url, 10),                      // the same: configuration
    shape("xoxe.xox", Body::Url, 10),                   // the same
    shape("xoxc-", Body::Url, 10),                      // the same: client
    shape("xoxd-", Body::Any, 10),                      // the same: the cookie beside it
    shape("xapp-", Body::Url, 10),                      // the same: app level
    behind("hooks.slack.com/services/", Body::Any, 20), // Slack, "Sending messages using incoming webhooks"
    behind("discord.com/api/webhooks/", Body::Any, 20), // Discord, "Webhook resource"
    behind("api.telegram.org/bot", Body::Any, 20),      // Telegram, "Bot API", "Making requests"
    shape("SK", Body::Hex, 32),                         // Twilio, "API keys"
    shape("SG.", Body::Any, 40),                        // Twilio SendGrid, "API keys"
    shape("xkeysib-", Body::Url, 40),                   // Brevo, "API keys"
    weak("key-", Body::Hex, 32),                        // Mailgun, "API keys"
    // Vaults and machines.
    shape("hvs.", Body::Url, 24), // HashiCorp Vault, "Tokens": service
    shape("hvb.", Body::Url, 24), // the same: batch
    shape("hvr.", Body::Url, 24), // the same: recovery
    shape("AGE-SECRET-KEY-1", Body::Capitals, 20), // age-encryption.org/v1, "The X25519 recipient type"
    shape("ops_eyJ", Body::Any, 40), // 1Password, "Service accounts"
];

/// Further services: watching, planning, signing in.
pub(super) const FURTHER: [Shape; 24] = [
    shape("glsa_", Body::Words, 32),        // Grafana, "Service accounts"
    shape("glc_", Body::Any, 32),           // Grafana Cloud, "Access policies"
    shape("eyJrIjoi", Body::Any, 40),       // Grafana, "API keys"
    shape("NRAK-", Body::Capitals, 20),     // New Relic, "API keys"
    shape("sntrys_", Body::Any, 40),        // Sentry, "Auth tokens": of organisations
    shape("sntryu_", Body::Hex, 40),        // the same: of users
    shape("dt0c01.", Body::Any, 60),        // Dynatrace, "Tokens and authentication"
    shape("dp.pt.", Body::Letters, 40),     // Doppler, "Token formats": personal
    shape("dp.st.", Body::Any, 40),         // the same: service
    shape("pul-", Body::Hex, 40),           // Pulumi, "Access tokens"
    shape("PMAK-", Body::Url, 40),          // Postman, "API authentication"
    shape("lin_api_", Body::Letters, 32),   // Linear, "API keys"
    shape("lin_oauth_", Body::Letters, 32), // the same
    shape("ntn_", Body::Letters, 40),       // Notion, "Authorization"
    weak("secret_", Body::Letters, 40),     // Notion, "Authorization", before 2024
    shape("figd_", Body::Url, 30),          // Figma, "Access tokens"
    shape("rdme_", Body::Letters, 60),      // ReadMe, "API keys"
    shape("sha256~", Body::Url, 43),        // OpenShift, "Managing user-owned OAuth access tokens"
    shape("ico-", Body::Letters, 32),       // Intercom, "Authentication"
    shape("pnu_", Body::Letters, 36),       // Prefect, "API keys"
    shape("duffel_live_", Body::Any, 40),   // Duffel, "Making requests"
    shape("EZAK", Body::Letters, 54),       // EasyPost, "API keys"
    shape("patf_", Body::Letters, 30),      // Formstack, "API"
    shape("A3-", Body::Url, 30),            // 1Password, "About your Secret Key"
];

/// The key that begins at `start` as this shape says. Prefixes are of one case.
pub(super) fn key(text: &str, start: usize, shape: Shape) -> Option<Range<usize>> {
    let body = start + shape.prefix.len();
    if part(text, start, body) != shape.prefix || !(shape.is_place || begins_word(text, start)) {
        return None;
    }
    let end = skip(text, body, usize::MAX, |byte| shape.body.holds(byte));
    if end - body < shape.least || (shape.is_weak && is_harmless(part(text, body, end))) {
        return None;
    }
    Some(if shape.is_place { body..end } else { start..end })
}

fn is_harmless(body: &str) -> bool {
    body.len() <= LONGEST_HARMLESS
        && is_name_like(body)
        && !body.split(['-', '_']).any(|part| part.len() >= 20)
}

/// The JSON Web Token (RFC 7519) that begins at `start`: parts of base64url with dots between them, the
/// first two of which are JSON objects. Where there is none, up to where no other one can begin.
pub(super) fn web_token(text: &str, start: usize) -> Result<Range<usize>, usize> {
    if part(text, start, start + 3) != "eyJ" || !begins_word(text, start) {
        return Err(start);
    }
    let is_of_part = |byte: u8| Body::Url.holds(byte);
    let header = skip(text, start, usize::MAX, is_of_part);
    let (mut end, mut parts) = (header, 1);
    // Five where it is encrypted (RFC 7516).
    while parts < 5 && at(text, end) == Some(b'.') {
        let next = skip(text, end + 1, usize::MAX, is_of_part);
        if parts == 1 && next - end < 8 {
            return Err(header);
        }
        (end, parts) = (next, parts + 1);
    }
    if parts == 1 || header - start < 10 { Err(header) } else { Ok(start..end) }
}

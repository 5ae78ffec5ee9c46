//! Services whose keys are secrets, and those whose addresses hold a password.

/// Services of which `NAME_key` is a credential: `stripe_key`, `openaiKey`. Where the word of a machine or a
/// role stands there, it is one as well: `server_key`, `admin_key`.
pub(super) fn is_service(word: &[u8]) -> bool {
    match word.first() {
        Some(b'a') => matches!(
            word,
            b"adyen"
                | b"ai"
                | b"airtable"
                | b"algolia"
                | b"anthropic"
                | b"app"
                | b"application"
                | b"admin"
                | b"asana"
                | b"atlassian"
                | b"aws"
                | b"azure"
        ),
        Some(b'b') => matches!(word, b"bitbucket" | b"bot" | b"braintree" | b"brevo"),
        Some(b'c') => matches!(
            word,
            b"ca" | b"claude" | b"client" | b"cloudflare" | b"cohere" | b"coinbase" | b"cloudinary"
        ),
        Some(b'd') => matches!(
            word,
            b"databricks" | b"datadog" | b"deepgram" | b"deepseek" | b"digitalocean" | b"discord" | b"docker"
        ),
        Some(b'e') => matches!(word, b"elevenlabs"),
        Some(b'f') => matches!(word, b"fastly" | b"figma" | b"firebase"),
        Some(b'g') => matches!(
            word,
            b"gcp" | b"gemini" | b"github" | b"gitlab" | b"google" | b"grafana" | b"groq" | b"gh"
        ),
        Some(b'h') => matches!(word, b"heroku" | b"hf" | b"hubspot" | b"huggingface"),
        Some(b'j') => matches!(word, b"jira"),
        Some(b'l') => matches!(word, b"langchain" | b"langfuse" | b"langsmith" | b"linear"),
        Some(b'm') => matches!(word, b"mailchimp" | b"mailgun" | b"mapbox" | b"mistral"),
        Some(b'n') => matches!(word, b"netlify" | b"newrelic" | b"notion" | b"npm"),
        Some(b'o') => matches!(word, b"okta" | b"openai" | b"openrouter" | b"opsgenie"),
        Some(b'p') => matches!(
            word,
            b"pagerduty" | b"paypal" | b"perplexity" | b"pinecone" | b"plaid" | b"postmark" | b"pypi"
        ),
        Some(b'r') => matches!(word, b"replicate" | b"resend" | b"root"),
        Some(b's') => matches!(
            word,
            b"sendgrid"
                | b"sendinblue"
                | b"sentry"
                | b"serpapi"
                | b"server"
                | b"service"
                | b"shopify"
                | b"slack"
                | b"snowflake"
                | b"square"
                | b"ssl"
                | b"storage"
                | b"stripe"
                | b"supabase"
        ),
        Some(b't') => matches!(word, b"tavily" | b"telegram" | b"tls" | b"twilio"),
        Some(b'v') => matches!(word, b"vault" | b"vercel"),
        Some(b'w') => matches!(word, b"wandb"),
        Some(b'x') => matches!(word, b"xai"),
        Some(b'z') => matches!(word, b"zendesk"),
        _ => false,
    }
}

/// What is reached by an address in which user and password stand: `DATABASE_URL`, `REDIS_URL`, `MONGO_URI`.
pub(super) fn has_address_with_password(word: &[u8]) -> bool {
    matches!(
        word,
        b"database"
            | b"db"
            | b"redis"
            | b"mongo"
            | b"mongodb"
            | b"postgres"
            | b"postgresql"
            | b"pg"
            | b"mysql"
            | b"mariadb"
            | b"mssql"
            | b"sqlserver"
            | b"oracle"
            | b"sql"
            | b"amqp"
            | b"cloudamqp"
            | b"rabbitmq"
            | b"rabbit"
            | b"broker"
            | b"celery"
            | b"clickhouse"
            | b"cloudinary"
            | b"couchdb"
            | b"elastic"
            | b"elasticsearch"
            | b"opensearch"
            | b"influxdb"
            | b"mqtt"
            | b"nats"
            | b"smtp"
            | b"ldap"
            | b"jdbc"
            | b"odbc"
            | b"snowflake"
            | b"datasource"
            | b"connection"
            | b"conn"
            | b"webhook"
    )
}

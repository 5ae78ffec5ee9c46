//! What an action says of the request that it is.

use std::time::Duration;

use aegis_engine::{Action, escape_capped};
use reqwest::Method;
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use serde_json::{Map, Value};
use thiserror::Error;
use url::{Url, form_urlencoded};

use crate::http::target::{TargetError, address};

/// The types of actions that are requests, and the method that each is.
const METHODS: [(&str, Method); 7] = [
    ("get", Method::GET),
    ("post", Method::POST),
    ("put", Method::PUT),
    ("patch", Method::PATCH),
    ("delete", Method::DELETE),
    ("head", Method::HEAD),
    ("options", Method::OPTIONS),
];

/// What a request's parameters may be.
const PARAMS: [&str; 6] = ["base", "form", "headers", "json", "query", "timeout"];

/// Headers that say how a message is put together, or who is spoken to: those are not an action's to choose.
/// What ends in `-` stands for all that begin so.
const OF_THE_CONNECTION: [&str; 12] = [
    "connection",
    "content-length",
    "expect",
    "host",
    "http2-settings",
    "keep-alive",
    "proxy-",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "via",
];

/// Headers by which some servers take another method, path, host or sender than those of the request, which
/// are what was decided about. What ends in `-` stands for all that begin so.
const SAYING_OTHERWISE: [&str; 16] = [
    "cf-connecting-ip",
    "client-ip",
    "forwarded",
    "remote-",
    "true-client-ip",
    "x-client-ip",
    "x-envoy-",
    "x-forwarded-",
    "x-host",
    "x-http-",
    "x-method",
    "x-method-",
    "x-original-",
    "x-real-",
    "x-remote-",
    "x-rewrite-",
];

/// Why an action is no request.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum RequestError {
    /// Its type is no method.
    #[error("`{}` is no kind of request", escape_capped(.0, 40))]
    UnknownType(String),
    /// Its target leads nowhere.
    #[error(transparent)]
    Target(#[from] TargetError),
    /// It has a parameter that requests do not have.
    #[error("unknown parameter `{}`", escape_capped(.0, 40))]
    UnknownParam(String),
    /// A parameter is not what it should be.
    #[error("the parameter `{param}` must be {expected}")]
    WrongParam {
        /// The parameter.
        param: &'static str,
        /// What it must be.
        expected: &'static str,
    },
    /// It names another server than the one that requests go to.
    #[error("the parameter `base` names another server than the one that requests go to")]
    AnotherBase,
    /// It has a body, and requests of its type have none.
    #[error("a request of type `{0}` has no body")]
    NoBody(&'static str),
    /// It has two bodies.
    #[error("a request has one body, and this one has both `json` and `form`")]
    TwoBodies,
    /// A header is none that an action may set.
    #[error("the header `{}` {why}", escape_capped(.name, 40))]
    Header {
        /// Its name.
        name: String,
        /// Why not.
        why: &'static str,
    },
}

impl RequestError {
    /// What to do about it.
    #[must_use]
    pub fn help(&self) -> String {
        match self {
            RequestError::UnknownType(_) => {
                let known: Vec<_> = METHODS.iter().map(|(kind, _)| format!("`{kind}`")).collect();
                format!("the types are {}", known.join(", "))
            }
            RequestError::Target(error) => error.help().to_owned(),
            RequestError::UnknownParam(_) => {
                let known: Vec<_> = PARAMS.iter().map(|param| format!("`{param}`")).collect();
                format!("the parameters are {}", known.join(", "))
            }
            RequestError::WrongParam { param, .. } => format!("correct `{param}`, or leave it out"),
            RequestError::AnotherBase => "name the one that requests go to, or leave `base` out".to_owned(),
            RequestError::NoBody(_) => "leave out `json` and `form`, or use another type".to_owned(),
            RequestError::TwoBodies => "leave out one of them".to_owned(),
            RequestError::Header { .. } => "leave the header out".to_owned(),
        }
    }
}

/// What every request goes to, and has.
#[derive(Clone, Debug)]
pub(super) struct Onto {
    /// The address that every target is below.
    pub(super) base: Url,
    /// The headers that every request has.
    pub(super) headers: HeaderMap,
    /// Whether a target may have `%2F`.
    pub(super) encodes_slashes: bool,
}

/// A request, read from an action.
#[derive(Clone, Debug)]
pub(super) struct Request {
    pub(super) method: Method,
    pub(super) address: Url,
    /// The address that it is below, as every action's.
    pub(super) base: Url,
    pub(super) headers: HeaderMap,
    pub(super) body: Option<Vec<u8>>,
    pub(super) timeout: Option<Duration>,
}

impl Request {
    /// Reads a request strictly: whatever is not understood is refused, and nothing of it is sent.
    ///
    /// No action changes the headers that every request has.
    pub(super) fn of(action: &Action, onto: &Onto) -> Result<Request, RequestError> {
        let kind = METHODS.into_iter().find(|(kind, _)| *kind == action.kind());
        let (kind, method) = kind.ok_or_else(|| RequestError::UnknownType(action.kind().to_owned()))?;
        if let Some(unknown) = action.params().keys().find(|param| !PARAMS.contains(&param.as_str())) {
            return Err(RequestError::UnknownParam(unknown.clone()));
        }
        match action.params().get("base") {
            None => {}
            Some(Value::String(base)) if base == onto.base.as_str() => {}
            Some(_) => return Err(RequestError::AnotherBase),
        }
        let mut address = address(&onto.base, action.target(), onto.encodes_slashes)?;
        if let Some(query) = object(action, "query")? {
            let pairs = pairs("query", query)?;
            if !pairs.is_empty() {
                address.query_pairs_mut().extend_pairs(pairs);
            }
        }
        let mut headers = onto.headers.clone();
        if let Some(wanted) = object(action, "headers")? {
            add_headers(&mut headers, wanted, &onto.headers)?;
        }
        let body = body(action, &mut headers)?;
        if body.is_some() && matches!(method, Method::GET | Method::HEAD | Method::OPTIONS) {
            return Err(RequestError::NoBody(kind));
        }
        Ok(Request { method, address, base: onto.base.clone(), headers, body, timeout: timeout(action)? })
    }
}

fn object<'a>(
    action: &'a Action,
    param: &'static str,
) -> Result<Option<&'a Map<String, Value>>, RequestError> {
    match action.params().get(param) {
        None => Ok(None),
        Some(Value::Object(members)) => Ok(Some(members)),
        Some(_) => Err(RequestError::WrongParam { param, expected: "an object" }),
    }
}

/// The body, and what it is, unless a header says so already.
fn body(action: &Action, headers: &mut HeaderMap) -> Result<Option<Vec<u8>>, RequestError> {
    let json = action.params().get("json");
    let form = object(action, "form")?;
    let (body, kind) = match (json, form) {
        (Some(_), Some(_)) => return Err(RequestError::TwoBodies),
        // A `Value` always has a text; numbers stay as they are written.
        (Some(json), None) => (json.to_string(), "application/json"),
        (None, Some(form)) => {
            let mut text = form_urlencoded::Serializer::new(String::new());
            text.extend_pairs(pairs("form", form)?);
            (text.finish(), "application/x-www-form-urlencoded")
        }
        (None, None) => return Ok(None),
    };
    headers.entry(CONTENT_TYPE).or_insert(HeaderValue::from_static(kind));
    Ok(Some(body.into_bytes()))
}

/// Names and values as text: a list is the name several times, null is nothing.
fn pairs<'a>(
    param: &'static str,
    members: &'a Map<String, Value>,
) -> Result<Vec<(&'a str, String)>, RequestError> {
    let scalar = |value: &Value| match value {
        Value::String(text) => Ok(text.clone()),
        Value::Number(_) | Value::Bool(_) => Ok(value.to_string()),
        _ => Err(RequestError::WrongParam {
            param,
            expected: "an object of strings, numbers, booleans and lists of them",
        }),
    };
    let mut pairs = Vec::with_capacity(members.len());
    for (name, value) in members {
        match value {
            Value::Null => {}
            Value::Array(values) => {
                for value in values {
                    pairs.push((name.as_str(), scalar(value)?));
                }
            }
            value => pairs.push((name.as_str(), scalar(value)?)),
        }
    }
    Ok(pairs)
}

fn add_headers(
    headers: &mut HeaderMap,
    wanted: &Map<String, Value>,
    defaults: &HeaderMap,
) -> Result<(), RequestError> {
    for (name, value) in wanted {
        let refused = |why| RequestError::Header { name: name.clone(), why };
        let Value::String(value) = value else {
            return Err(RequestError::WrongParam { param: "headers", expected: "an object of strings" });
        };
        let known = HeaderName::from_bytes(name.as_bytes()).map_err(|_| refused("has no valid name"))?;
        // Some servers take `_` for `-`.
        let plain = known.as_str().replace('_', "-");
        if is_among(&OF_THE_CONNECTION, &plain) {
            return Err(refused("is not an action's to set"));
        }
        if is_among(&SAYING_OTHERWISE, &plain) {
            return Err(refused("makes some servers do something else than was decided about"));
        }
        if defaults.keys().any(|default| default.as_str().replace('_', "-") == plain) {
            return Err(refused("is set for every request, and no action changes it"));
        }
        let mut value = HeaderValue::from_str(value).map_err(|_| refused("has no valid value"))?;
        // What may be a secret is shown by nobody's debugging.
        value.set_sensitive(true);
        if headers.insert(known, value).is_some() {
            return Err(refused("is given twice"));
        }
    }
    Ok(())
}

fn is_among(list: &[&str], name: &str) -> bool {
    list.iter().any(|listed| if listed.ends_with('-') { name.starts_with(listed) } else { name == *listed })
}

/// A number of seconds, or a text such as `1m 30s`.
fn timeout(action: &Action) -> Result<Option<Duration>, RequestError> {
    let wrong = || RequestError::WrongParam {
        param: "timeout",
        expected: "a number of seconds above 0, or a duration such as \"30s\"",
    };
    let duration = match action.params().get("timeout") {
        None => return Ok(None),
        Some(Value::Number(number)) => {
            let seconds: f64 = number.to_string().parse().map_err(|_| wrong())?;
            Duration::try_from_secs_f64(seconds).map_err(|_| wrong())?
        }
        Some(Value::String(text)) => humantime::parse_duration(text).map_err(|_| wrong())?,
        Some(_) => return Err(wrong()),
    };
    if duration.is_zero() { Err(wrong()) } else { Ok(Some(duration)) }
}

#[cfg(test)]
mod tests;

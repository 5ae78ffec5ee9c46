//! Sending a request and reading what comes back: bounded in time, in size, and in where it leads.

use std::time::Duration;

use base64ct::{Base64, Encoding as _};
use reqwest::header::{ACCEPT, CONTENT_LENGTH, CONTENT_TYPE, HeaderMap, LOCATION};
use reqwest::{Client, Method, Response, StatusCode};
use serde_json::{Map, Value};
use url::Url;

use crate::executor::{Executed, ExecutorError};
use crate::http::request::Request;
use crate::http::target::is_below;

/// How far an exchange may go.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bounds {
    /// How long all of it may take.
    pub(super) timeout: Duration,
    /// How many bytes the body of an answer may have.
    pub(super) answer_bytes: usize,
    /// How many redirects are followed.
    pub(super) redirects: usize,
    /// Whether one of them may lead to another host.
    pub(super) leaves_host: bool,
}

/// Sends a request, and gives what a server said to it.
pub(super) async fn exchange(
    client: Client,
    request: Request,
    bounds: Bounds,
) -> Result<Executed, ExecutorError> {
    let timeout = request.timeout.map_or(bounds.timeout, |wanted| wanted.min(bounds.timeout));
    match tokio::time::timeout(timeout, follow(&client, request, bounds)).await {
        Ok(done) => done,
        Err(_) => {
            let shown = humantime::format_duration(timeout);
            Err(ExecutorError::new(format!("there was no complete answer within {shown}"))
                .with_help("the server may have done it all the same: look before trying again"))
        }
    }
}

async fn follow(client: &Client, mut request: Request, bounds: Bounds) -> Result<Executed, ExecutorError> {
    let mut left = bounds.redirects;
    loop {
        let mut sent = client.request(request.method.clone(), request.address.clone());
        sent = sent.headers(request.headers.clone());
        if let Some(body) = &request.body {
            sent = sent.body(body.clone());
        }
        let response = sent.send().await.map_err(failed)?;
        let status = response.status();
        let Some(place) = place_of(&response, &request.address) else {
            return finish(response, bounds.answer_bytes, None).await;
        };
        let next = redirected(request, status, place, bounds.leaves_host).and_then(|next| {
            left = left.checked_sub(1).ok_or("there were too many redirects")?;
            Ok(next)
        });
        match next {
            Ok(next) => request = next,
            Err(why) => return finish(response, bounds.answer_bytes, Some(why)).await,
        }
    }
}

/// Where a redirect leads; `None` where the answer is none.
fn place_of(response: &Response, address: &Url) -> Option<Result<Url, &'static str>> {
    let is_redirect = matches!(response.status().as_u16(), 301 | 302 | 303 | 307 | 308);
    let place = response.headers().get(LOCATION).filter(|_| is_redirect)?;
    let place = place.to_str().ok().and_then(|place| address.join(place).ok());
    Some(place.ok_or("the redirect leads nowhere"))
}

/// The request that follows on a redirect, or why none does.
fn redirected(
    request: Request,
    status: StatusCode,
    place: Result<Url, &'static str>,
    leaves_host: bool,
) -> Result<Request, &'static str> {
    let mut place = place?;
    place.set_fragment(None);
    if !place.username().is_empty() || place.password().is_some() {
        return Err("the redirect holds a name or a password");
    }
    if !matches!(place.scheme(), "http" | "https") {
        return Err("the redirect leads to something else than a web server");
    }
    let from = &request.address;
    if from.scheme() == "https" && place.scheme() == "http" {
        return Err("the redirect leads to a server without encryption");
    }
    let leaves = place.origin() != from.origin();
    if leaves && !leaves_host {
        return Err("the redirect leads to another host");
    }
    // What lies elsewhere has no name that a policy could know it by.
    if !leaves_host && !is_below(&request.base, &place) {
        return Err("the redirect leads out of the base address");
    }
    let changes_to_get = match status {
        StatusCode::SEE_OTHER => request.method != Method::HEAD,
        StatusCode::MOVED_PERMANENTLY | StatusCode::FOUND => request.method == Method::POST,
        _ => false,
    };
    let Request { mut method, base, mut headers, mut body, timeout, .. } = request;
    if changes_to_get {
        (method, body) = (Method::GET, None);
        headers.remove(CONTENT_TYPE);
    }
    // To change something elsewhere is another action, which nobody decided about.
    if !matches!(method, Method::GET | Method::HEAD | Method::OPTIONS) {
        return Err("to do the same elsewhere would be another action");
    }
    if leaves {
        // What was meant for one server is no other's to know.
        let accepted = headers.remove(ACCEPT);
        headers = HeaderMap::new();
        headers.extend(accepted.map(|accepted| (ACCEPT, accepted)));
    }
    Ok(Request { method, address: place, base, headers, body, timeout })
}

/// Reads the answer. A success is one that the server calls so, and no redirect that is not followed.
async fn finish(
    mut response: Response,
    most_bytes: usize,
    not_followed: Option<&'static str>,
) -> Result<Executed, ExecutorError> {
    let (status, headers) = (response.status(), response.headers().clone());
    let announced: Option<usize> =
        headers.get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse().ok());
    let too_large = || {
        ExecutorError::new(format!("the answer ({status}) has more than {most_bytes} bytes"))
            .with_output(answer(status, &headers, None))
            .with_help("ask for less at once, or have the executor take more")
    };
    let mut body = Vec::new();
    // The answer to a HEAD announces a body that does not come.
    let mut is_first = true;
    while let Some(chunk) = response.chunk().await.map_err(failed)? {
        let is_announced_too_large = is_first && announced.is_some_and(|length| length > most_bytes);
        if is_announced_too_large || body.len().saturating_add(chunk.len()) > most_bytes {
            return Err(too_large());
        }
        body.extend_from_slice(&chunk);
        is_first = false;
    }
    let answer = answer(status, &headers, Some(body));
    if let Some(why) = not_followed {
        let message = format!("the server answered with status {status}, and {why}");
        return Err(ExecutorError::new(message).with_output(answer));
    }
    if status.is_success() {
        return Ok(Executed::with_output(answer));
    }
    Err(ExecutorError::new(format!("the server answered with status {status}")).with_output(answer))
}

/// What whoever asked for the request gets to know: `status`, `headers`, and the body as one of `json`,
/// `text` and `base64`, whichever of them holds all of it.
fn answer(status: StatusCode, headers: &HeaderMap, body: Option<Vec<u8>>) -> Value {
    let mut answer = Map::new();
    answer.insert("status".to_owned(), status.as_u16().into());
    let mut shown = Map::new();
    for name in headers.keys() {
        let values = headers.get_all(name).iter().map(|value| String::from_utf8_lossy(value.as_bytes()));
        shown.insert(name.as_str().to_owned(), values.collect::<Vec<_>>().join(", ").into());
    }
    answer.insert("headers".to_owned(), shown.into());
    let Some(body) = body.filter(|body| !body.is_empty()) else { return answer.into() };
    let kind = headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let is_json = kind == "application/json" || kind.ends_with("+json");
    let json = is_json.then(|| serde_json::from_slice::<Value>(&body).ok()).flatten();
    let (name, value) = match json {
        Some(json) => ("json", json),
        None => match String::from_utf8(body) {
            Ok(text) => ("text", text.into()),
            Err(error) => ("base64", Base64::encode_string(error.as_bytes()).into()),
        },
    };
    answer.insert(name.to_owned(), value);
    answer.into()
}

/// What went wrong on the way. The address is not told: there may be secrets in it.
fn failed(error: reqwest::Error) -> ExecutorError {
    let help = if error.is_connect() {
        "see whether the server is there, and can be reached from here"
    } else {
        "the server may have done it all the same: look before trying again"
    };
    ExecutorError::caused_by(&error.without_url()).with_help(help)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(method: Method) -> Request {
        let mut headers = HeaderMap::new();
        for (name, value) in [("accept", "text/plain"), ("x-api-key", "k"), ("content-type", "text/plain")] {
            headers.insert(name, value.parse().unwrap());
        }
        let address = Url::parse("https://api.example.com/v1/users").unwrap();
        let base = Url::parse("https://api.example.com/v1").unwrap();
        Request { method, address, base, headers, body: Some(b"x".to_vec()), timeout: None }
    }

    fn follow(method: Method, status: u16, place: &str, leaves: bool) -> Result<Request, &'static str> {
        let request = request(method);
        let place = request.address.join(place).map_err(|_| "nowhere");
        redirected(request, StatusCode::from_u16(status).unwrap(), place, leaves)
    }

    #[test]
    fn only_what_changes_nothing_is_done_elsewhere() {
        for (method, status, then) in [
            (Method::GET, 301, Some(Method::GET)),
            (Method::HEAD, 303, Some(Method::HEAD)),
            (Method::HEAD, 308, Some(Method::HEAD)),
            (Method::POST, 301, Some(Method::GET)),
            (Method::POST, 303, Some(Method::GET)),
            (Method::DELETE, 303, Some(Method::GET)),
            (Method::POST, 307, None),
            (Method::POST, 308, None),
            (Method::DELETE, 301, None),
            (Method::PUT, 302, None),
            (Method::PATCH, 307, None),
        ] {
            let next = follow(method.clone(), status, "/v1/all", false).ok();
            assert_eq!(next.as_ref().map(|next| next.method.clone()), then, "{method} {status}");
            if let Some(next) = next.filter(|_| method == Method::POST) {
                assert!(next.body.is_none() && !next.headers.contains_key("content-type"));
            }
        }
    }

    #[test]
    fn a_redirect_leads_to_the_same_host_unless_asked_otherwise() {
        for place in ["https://other.example/", "https://api.example.com:8443/", "//other.example/"] {
            assert_eq!(
                follow(Method::GET, 302, place, false).unwrap_err(),
                "the redirect leads to another host"
            );
            let next = follow(Method::GET, 302, place, true).unwrap();
            assert_eq!(next.headers.keys().collect::<Vec<_>>(), ["accept"]);
        }
        for place in ["http://api.example.com/", "ftp://api.example.com/", "https://a:b@api.example.com/"] {
            assert!(follow(Method::GET, 302, place, true).is_err(), "{place}");
        }
        let next = follow(Method::GET, 302, "../v1/all/users?page=2#top", false).unwrap();
        assert_eq!(next.address.as_str(), "https://api.example.com/v1/all/users?page=2");
        assert_eq!(next.headers["x-api-key"], "k");
    }

    #[test]
    fn a_redirect_stays_below_the_base_unless_asked_otherwise() {
        for place in
            ["/", "/v1", "/v10/x", "../v2/users", "/v1/../admin", "/v1/a%2F..%2Fb", "/v1//admin", "/v1/;x"]
        {
            let why = follow(Method::GET, 302, place, false).unwrap_err();
            assert_eq!(why, "the redirect leads out of the base address", "{place}");
            assert!(follow(Method::GET, 302, place, true).is_ok(), "{place}");
        }
        for place in ["/v1/", "/v1/all?x=1", "all/"] {
            assert!(follow(Method::GET, 302, place, false).is_ok(), "{place}");
        }
    }

    #[test]
    fn an_answer_holds_all_of_the_body() {
        let answer = |kind: &str, body: &[u8]| {
            let mut headers = HeaderMap::new();
            headers.insert(CONTENT_TYPE, kind.parse().unwrap());
            answer(StatusCode::OK, &headers, Some(body.to_vec()))
        };
        assert_eq!(
            answer("application/json; charset=utf-8", br#"{"a":1.50}"#)["json"].to_string(),
            r#"{"a":1.50}"#
        );
        assert_eq!(answer("application/problem+json", b"[]")["json"].to_string(), "[]");
        assert_eq!(answer("application/json", b"{")["text"], "{");
        assert_eq!(answer("text/plain", b"1")["text"], "1");
        assert_eq!(answer("text/plain", &[0xff, 0])["base64"], "/wA=");
        assert_eq!(answer("text/plain", b"").as_object().unwrap().len(), 2);
    }
}

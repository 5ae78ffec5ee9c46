use super::*;

fn request(json: &str) -> Result<Request, RequestError> {
    let action = Action::from_json(json.as_bytes()).unwrap();
    let base = Url::parse("http://127.0.0.1:1/api").unwrap();
    let mut headers = HeaderMap::new();
    headers.insert("authorization", HeaderValue::from_static("Bearer operator"));
    Request::of(&action, &Onto { base, headers, encodes_slashes: false })
}

fn refused(json: &str) -> String {
    let error = request(json).unwrap_err();
    assert!(!error.help().is_empty());
    error.to_string()
}

#[test]
fn an_action_becomes_a_request() {
    let request = request(
        r#"{"type":"post","target":"/users","params":{"json":{"n":12345678901234567890.10,"a":[1]},
            "query":{"tag":["a b","c&d"],"page":2,"no":null,"yes":true},"headers":{"X-Trace":"1"},"timeout":1.5}}"#,
    )
    .unwrap();
    assert_eq!(request.method, Method::POST);
    assert_eq!(request.address.as_str(), "http://127.0.0.1:1/api/users?page=2&tag=a+b&tag=c%26d&yes=true");
    assert_eq!(request.body.unwrap(), br#"{"a":[1],"n":12345678901234567890.10}"#);
    assert_eq!(request.headers["content-type"], "application/json");
    assert_eq!(request.headers["x-trace"], "1");
    assert_eq!(request.headers["authorization"], "Bearer operator");
    assert_eq!(request.timeout, Some(Duration::from_millis(1500)));
}

#[test]
fn a_form_is_encoded_and_may_say_what_it_is() {
    let form =
        request(r#"{"type":"put","target":"/f","params":{"form":{"a":"1&2","b":["x","y"]}}}"#).unwrap();
    assert_eq!(form.body.unwrap(), b"a=1%262&b=x&b=y");
    assert_eq!(form.headers["content-type"], "application/x-www-form-urlencoded");
    let patch = r#"{"type":"patch","target":"/f","params":{"json":[],"headers":{"Content-Type":"application/json-patch+json"}}}"#;
    let patch = request(patch).unwrap();
    assert_eq!(patch.headers.get_all("content-type").iter().count(), 1);
    assert_eq!(patch.headers["content-type"], "application/json-patch+json");
}

#[test]
fn what_is_not_understood_is_refused() {
    for (kind, params, why) in [
        ("GET", "{}", "`GET` is no kind of request"),
        ("trace", "{}", "`trace` is no kind of request"),
        ("get", r#"{"body":"x"}"#, "unknown parameter `body`"),
        ("get", r#"{"json":1}"#, "a request of type `get` has no body"),
        ("post", r#"{"json":1,"form":{}}"#, "both `json` and `form`"),
        ("post", r#"{"form":"a=b"}"#, "`form` must be an object"),
        ("get", r#"{"query":{"a":{}}}"#, "`query` must be an object of strings"),
        ("get", r#"{"query":{"a":[[1]]}}"#, "`query` must be an object of strings"),
        ("get", r#"{"headers":{"a":1}}"#, "`headers` must be an object of strings"),
        ("get", r#"{"headers":null}"#, "`headers` must be an object"),
        ("get", r#"{"timeout":0}"#, "`timeout` must be"),
        ("get", r#"{"timeout":-1}"#, "`timeout` must be"),
        ("get", r#"{"timeout":1e300}"#, "`timeout` must be"),
        ("get", r#"{"timeout":"soon"}"#, "`timeout` must be"),
        ("get", r#"{"timeout":true}"#, "`timeout` must be"),
    ] {
        let said = refused(&format!(r#"{{"type":"{kind}","target":"/a","params":{params}}}"#));
        assert!(said.contains(why), "{kind} {params}: {said}");
    }
}

#[test]
fn no_header_makes_another_request_of_it() {
    for name in [
        "Host",
        "content-length",
        "Transfer-Encoding",
        "X-HTTP-Method-Override",
        "x_http_method_override",
        "X-Original-URL",
        "X-Forwarded-For",
        "X-Forwarded-Whatever",
        "Proxy-Authorization",
        "Authorization",
        "AUTHORIZATION",
        "a b",
        "",
        "a\r\nb",
    ] {
        let params = serde_json::json!({"headers":{name:"x"}});
        let json = serde_json::json!({"type":"get","target":"/a","params":params}).to_string();
        assert!(refused(&json).starts_with("the header `"), "{name}");
    }
    let json = r#"{"type":"get","target":"/a","params":{"headers":{"X-A":"1\r\nHost: b"}}}"#;
    assert_eq!(refused(json), "the header `X-A` has no valid value");
    let json = r#"{"type":"get","target":"/a","params":{"headers":{"X-A":"1","x-a":"2"}}}"#;
    assert!(refused(json).ends_with("is given twice"));
}

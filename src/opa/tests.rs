//! What a real OPA does not do: connections that die, answers that are bombs.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use super::answer::opa_error;
use super::token::TokenFile;
use super::{Context, Opa, request_body};
use crate::error::ErrorKind;
use crate::rego::Path;

#[test]
fn urls_are_checked_and_paths_are_escaped() {
    for (url, kind) in [
        ("", ErrorKind::InvalidArgument),
        ("ftp://x", ErrorKind::InvalidArgument),
        ("http://", ErrorKind::InvalidArgument),
        ("http://x?y", ErrorKind::InvalidArgument),
        ("http://x?ca_file=/nowhere", ErrorKind::InvalidArgument),
        ("https://x?cert_file=/nowhere", ErrorKind::InvalidArgument),
        ("http://x?connect_timeout_ms=0", ErrorKind::InvalidArgument),
    ] {
        assert_eq!(Opa::new(url, 1, None).err().map(|e| e.kind()), Some(kind), "{url}");
    }
    let path = Path::new(vec!["a b".into(), "c/d".into(), "é".into()]);
    assert_eq!(
        Opa::new("http://h:1/p/?connect_timeout_ms=5", 1, None).map(|opa| opa.url(&path)).as_deref(),
        Ok("http://h:1/p/v1/data/a%20b/c%2Fd/%C3%A9?provenance=true")
    );
}

#[test]
fn an_input_cannot_add_to_the_request() {
    for input in ["1},\"x\":{\"y\":1", "", "{", "1 2"] {
        assert_eq!(request_body(Some(input.as_bytes())).err().map(|e| e.kind()), Some(ErrorKind::SerializationError), "{input}");
    }
    assert_eq!(request_body(Some(b"{\"a\": 1}")).as_deref(), Ok(b"{\"input\":{\"a\": 1}}".as_slice()));
    assert_eq!(request_body(None).as_deref(), Ok(b"{}".as_slice()));
}

/// A server that does as it is told with each request of each connection, and gives how many requests came.
fn server(connections: &'static [&'static [&'static str]]) -> (Opa, JoinHandle<usize>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let opa = Opa::new(&format!("http://{}", listener.local_addr().unwrap()), 1000, None).unwrap();
    let served = thread::spawn(move || {
        let mut requests = 0;
        for answers in connections {
            let (mut stream, _) = listener.accept().unwrap();
            for answer in *answers {
                let mut reader = BufReader::new(&stream);
                let (mut line, mut length) = (String::new(), 0);
                while reader.read_line(&mut line).unwrap() > 2 {
                    length = line.strip_prefix("content-length: ").map_or(length, |text| text.trim().parse().unwrap());
                    line.clear();
                }
                reader.read_exact(&mut vec![0; length]).unwrap();
                requests += 1;
                stream.write_all(answer.as_bytes()).unwrap();
            }
        }
        requests
    });
    (opa, served)
}

const YES: &str = "HTTP/1.1 200 OK\r\ncontent-length: 15\r\n\r\n{\"result\":true}";
const DIES: &str = "";

fn ask(opa: &Opa) -> Result<Option<Vec<u8>>, ErrorKind> {
    opa.evaluate(&Path::new(vec!["p".into()]), None, &Context::default()).map(|answer| answer.result).map_err(|e| e.kind())
}

#[test]
fn a_kept_connection_that_died_is_replaced_once() {
    let (opa, served) = server(&[&[YES, DIES], &[YES]]);
    for _ in 0..2 {
        assert_eq!(ask(&opa), Ok(Some(b"true".to_vec())));
    }
    assert_eq!(served.join().unwrap(), 3);
    let (opa, served) = server(&[&[YES, DIES], &[DIES]]);
    assert!(ask(&opa).is_ok());
    assert_eq!(ask(&opa), Err(ErrorKind::Unavailable));
    assert_eq!(served.join().unwrap(), 3);
}

#[test]
fn a_new_connection_that_dies_and_an_answer_that_has_begun_are_not_asked_for_again() {
    let (opa, served) = server(&[&[DIES], &[YES]]);
    assert_eq!(ask(&opa), Err(ErrorKind::Unavailable));
    assert_eq!(ask(&opa), Ok(Some(b"true".to_vec())));
    assert_eq!(served.join().unwrap(), 2);
    let (opa, served) = server(&[&[YES, "HTTP/1.1 200 OK\r\ncontent-length: 15\r\n\r\n{\"res"]]);
    assert!(ask(&opa).is_ok());
    assert_eq!(ask(&opa), Err(ErrorKind::Unavailable));
    assert_eq!(served.join().unwrap(), 2);
}

#[test]
fn an_error_has_opas_own_code_and_a_hint_where_one_helps() {
    let conflict = br#"{"code": "internal_error", "message": "m", "errors": [{"code": "eval_conflict_error", "message": "n"}]}"#;
    for (status, body, kind, code, text) in [
        (500, conflict.as_slice(), ErrorKind::EvaluationError, Some("eval_conflict_error"), "m: n"),
        (400, br#"{"code": "invalid_parameter", "message": "m"}"#, ErrorKind::EvaluationError, Some("invalid_parameter"), "m"),
        (400, b"Client sent an HTTP request to an HTTPS server.", ErrorKind::Unavailable, None, "400"),
        (401, br#"{"code": "unauthorized", "message": "m"}"#, ErrorKind::Unavailable, Some("unauthorized"), "token_file"),
        (403, b"", ErrorKind::Unavailable, None, "token_file"),
        (404, b"<html>", ErrorKind::Unavailable, None, "prefix"),
        (429, b"", ErrorKind::Unavailable, None, "429"),
        (503, br#"{"code": "nobody knows"}"#, ErrorKind::Unavailable, None, "nobody knows"),
    ] {
        let error = opa_error(status, body);
        assert_eq!((error.kind(), error.code()), (kind, code), "{status}");
        assert!(error.message().contains(text), "{status}: {}", error.message());
    }
}

#[test]
fn a_token_is_read_again_and_never_told() {
    let path = std::env::temp_dir().join(format!("sark-token-{}", std::process::id()));
    let (file, now) = (TokenFile::new(path.clone()), Instant::now());
    assert!(file.authorization(now).is_err_and(|e| e.message().contains("sark-token") && e.kind() == ErrorKind::Unavailable));
    std::fs::write(&path, " one\n").unwrap();
    assert_eq!(file.authorization(now).as_deref(), Ok("Bearer one"));
    std::fs::write(&path, "two").unwrap();
    assert_eq!(file.authorization(now).as_deref(), Ok("Bearer one"));
    assert_eq!(file.authorization(now + Duration::from_secs(1)).as_deref(), Ok("Bearer two"));
    std::fs::write(&path, "hunter2\r\nx: y").unwrap();
    file.forget();
    assert!(file.authorization(now).is_err_and(|e| !e.message().contains("hunter2")));
    std::fs::remove_file(&path).unwrap();
}

#[test]
fn what_is_wrong_with_a_url_is_said_without_the_url() {
    for url in
        ["http://u:hunter2@", "http://u:hunter2@h:x", "http://u:hunter2@h?hunter2=1", "https://h?connect_timeout_ms=hunter2"]
    {
        let message = Opa::new(url, 1, None).err().map(|e| e.message().to_owned());
        assert!(message.as_ref().is_some_and(|m| !m.contains("hunter2")), "{url}: {message:?}");
    }
}

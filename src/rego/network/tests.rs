use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use super::{Network, NetworkOptions, Problem, Request};
use crate::rego::builtins::Target;

/// A server that answers each request of each connection by what `answer` makes of its number, and hangs up where that is nothing. Gives its
/// port.
fn server(answer: impl Fn(usize) -> Option<String> + Send + 'static) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        let mut number = 0;
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            while read_request(&mut stream) {
                let text = answer(number);
                number += 1;
                let Some(text) = text else { break };
                stream.write_all(text.as_bytes()).ok();
            }
        }
    });
    port
}

fn read_request(stream: &mut TcpStream) -> bool {
    let mut seen = Vec::new();
    let mut byte = [0];
    while !seen.ends_with(b"\r\n\r\n") {
        match stream.read(&mut byte) {
            Ok(1) => seen.push(byte[0]),
            _ => return false,
        }
    }
    true
}

fn ok(body: &str) -> Option<String> {
    Some(format!("HTTP/1.1 200 Fine\r\nContent-Length: {}\r\n\r\n{body}", body.len()))
}

fn network(hosts: &str, options: NetworkOptions) -> Network {
    Network::new(hosts.as_bytes(), None, options).unwrap()
}

fn get(url: &str) -> Request {
    Request {
        method: "GET".to_owned(),
        target: Target::parse(url).unwrap(),
        headers: Vec::new(),
        body: Vec::new(),
        follows_redirects: true,
        timeout: None,
        trust: None,
        server_name: String::new(),
        retries: 0,
    }
}

fn text(result: Result<super::Response, Problem>) -> String {
    match result {
        Ok(response) => format!("{} {}", response.status, String::from_utf8_lossy(&response.body)),
        Err(problem) => problem.text(),
    }
}

#[test]
fn a_name_reaches_no_private_address_that_is_not_listed() {
    let port = server(|_| ok("secret"));
    let url = format!("http://localhost:{port}/");
    let answer = text(network(r#"["*"]"#, NetworkOptions::default()).send(get(&url), None));
    assert!(answer.contains("disallowed host: localhost (it stands for "), "{answer}");
    for hosts in [r#"["localhost"]"#, r#"["*", "127.0.0.0/8", "::1"]"#] {
        assert_eq!(text(network(hosts, NetworkOptions::default()).send(get(&url), None)), "200 Fine secret", "{hosts}");
    }
    let literal = format!("http://127.0.0.1:{port}/");
    let answer = text(network(r#"["*"]"#, NetworkOptions::default()).send(get(&literal), None));
    assert_eq!(answer, format!("Get \"{literal}\": disallowed host: 127.0.0.1"));
}

#[test]
fn a_redirect_leads_to_no_other_host() {
    let port = server(|_| ok("secret"));
    let to = format!("http://127.0.0.1:{port}/");
    let answer = format!("HTTP/1.1 302 Found\r\nLocation: {to}\r\nContent-Length: 0\r\n\r\n");
    let first = server(move |_| Some(answer.clone()));
    let answer =
        text(network(r#"["localhost"]"#, NetworkOptions::default()).send(get(&format!("http://localhost:{first}/")), None));
    assert_eq!(answer, format!("Get \"{to}\": disallowed host: 127.0.0.1"));
}

#[test]
fn a_kept_connection_that_died_is_made_anew() {
    let port = server(|number| if number == 1 { None } else { ok(&number.to_string()) });
    let network = network(r#"["127.0.0.1"]"#, NetworkOptions::default());
    let url = format!("http://127.0.0.1:{port}/");
    assert_eq!(text(network.send(get(&url), None)), "200 Fine 0");
    assert_eq!(text(network.send(get(&url), None)), "200 Fine 2", "the second one's connection hung up");
}

#[test]
fn what_is_too_large_or_too_late_is_no_answer() {
    let port = server(|_| ok(&"x".repeat(1_000)));
    let url = format!("http://127.0.0.1:{port}/");
    let small = NetworkOptions { max_response_bytes: 999, ..NetworkOptions::default() };
    assert!(text(network(r#"["127.0.0.1"]"#, small).send(get(&url), None)).contains("larger than 999 bytes"));
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://127.0.0.1:{}/", silent.local_addr().unwrap().port());
    let short = NetworkOptions { timeout: Duration::from_millis(50), ..NetworkOptions::default() };
    let late = network(r#"["127.0.0.1"]"#, short).send(get(&url), None);
    assert!(matches!(late, Err(Problem::Url { is_timeout: true, .. })), "{late:?}");
    let deadline = Instant::now() + Duration::from_millis(50);
    let ended = network(r#"["127.0.0.1"]"#, NetworkOptions::default()).send(Request { retries: 9, ..get(&url) }, Some(deadline));
    assert!(matches!(ended, Err(Problem::Deadline)), "{ended:?}");
    assert!(deadline.elapsed() < Duration::from_secs(2));
}

#[test]
fn a_fork_has_connections_of_its_own() {
    let port = server(|number| ok(&number.to_string()));
    let network = network(r#"["127.0.0.1"]"#, NetworkOptions::default());
    let url = format!("http://127.0.0.1:{port}/");
    assert_eq!(text(network.send(get(&url), None)), "200 Fine 0");
    let inherited =
        super::Own { generation: network.own().generation + 1, ..super::Own::new(&network.hosts, &network.tls, network.options) };
    let inherited = std::sync::Arc::new(inherited);
    network.own.store(std::sync::Arc::clone(&inherited));
    assert!(!std::sync::Arc::ptr_eq(&network.own(), &inherited), "of another generation than this process': made anew");
    assert_eq!(text(network.send(get(&url), None)), "200 Fine 1");
}

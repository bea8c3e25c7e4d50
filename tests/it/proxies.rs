//! Behind a firewall: nothing is reached but through the proxy of the environment, and the company's authority is one that
//! only `SSL_CERT_FILE` names. The settings say nothing of either.

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, Shutdown, TcpListener, TcpStream};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::thread;

use tempfile::TempDir;

use crate::sandbox::Sandbox;

/// A proxy that knows CONNECT alone, takes every name to one place, and remembers the names.
struct Proxy {
    port: u16,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Proxy {
    fn to(place: u16) -> Proxy {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let names = Arc::clone(&asked);
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let names = Arc::clone(&names);
                thread::spawn(move || tunnel(stream, place, &names));
            }
        });
        Proxy { port, asked }
    }

    fn asked_for(&self, host: &str) -> bool {
        self.asked.lock().unwrap().iter().any(|name| name == &format!("{host}:443"))
    }
}

fn tunnel(mut stream: TcpStream, place: u16, names: &Mutex<Vec<String>>) {
    let (mut head, mut byte) = (Vec::new(), [0]);
    while !head.ends_with(b"\r\n\r\n") {
        if stream.read(&mut byte).unwrap_or_default() == 0 {
            return;
        }
        head.push(byte[0]);
    }
    let head = String::from_utf8_lossy(&head).into_owned();
    let mut words = head.split(' ');
    let (method, name) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    assert_eq!(method, "CONNECT", "{head}");
    names.lock().unwrap().push(name.to_owned());
    let server = TcpStream::connect((Ipv4Addr::LOCALHOST, place)).unwrap();
    stream.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n").unwrap();
    let (from, to) = (stream.try_clone().unwrap(), server.try_clone().unwrap());
    thread::spawn(move || pass(from, to));
    pass(server, stream);
}

fn pass(mut from: TcpStream, mut to: TcpStream) {
    let _ = std::io::copy(&mut from, &mut to);
    let _ = to.shutdown(Shutdown::Write);
}

/// The sandbox's settings as somebody has them who reaches the real services: no place for a name, no authority, no clock.
fn as_in_the_open(settings: &Path) -> (String, u16) {
    let text = std::fs::read_to_string(settings).unwrap();
    let begin = text.find("[endpoints.resolve]").unwrap();
    let end = text.find("[environment.prod]").unwrap();
    let place = text[begin..end].split("api.github.com\" = \"127.0.0.1:").nth(1).unwrap();
    let place = place.split('"').next().unwrap().parse().unwrap();
    (format!("{}{}", &text[..begin], &text[end..]).replace("trust_root = \"ca.pem\"\n", ""), place)
}

#[test]
fn the_proxy_and_the_authority_of_the_environment_are_used_for_every_service() {
    let folder = TempDir::new().unwrap();
    let world = folder.path().join("world");
    let sandbox = Sandbox::by_the_wall_clock(&world);
    let (settings, place) = as_in_the_open(&world.join("keyslot.toml"));
    let open = world.join("open.toml");
    std::fs::write(&open, settings).unwrap();
    let proxy = Proxy::to(place);
    let variables = [
        format!("HTTPS_PROXY=http://127.0.0.1:{}", proxy.port),
        format!("SSL_CERT_FILE={}", world.join("ca.pem").display()),
        format!("KEYSLOT_CONFIG={}", open.display()),
    ];
    let mut arguments: Vec<&str> = variables.iter().map(String::as_str).collect();
    arguments.extend([env!("CARGO_BIN_EXE_keyslot"), "plan"]);
    let told = sandbox.run("env", &arguments);
    assert!(told.contains("nothing is in the way"), "{told}");
    for host in [
        "login.microsoftonline.com",
        "management.azure.com",
        "api.github.com",
        "dev.azure.com",
        "api.loganalytics.io",
        "afmcprd1-northeurope-kv.vault.azure.net",
        "afmcprd-global-cosmos-northeurope.documents.azure.com",
    ] {
        assert!(proxy.asked_for(host), "{host} is not among {:?}", proxy.asked.lock().unwrap());
    }
}

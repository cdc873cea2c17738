//! A server that speaks the chat completions of the OpenAI API, well or badly, as a test wants it. It needs no runtime:
//! a thread takes connections, and every connection has a thread, which ends when the client hangs up.

use serde_json::{Value, json};
use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::Duration,
};

/// How one request is answered.
#[derive(Clone, Debug)]
pub enum Reply {
    /// Status, further header lines, body.
    Whole(u16, Vec<String>, String),
    /// The connection stays open and silent.
    Silence,
    /// The head, then this text for ever, a byte every few milliseconds.
    Drip(String),
    /// The head and the first text, then the second text again and again, as fast as it is taken.
    Endless(String, String),
    /// The head and half of the body that it announces; then the connection is closed.
    Cut(String),
}

impl Reply {
    /// 200 with this body.
    pub fn ok(body: impl ToString) -> Self {
        Self::Whole(200, Vec::new(), body.to_string())
    }

    /// A completion in which the model says `content`, and its 1,000 + 200 tokens.
    pub fn says(content: impl Into<String>) -> Self {
        Self::ok(completion(&content.into()))
    }

    /// An error as the API words it.
    pub fn error(status: u16, message: &str) -> Self {
        Self::Whole(status, Vec::new(), json!({ "error": { "message": message } }).to_string())
    }
}

/// The body of a completion.
pub fn completion(content: &str) -> Value {
    json!({
        "id": "x", "object": "chat.completion", "model": "m",
        "choices": [{ "index": 0, "finish_reason": "stop", "message": { "role": "assistant", "content": content } }],
        "usage": { "prompt_tokens": 1000, "completion_tokens": 200, "total_tokens": 1200 },
    })
}

/// One request as it came.
#[derive(Clone, Debug)]
pub struct Asked {
    /// `POST /v1/chat/completions`
    pub line: String,
    /// Header lines, as they came.
    pub headers: Vec<String>,
    /// The body; `Null` where it is no JSON.
    pub body: Value,
}

impl Asked {
    /// The value of a header.
    pub fn header(&self, name: &str) -> Option<&str> {
        let found = |line: &&String| line.split_once(':').is_some_and(|(n, _)| n.eq_ignore_ascii_case(name));
        self.headers.iter().find(found).and_then(|line| line.split_once(':')).map(|(_, value)| value.trim())
    }

    /// The system message.
    pub fn instructions(&self) -> &str {
        self.body["messages"][0]["content"].as_str().unwrap_or_default()
    }

    /// The text of the user message, where it has no pictures.
    pub fn material(&self) -> &str {
        self.body["messages"][1]["content"].as_str().unwrap_or_default()
    }
}

/// The server; it stops when this is dropped.
pub struct LanguageServer {
    address: SocketAddr,
    asked: Arc<Mutex<Vec<Asked>>>,
    stopped: Arc<AtomicBool>,
}

impl LanguageServer {
    /// Starts on a free port of this machine. `reply` gets the number of the request, from 0, and the request.
    pub fn start(reply: impl Fn(usize, &Asked) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (asked, stopped) = (Arc::new(Mutex::new(Vec::new())), Arc::new(AtomicBool::new(false)));
        let this = Self { address, asked: asked.clone(), stopped: stopped.clone() };
        let reply = Arc::new(reply);
        thread::spawn(move || {
            for client in listener.incoming() {
                if stopped.load(Ordering::Relaxed) {
                    return;
                }
                let (asked, stopped, reply) = (asked.clone(), stopped.clone(), reply.clone());
                // A client that hangs up ends its thread by an error.
                thread::spawn(move || client.and_then(|client| serve(client, &asked, &stopped, &*reply)));
            }
        });
        this
    }

    /// Always the same reply.
    pub fn always(reply: Reply) -> Self {
        Self::start(move |_, _| reply.clone())
    }

    /// `http://127.0.0.1:40000/v1`
    pub fn endpoint(&self) -> String {
        format!("http://{}/v1", self.address)
    }

    /// What has been asked so far.
    pub fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }
}

impl Drop for LanguageServer {
    fn drop(&mut self) {
        self.stopped.store(true, Ordering::Relaxed);
        // Wakes the thread that waits for connections.
        let _ = TcpStream::connect(self.address);
    }
}

fn serve(
    client: TcpStream,
    asked: &Mutex<Vec<Asked>>,
    stopped: &AtomicBool,
    reply: &dyn Fn(usize, &Asked) -> Reply,
) -> std::io::Result<()> {
    let mut from = BufReader::new(client.try_clone()?);
    let mut lines = Vec::new();
    loop {
        let mut line = String::new();
        if from.read_line(&mut line)? == 0 {
            return Ok(());
        }
        if line.trim().is_empty() {
            break;
        }
        lines.push(line.trim().to_owned());
    }
    let mut request = Asked { line: lines.remove(0), headers: lines, body: Value::Null };
    let length = request.header("content-length").and_then(|l| l.parse().ok()).unwrap_or(0);
    let mut body = vec![0; length];
    from.read_exact(&mut body)?;
    request.body = serde_json::from_slice(&body).unwrap_or_default();
    let reply = {
        let mut asked = asked.lock().unwrap();
        asked.push(request.clone());
        reply(asked.len() - 1, &request)
    };
    answer(client, reply, stopped)
}

fn answer(mut to: TcpStream, reply: Reply, stopped: &AtomicBool) -> std::io::Result<()> {
    const HEAD: &str = "Content-Type: application/json\r\nConnection: close\r\n";
    let goes_on = || !stopped.load(Ordering::Relaxed);
    match reply {
        Reply::Whole(status, headers, body) => {
            let further: String = headers.iter().map(|line| format!("{line}\r\n")).collect();
            let length = body.len();
            write!(to, "HTTP/1.1 {status} X\r\n{HEAD}{further}Content-Length: {length}\r\n\r\n{body}")?;
        }
        Reply::Silence => {
            while goes_on() {
                thread::sleep(Duration::from_millis(20));
            }
        }
        Reply::Drip(text) => {
            write!(to, "HTTP/1.1 200 OK\r\n{HEAD}\r\n")?;
            for byte in text.bytes().cycle().take_while(|_| goes_on()) {
                to.write_all(&[byte])?;
                thread::sleep(Duration::from_millis(5));
            }
        }
        Reply::Endless(first, again) => {
            write!(to, "HTTP/1.1 200 OK\r\n{HEAD}\r\n{first}")?;
            while goes_on() {
                to.write_all(again.as_bytes())?;
            }
        }
        Reply::Cut(body) => {
            write!(to, "HTTP/1.1 200 OK\r\n{HEAD}Content-Length: {}\r\n\r\n", body.len())?;
            to.write_all(&body.as_bytes()[..body.len() / 2])?;
        }
    }
    to.flush()
}

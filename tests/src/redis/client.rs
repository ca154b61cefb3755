//! A client that sends a command and reads the reply, like redis-cli, but without a process.

use std::fmt;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::os::unix::net::UnixStream;
use std::time::Duration;

use rustls::{ClientConnection, StreamOwned};

use super::address::Address;
use super::tls::RedisTls;

/// A server that does not reply for this long is considered down.
const PATIENCE: Duration = Duration::from_secs(5);

/// A separate connection. It uses RESP version 2.
pub struct Client(BufReader<Box<dyn Stream>>);

/// The reply of a server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// Nothing.
    Nil,
    /// A number.
    Integer(i64),
    /// Text or bytes.
    Text(Vec<u8>),
    /// Several replies.
    List(Vec<Answer>),
    /// The command failed.
    Refused(String),
}

trait Stream: Read + Write + Send {}

impl<S: Read + Write + Send> Stream for S {}

impl Client {
    pub(super) fn connect(address: &Address, tls: Option<&RedisTls>) -> io::Result<Self> {
        let stream: Box<dyn Stream> = match address {
            Address::Unix(path) => {
                let stream = UnixStream::connect(path)?;
                stream.set_read_timeout(Some(PATIENCE))?;
                Box::new(stream)
            }
            Address::Tcp(port) => Box::new(tcp(*port)?),
            Address::Tls(port) => {
                let config = tls.expect("its certificates").client_config();
                let name = "localhost".try_into().unwrap();
                let connection = ClientConnection::new(config, name).unwrap();
                Box::new(StreamOwned::new(connection, tcp(*port)?))
            }
        };
        Ok(Self(BufReader::new(stream)))
    }

    /// Sends a command and waits for the reply.
    ///
    /// # Errors
    ///
    /// If the server cannot be reached or does not reply. A refusal is a reply.
    pub fn ask<A: AsRef<[u8]>>(&mut self, command: &[A]) -> io::Result<Answer> {
        let mut request = format!("*{}\r\n", command.len()).into_bytes();
        for part in command {
            let part = part.as_ref();
            request.extend(format!("${}\r\n", part.len()).into_bytes());
            request.extend(part);
            request.extend(b"\r\n");
        }
        self.0.get_mut().write_all(&request)?;
        self.0.get_mut().flush()?;
        self.answer()
    }

    fn answer(&mut self) -> io::Result<Answer> {
        let line = self.line()?;
        let Some((kind, rest)) = line.split_at_checked(1) else {
            return Err(io::ErrorKind::InvalidData.into());
        };
        Ok(match kind {
            "+" => Answer::Text(rest.into()),
            "-" => Answer::Refused(rest.to_owned()),
            ":" => Answer::Integer(number(rest)?),
            "$" => match usize::try_from(number(rest)?) {
                Ok(length) => self.text(length)?,
                Err(_) => Answer::Nil,
            },
            "*" => match usize::try_from(number(rest)?) {
                Ok(length) => {
                    let answers = (0..length).map(|_| self.answer());
                    Answer::List(answers.collect::<Result<_, _>>()?)
                }
                Err(_) => Answer::Nil,
            },
            _ => return Err(io::ErrorKind::InvalidData.into()),
        })
    }

    fn line(&mut self) -> io::Result<String> {
        let mut line = String::new();
        if self.0.read_line(&mut line)? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        Ok(line.trim_end().to_owned())
    }

    fn text(&mut self, length: usize) -> io::Result<Answer> {
        let mut text = vec![0; length + 2];
        self.0.read_exact(&mut text)?;
        text.truncate(length);
        Ok(Answer::Text(text))
    }
}

fn tcp(port: u16) -> io::Result<TcpStream> {
    let stream = TcpStream::connect(("127.0.0.1", port))?;
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    Ok(stream)
}

fn number(text: &str) -> io::Result<i64> {
    text.parse().map_err(|_| io::ErrorKind::InvalidData.into())
}

impl Answer {
    /// The elements of a list; empty for any other reply.
    pub fn into_list(self) -> Vec<Self> {
        match self {
            Self::List(answers) => answers,
            _ => Vec::new(),
        }
    }

    /// The bytes of a text; empty for any other reply.
    pub fn into_bytes(self) -> Vec<u8> {
        match self {
            Self::Text(text) => text,
            _ => Vec::new(),
        }
    }
}

/// The text that redis-cli prints if its output is a pipe.
impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nil => Ok(()),
            Self::Integer(number) => number.fmt(f),
            Self::Text(text) => f.write_str(&String::from_utf8_lossy(text)),
            Self::Refused(message) => f.write_str(message),
            Self::List(answers) => {
                for (n, answer) in answers.iter().enumerate() {
                    if n > 0 {
                        f.write_str("\n")?;
                    }
                    answer.fmt(f)?;
                }
                Ok(())
            }
        }
    }
}

//! A tab of Chromium, driven by the DevTools protocol as a user drives it: by mouse and keyboard.

use std::fs::{self, File};
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::{Duration, Instant};

use base64ct::{Base64, Encoding};
use certs_dev::{Authority, Identity};
use serde_json::{Value, json};

use crate::chromium::Chromium;
use crate::programs::target_dir;

/// How long Chromium, or the page in it, may take for one thing on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// The size of a window on a phone, and on a desk, in CSS pixels.
const PHONE: (u32, u64) = (390, 844);
const DESK: (u32, u64) = (1280, 800);

/// Finds what people stumble over: see the file.
const AUDIT: &str = include_str!("tab/audit.js");

/// A tab with a page. Chromium ends when it is dropped.
pub struct Tab {
    commands: File,
    messages: Receiver<Value>,
    /// The id of the last command.
    id: u64,
    session: Option<String>,
    /// The width of the window.
    width: u32,
    /// What the console showed, and what the page did not catch.
    errors: Vec<String>,
    origin: String,
    _chromium: Chromium,
}

impl Tab {
    /// Opens the first page of an origin, with a client certificate.
    ///
    /// # Panics
    ///
    /// If Chromium is missing; the message has the command that installs it.
    pub fn open(origin: &str, authority: &Authority, identity: &Identity) -> Self {
        let (chromium, commands, output) = Chromium::driven(origin, authority, identity);
        let (send, messages) = mpsc::channel();
        thread::spawn(move || {
            let messages = BufReader::new(output).split(0);
            for message in messages.map_while(Result::ok) {
                // The test may have ended.
                let _ = send.send(serde_json::from_slice(&message).unwrap());
            }
        });
        let mut tab = Self {
            commands,
            messages,
            id: 0,
            session: None,
            width: DESK.0,
            errors: Vec::new(),
            origin: origin.to_owned(),
            _chromium: chromium,
        };
        tab.attach();
        for domain in ["Page", "Runtime", "Log", "Network"] {
            tab.call(&format!("{domain}.enable"), json!({}));
        }
        tab.go_to("/");
        tab
    }

    fn attach(&mut self) {
        let began = Instant::now();
        let target = loop {
            let targets = self.call("Target.getTargets", json!({}));
            let mut targets = targets["targetInfos"].as_array().unwrap().iter();
            if let Some(page) = targets.find(|target| target["type"] == "page") {
                break page["targetId"].clone();
            }
            assert!(began.elapsed() < PATIENCE, "Chromium has no tab");
            thread::sleep(Duration::from_millis(50));
        };
        let parameters = json!({ "targetId": target, "flatten": true });
        let attached = self.call("Target.attachToTarget", parameters);
        self.session = attached["sessionId"].as_str().map(str::to_owned);
    }

    /// Opens a page of the origin, and waits until it is loaded.
    pub fn go_to(&mut self, path: &str) {
        let url = format!("{}{path}", self.origin);
        let opened = self.call("Page.navigate", json!({ "url": url }));
        assert!(opened["errorText"].is_null(), "{url}: {opened}");
        self.until("document.readyState === 'complete'");
    }

    /// Sets the size of the window in CSS pixels, and light or dark.
    pub fn show_as(&mut self, width: u32, scheme: &str) {
        self.width = width;
        self.resize(None);
        let scheme = json!({ "name": "prefers-color-scheme", "value": scheme });
        self.call(
            "Emulation.setEmulatedMedia",
            json!({ "features": [scheme] }),
        );
    }

    /// Gives the window its width, and this height or that of a phone or a desk.
    fn resize(&mut self, height: Option<u64>) {
        let is_phone = self.width <= PHONE.0;
        let usual = if is_phone { PHONE.1 } else { DESK.1 };
        let size = json!({
            "width": self.width,
            "height": height.unwrap_or(usual),
            "deviceScaleFactor": 1,
            "mobile": is_phone,
        });
        self.call("Emulation.setDeviceMetricsOverride", size);
    }

    /// The value of a JavaScript expression, or of its promise.
    ///
    /// # Panics
    ///
    /// If it throws.
    pub fn value(&mut self, expression: &str) -> Value {
        let parameters = json!({
            "expression": expression,
            "awaitPromise": true,
            "returnByValue": true,
        });
        let result = self.call("Runtime.evaluate", parameters);
        let thrown = &result["exceptionDetails"];
        assert!(thrown.is_null(), "{expression}: {thrown}");
        result["result"]["value"].clone()
    }

    /// Waits until a JavaScript expression is true, and returns how long that took.
    ///
    /// # Panics
    ///
    /// If it does not become true.
    pub fn until(&mut self, expression: &str) -> Duration {
        let began = Instant::now();
        while self.value(expression) != true {
            if began.elapsed() > PATIENCE {
                let text = self.value("document.body.innerText");
                panic!("{expression}: {text}, {:?}", self.errors);
            }
            thread::sleep(Duration::from_millis(20));
        }
        began.elapsed()
    }

    /// Waits until the page shows this text.
    pub fn until_it_says(&mut self, text: &str) -> Duration {
        self.until(&format!(
            "document.body.innerText.includes({})",
            json!(text)
        ))
    }

    /// Clicks into the middle of what a selector finds, as the mouse does.
    ///
    /// # Panics
    ///
    /// If something else is there, or it cannot be scrolled to.
    pub fn click(&mut self, selector: &str) {
        let place = self.value(&format!(
            "(() => {{
                const element = document.querySelector({selector});
                element.scrollIntoView({{ block: 'center', behavior: 'instant' }});
                const box = element.getBoundingClientRect();
                const [x, y] = [box.x + box.width / 2, box.y + box.height / 2];
                const there = document.elementFromPoint(x, y);
                return {{ x, y, isThere: there !== null && element.contains(there) }};
            }})()",
            selector = json!(selector)
        ));
        assert_eq!(place["isThere"], true, "{selector} cannot be reached");
        for kind in ["mousePressed", "mouseReleased"] {
            let event = json!({
                "type": kind, "x": place["x"], "y": place["y"], "button": "left", "clickCount": 1,
            });
            self.call("Input.dispatchMouseEvent", event);
        }
    }

    /// Presses a key: `Tab`, `Enter`, `Escape`.
    pub fn press(&mut self, key: &str) {
        let (code, text) = match key {
            "Tab" => (9, ""),
            "Enter" => (13, "\r"),
            "Escape" => (27, ""),
            other => panic!("{other} has no code here"),
        };
        for kind in ["keyDown", "keyUp"] {
            let mut event = json!({
                "type": kind, "key": key, "code": key, "windowsVirtualKeyCode": code,
            });
            if kind == "keyDown" && !text.is_empty() {
                event["text"] = text.into();
            }
            self.call("Input.dispatchKeyEvent", event);
        }
    }

    /// Types into what has the focus.
    pub fn write(&mut self, text: &str) {
        self.call("Input.insertText", json!({ "text": text }));
    }

    /// Sets a cookie of the origin.
    pub fn set_cookie(&mut self, name: &str, value: &str) {
        let cookie = json!({
            "url": self.origin, "name": name, "value": value, "path": "/", "secure": true,
            "httpOnly": true,
        });
        let set = self.call("Network.setCookie", cookie);
        assert_eq!(set["success"], true);
    }

    /// What a person would stumble over on the page as it is shown: a line for each fault.
    pub fn audit(&mut self) -> Vec<String> {
        let faults = self.value(AUDIT);
        serde_json::from_value(faults).unwrap()
    }

    /// Writes a picture of the whole page into `target/screenshots`.
    pub fn screenshot(&mut self, name: &str) -> PathBuf {
        // As high as the page: what has its place in the window is in its place in the picture.
        let metrics = self.call("Page.getLayoutMetrics", json!({}));
        let height = metrics["cssContentSize"]["height"].as_f64().unwrap();
        #[allow(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "some pixels"
        )]
        self.resize(Some(height.ceil() as u64));
        let picture = self.call("Page.captureScreenshot", json!({}));
        self.resize(None);
        let picture = Base64::decode_vec(picture["data"].as_str().unwrap()).unwrap();
        let file = target_dir().join(Path::new("screenshots").join(format!("{name}.png")));
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(&file, picture).unwrap();
        file
    }

    /// The errors and warnings of the console since the last call.
    pub fn take_errors(&mut self) -> Vec<String> {
        // What is on its way arrives before the answer.
        self.value("0");
        std::mem::take(&mut self.errors)
    }

    fn call(&mut self, method: &str, parameters: Value) -> Value {
        self.id += 1;
        let mut command = json!({ "id": self.id, "method": method, "params": parameters });
        if let Some(session) = &self.session {
            command["sessionId"] = session.as_str().into();
        }
        let mut bytes = command.to_string().into_bytes();
        bytes.push(0);
        self.commands.write_all(&bytes).unwrap();
        loop {
            let message = self.messages.recv_timeout(PATIENCE);
            let message = message.unwrap_or_else(|error| panic!("{method}: {error}"));
            if message["id"] == self.id {
                assert!(message["error"].is_null(), "{method}: {message}");
                return message["result"].clone();
            }
            self.note(&message);
        }
    }

    fn note(&mut self, message: &Value) {
        let parameters = &message["params"];
        let is_bad = |level: &Value| level == "error" || level == "warning";
        let text = match message["method"].as_str() {
            Some("Log.entryAdded") if is_bad(&parameters["entry"]["level"]) => &parameters["entry"],
            Some("Runtime.consoleAPICalled") if is_bad(&parameters["type"]) => &parameters["args"],
            Some("Runtime.exceptionThrown") => &parameters["exceptionDetails"],
            _ => return,
        };
        self.errors.push(text.to_string());
    }
}

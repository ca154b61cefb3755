"""A small application with sessions, and one flag for each fault.

    python app.py --port 5000                       the clean twin
    python app.py --port 5000 --bugs FIX-01,END-02  with faults
    python app.py --port 5000 --odd rotate          odd, and correct

With --tls DIR it is served over HTTPS with DIR/server.pem and DIR/server.key, and with --mtls it
asks for client certificates of DIR/ca.pem and binds sessions to them; a session ends once the
revocation list of --crl has its certificate.
"""

import argparse
import hashlib
import hmac
import json
import os
import secrets
import ssl
import subprocess
import threading
import time

from flask import Flask, Response, abort, g, redirect, request
from werkzeug.serving import WSGIRequestHandler

BUGS = """FIX-01 FIX-01-ROOT FIX-02 FIX-03 FIX-03-FORM FIX-03-HEADER FIX-03-QUERY FIX-04 FIX-05 FIX-05-LEFT ROT-01 ROT-02 END-01 END-02 END-03
END-04 END-04-POST RACE-01 RACE-01-NEW RACE-02 RACE-03 EXP-01 EXP-02 EXP-03 LEAK-01 LEAK-01-BODY
LEAK-02 COOK-01 COOK-02 COOK-03 COOK-04 COOK-05 COOK-06 ENT-01 ENT-01-MD5 ENT-01-CLOCK ENT-01-NAME
ENT-01-TIME CACHE-01 CSRF-01 CERT-01 CERT-02 CERT-04 CERT-06 CERT-07 CERT-08""".split()
ODD = """callback everywhere two-step redirect ok rotate signed several bearer grace single below idle absolute front locked csrf-less
remember limited failing hanging dripping forgetful resetting late generic""".split()

parser = argparse.ArgumentParser()
parser.add_argument("--port", type=int, required=True)
parser.add_argument("--bugs", default="")
parser.add_argument("--odd", default="")
parser.add_argument("--tls")
parser.add_argument("--mtls", action="store_true")
parser.add_argument("--crl")
options = parser.parse_args()
bugs = set(filter(None, options.bugs.split(",")))
odd = set(filter(None, options.odd.split(",")))
unknown = (bugs - set(BUGS)) | (odd - set(ODD))
if unknown:
    parser.error("unknown flags: " + ", ".join(sorted(unknown)))

USERS = {"alice": "wonderland", "bob": "builder"}
IDLE, ABSOLUTE, GRACE = 4.0, 5.0, 1.0
# Below a path, as where several applications share a host: nothing is served outside of it.
PREFIX = "/app" if "below" in odd else ""
KEY = secrets.token_bytes(32)

app = Flask(__name__)
lock = threading.RLock()
sessions = {}  # id -> {"user", "data", "csrf", ...}
counter = [1000]
requests_seen = [0]
codes = {}  # of a sign-in that is under way -> the user


def has(bug):
    return bug in bugs


def new_id(name=None):
    with lock:
        counter[0] += 1
        if has("ENT-01-NAME"):
            return hashlib.sha1(f"{name}-{counter[0]}".encode()).hexdigest()
        if has("ENT-01-TIME"):
            return hashlib.md5(str(time.time()).encode()).hexdigest()
        if has("ENT-01"):
            return f"{counter[0]:016d}"
        if has("ENT-01-MD5"):
            return hashlib.md5(str(counter[0]).encode()).hexdigest()
        if has("ENT-01-CLOCK"):
            return f"{int(time.time()):x}-{secrets.token_hex(3)}-{counter[0]}"
    return secrets.token_urlsafe(32)


def new_session():
    return {
        "user": None,
        "data": {},
        "csrf": secrets.token_urlsafe(16),
        "level": 0,
        "created": time.time(),
        "used": time.time(),
        "certificate": certificate(),
    }


def certificate():
    """The client certificate as bytes, in whichever way this variant compares it."""
    if not options.mtls:
        return None
    if has("CERT-08") and request.headers.get("X-Client-Cert"):
        from urllib.parse import unquote

        return ssl.PEM_cert_to_DER_cert(unquote(request.headers["X-Client-Cert"]).strip())
    socket = request.environ["werkzeug.socket"]
    if has("CERT-04"):
        peer = socket.getpeercert()
        return json.dumps(peer.get("subject")) if peer else None
    return socket.getpeercert(True)


def expired():
    if not options.mtls or has("CERT-07"):
        return False
    peer = request.environ["werkzeug.socket"].getpeercert()
    return bool(peer) and ssl.cert_time_to_seconds(peer["notAfter"]) < time.time()


revocations = {"changed": None, "text": ""}


def revoked():
    """The list as it is now: servers are told of a new one in many ways."""
    if not options.crl or has("CERT-06") or not os.path.exists(options.crl):
        return False
    peer = request.environ["werkzeug.socket"].getpeercert()
    with lock:
        changed = os.stat(options.crl).st_mtime_ns
        if revocations["changed"] != changed:
            command = ["openssl", "crl", "-in", options.crl, "-noout", "-text"]
            text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
            revocations.update(changed=changed, text=text)
        if "locked" in odd:  # it takes no list that names anyone, and then lets no one in
            return "Serial Number" in revocations["text"]
        return bool(peer) and f"Serial Number: {peer['serialNumber']}\n" in revocations["text"]


def sign(value):
    return hmac.new(KEY, value.encode(), hashlib.sha256).hexdigest()[:32]


def ids_in_request():
    if "bearer" in odd:
        value = request.headers.get("Authorization", "")
        return [value[7:]] if value.startswith("Bearer ") else []
    found = []
    for part in request.headers.get("Cookie", "").split(";"):
        name, _, value = part.strip().partition("=")
        if name == NAME and value:
            found.append(value)
    if "signed" in odd:
        found = [v.rpartition(".")[0] for v in found if hmac.compare_digest(sign(v.rpartition(".")[0]), v.rpartition(".")[2])]
    if "several" in odd:
        other = request.cookies.get("part")
        found = [value + (other or "") for value in found]
    if has("FIX-03-QUERY"):
        found = found or [v for v in [request.args.get("sessionId")] if v]
    if has("FIX-03-HEADER"):
        found = found or [v for v in [request.headers.get("X-Auth-Token")] if v]
    if has("FIX-03"):
        found = found or [v for v in [request.args.get("sid")] if v]
    if has("FIX-03-FORM") and request.path == "/login" and request.form.get("sid"):
        found, g.kept = [request.form["sid"]], True
    return found


NAME = "__Host-sid" if options.tls and not {"COOK-01", "COOK-04"} & bugs else "sid"


def alive(session):
    now = time.time()
    if "idle" in odd and now - session["used"] > IDLE:
        return False
    return not ("absolute" in odd and now - session["created"] > ABSOLUTE)


@app.before_request
def load():
    requests_seen[0] += 1
    g.id, g.session, g.set = None, None, False
    # Early is while the scanner calibrates its oracle, late is in the middle of the checks.
    in_trouble = requests_seen[0] > (120 if "late" in odd else 25)
    if "failing" in odd and in_trouble:
        abort(500)
    if "limited" in odd and in_trouble:
        return Response("slow down", 429, {"Retry-After": "60"})
    if "hanging" in odd and in_trouble:
        time.sleep(60)
    if "dripping" in odd and in_trouble:
        return Response(drip())
    if "resetting" in odd and in_trouble:
        socket = request.environ["werkzeug.socket"]
        socket.shutdown(2)
        return Response("")
    if "forgetful" in odd and requests_seen[0] % 7 == 0:
        with lock:
            sessions.clear()
    if revoked():
        return Response("the certificate is revoked", 403)
    if expired():
        return Response("the certificate has expired", 403)
    ids = ids_in_request()
    if len(ids) > 1 and has("COOK-06") and request.path == "/login":
        ids = ids[-1:]
        g.kept = True
    with lock:
        for value in ids:
            session = sessions.get(value)
            if session is None and has("FIX-02"):
                session = sessions[value] = new_session()
            if session is not None and alive(session):
                if options.mtls and not bound(session):
                    return Response("another certificate", 403)
                g.id, g.session = value, session
                session["used"] = time.time()
                break
    return None


def drip():
    """A body that has no end."""
    while True:
        time.sleep(0.3)
        yield "."


def bound(session):
    mine = certificate()
    if has("CERT-01") and mine is not None:
        return True
    if has("CERT-02") and mine is None:
        return True
    return session["certificate"] == mine


def begin(user=None, data=None):
    """A new session under a new id."""
    with lock:
        g.id, g.session, g.set = new_id(user), new_session(), True
        g.session["user"] = user
        g.session["data"] = data or {}
        sessions[g.id] = g.session


def end(value):
    with lock:
        sessions.pop(value, None)


@app.after_request
def answer(response):
    if not has("CACHE-01"):
        response.headers["Cache-Control"] = "no-store"
    if g.get("id") and "rotate" in odd and g.session and not g.set and request.path != "/logout":
        with lock:
            if sessions.pop(g.id, None) is not None:
                g.id = new_id()
                sessions[g.id] = g.session
                g.set = True
    if g.get("id") and "grace" in odd and g.session and not g.set and request.path == "/me":
        old = g.id
        with lock:
            if sessions.get(old) is g.session:
                g.id = new_id()
                sessions[g.id] = g.session
                g.set = True
                g.session.setdefault("old", []).append(old)
        threading.Timer(GRACE, end, [old]).start()
    if g.get("set") and g.id and "bearer" not in odd:
        write_cookie(response, g.id)
    return response


def write_cookie(response, value):
    if "signed" in odd:
        value = f"{value}.{sign(value)}"
    attributes = {
        "secure": bool(options.tls) and not has("COOK-01"),
        "httponly": not has("COOK-02"),
        "samesite": None if has("COOK-03") or has("END-04-POST") else "Lax",
        "path": PREFIX or "/",
    }
    if has("COOK-04"):
        attributes["domain"] = request.host.split(":")[0]
    if has("COOK-05"):
        attributes["max_age"] = 30 * 24 * 3600
    if "several" in odd:
        response.set_cookie(NAME, value[:20], **attributes)
        response.set_cookie("part", value[20:], **attributes)
        response.set_cookie("theme", "dark")
    else:
        response.set_cookie(NAME, value, **attributes)


def clear_cookie(response):
    response.set_cookie(NAME, "", max_age=0, path=PREFIX or "/", secure=bool(options.tls), httponly=True)


def from_another_site():
    site = request.headers.get("Sec-Fetch-Site")
    return site not in (None, "same-origin", "none")


def user():
    return g.session and g.session["user"]


@app.get("/login")
def form():
    if {"FIX-03-FORM", "COOK-06"} & bugs or "csrf-less" not in odd:
        if g.session is None:
            begin()
    token = g.session["csrf"] if g.session else ""
    return f"<form method=post><input name=csrf_token type=hidden value='{token}'></form>"


@app.post("/login")
def login():
    data = request.get_json(silent=True) or request.form
    if not has("CSRF-01") and "bearer" not in odd:
        token = g.session["csrf"] if g.session else None
        if "csrf-less" in odd:
            if from_another_site():
                abort(403)
        elif token is None or data.get("csrf_token") != token:
            abort(400)
    name = data.get("username")
    if USERS.get(name) != data.get("password"):
        abort(401)
    if "callback" in odd:
        code = secrets.token_urlsafe(16)
        codes[code] = name
        return redirect(f"{PREFIX}/callback?code={code}")
    return sign_in(name)


@app.get("/callback")
def callback():
    name = codes.pop(request.args.get("code"), None)
    return sign_in(name) if name else abort(400)


def sign_in(name):
    if "single" in odd:
        with lock:
            for value, session in list(sessions.items()):
                if session["user"] == name:
                    del sessions[value]
    kept = g.session["data"] if g.session and has("FIX-04") else {}
    keeps_id = has("FIX-01") or has("FIX-01-ROOT") or has("FIX-02") or g.get("kept")
    if g.session and keeps_id and not g.session["user"]:
        g.session["user"] = name
        g.set = True
    elif g.session and has("FIX-05") and g.session["user"]:
        g.session["user"] = name
        g.set = True
    else:
        if g.id and not has("FIX-05-LEFT"):
            end(g.id)
        begin(name, kept)
    if "bearer" in odd:
        return {"token": g.id}
    if has("LEAK-01") or has("LEAK-02"):
        return redirect(f"{PREFIX}/home?sid={g.id}")
    return redirect(f"{PREFIX}/home")


@app.get("/")
def root():
    if has("FIX-01-ROOT") and g.session is None:
        begin()
    return "<h1>welcome</h1>"


@app.get("/home")
def home():
    text = "<h1>home</h1>"
    if has("LEAK-01-BODY") and g.id:
        text += f"<script>const session = '{g.id}'</script>"
    response = Response(text, mimetype="text/html")
    if not has("LEAK-02"):
        response.headers["Referrer-Policy"] = "no-referrer"
    return response


@app.get("/me")
def me():
    if user():
        if "generic" in odd:
            return "signed in"
        return f"<p>welcome {user()}</p>"
    if "redirect" in odd:
        return redirect(f"{PREFIX}/login")
    if "front" in odd:
        return form()
    if "ok" in odd:
        return "<p>please sign in</p>"
    return Response("not signed in", 401)


@app.route("/logout", methods=["POST", "GET"])
def logout():
    if request.method == "GET" and not has("END-04"):
        abort(405)
    if from_another_site() and not (has("END-04") or has("END-04-POST")):
        abort(403)
    if has("END-01"):
        return "bye"
    if has("END-03"):
        raise RuntimeError("the audit log is full")
    if "two-step" in odd:
        codes[g.id] = "leaving"
        return redirect(f"{PREFIX}/signed-out")
    return sign_out()


@app.get("/signed-out")
def signed_out():
    return sign_out() if codes.pop(g.id, None) else abort(400)


def sign_out():
    response = Response("bye")
    if not has("END-02") and g.id:
        end(g.id)
        if "everywhere" in odd and user():
            with lock:
                for value, session in list(sessions.items()):
                    if session["user"] == user():
                        del sessions[value]
        if g.session:
            for old in g.session.get("old", []):
                end(old)
    g.id = None
    clear_cookie(response)
    return response


@app.post("/write")
def write():
    if g.session is None:
        begin()
    with lock:
        g.session["data"][request.form["key"]] = request.form["value"]
    return "written"


@app.get("/read")
def read():
    return g.session["data"] if g.session else {}


@app.get("/slow")
def slow():
    if g.session is None:
        abort(401)
    value, session = g.id, g.session
    copy = {**session, "data": dict(session["data"])}
    time.sleep(0.3)
    key, text = request.args["key"], request.args["value"]
    with lock:
        if has("RACE-01") or has("RACE-02"):
            gone = value not in sessions
            if not gone or has("RACE-01") or session.get("rotated"):
                copy["data"][key] = text
                sessions[value] = copy
        elif has("RACE-01-NEW") and value not in sessions:
            begin(copy["user"], {**copy["data"], key: text})
        elif has("RACE-03") and value in sessions:
            copy["data"][key] = text
            session["data"] = copy["data"]
        elif value in sessions or g.session in sessions.values():
            session["data"][key] = text
        else:
            abort(409)
    return "written slowly"


@app.post("/elevate")
def elevate():
    if not user():
        abort(401)
    with lock:
        if not has("ROT-01") and "bearer" not in odd:
            session = g.session
            end(g.id)
            session["rotated"] = True
            g.id, g.session, g.set = new_id(), session, True
            sessions[g.id] = session
        g.session["level"] = 1
    return "elevated"


@app.post("/password")
def password():
    if not user():
        abort(401)
    with lock:
        if not has("ROT-02"):
            for value, session in list(sessions.items()):
                if session["user"] == user() and value != g.id:
                    del sessions[value]
    return "changed"


class Below:
    """Serves an application below a path."""

    def __init__(self, application):
        self.application = application

    def __call__(self, environ, start_response):
        path = environ["PATH_INFO"]
        if not path.startswith(PREFIX + "/"):
            start_response("404 Not Found", [("Content-Type", "text/plain")])
            return [b"no such application"]
        environ["SCRIPT_NAME"], environ["PATH_INFO"] = PREFIX, path[len(PREFIX) :]
        return self.application(environ, start_response)


if PREFIX:
    app.wsgi_app = Below(app.wsgi_app)


class Handler(WSGIRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_request(self, *_):
        pass


context = None
if options.tls:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(f"{options.tls}/server.pem", f"{options.tls}/server.key")
    if options.mtls:
        context.load_verify_locations(f"{options.tls}/ca.pem")
        context.verify_mode = ssl.CERT_OPTIONAL

print(f"listening on port {options.port}", flush=True)
app.run("127.0.0.1", options.port, threaded=True, ssl_context=context, request_handler=Handler)

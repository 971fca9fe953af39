# SPDX-License-Identifier: GPL-2.0-only
"""pages.py URL ADMIN-TOKEN METRICS-TOKEN FOLDER: a click path for each page in a real Chromium, by
WebDriver (W3C) over chromedriver. Screenshots go to FOLDER. Prints TAP points without numbers."""
import base64
import json
import os
import re
import socket
import ssl
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request

URL, ADMIN, METRICS, FOLDER = sys.argv[1:5]
ELEMENT = "element-6066-11e4-a52e-4f735466cecf"
tls = ssl.create_default_context()
tls.check_hostname = False
tls.verify_mode = ssl.CERT_NONE


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def until(seconds, condition):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        value = condition()
        if value:
            return value
        time.sleep(0.05)
    return condition()


class Browser:
    def __init__(self, profile, dark, width):
        port = free_port()
        self.base = "http://127.0.0.1:%d" % port
        self.driver = subprocess.Popen(["chromedriver", "--port=%d" % port],
                                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        until(20, self.answers)
        arguments = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
                     "--user-data-dir=" + profile, "--window-size=%d,900" % width]
        if dark:
            arguments.append("--force-dark-mode")
        options = {"args": arguments}
        if width < 500:  # no window is narrower
            options["mobileEmulation"] = {"deviceMetrics": {"width": width, "height": 844, "pixelRatio": 2}}
        self.session = ""
        self.session = "/session/" + self.call("POST", "/session", {"capabilities": {"alwaysMatch": {
            "acceptInsecureCerts": True,
            "goog:loggingPrefs": {"browser": "ALL"},
            "goog:chromeOptions": options}}})["sessionId"]

    def answers(self):
        try:
            return urllib.request.urlopen(self.base + "/status", timeout=2).status == 200
        except OSError:
            return False

    def call(self, method, path, body=None):
        request = urllib.request.Request(
            self.base + (path if path == "/session" else self.session + path), method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Content-Type": "application/json"})
        try:
            return json.load(urllib.request.urlopen(request, timeout=60))["value"]
        except urllib.error.HTTPError as e:
            raise RuntimeError(json.load(e)["value"]["message"]) from None

    def go(self, path):
        self.call("POST", "/url", {"url": URL + path})

    def find(self, css):
        return self.call("POST", "/element", {"using": "css selector", "value": css})[ELEMENT]

    def type(self, css, text):
        ident = self.find(css)
        self.call("POST", "/element/%s/clear" % ident, {})
        self.call("POST", "/element/%s/value" % ident, {"text": text})

    def click(self, css):
        self.call("POST", "/element/%s/click" % self.find(css), {})

    def text(self, css):
        return self.call("GET", "/element/%s/text" % self.find(css))

    def run(self, script, *args):
        return self.call("POST", "/execute/sync", {"script": script, "args": list(args)})

    def shown(self, css):
        return self.run("const e = document.querySelector(arguments[0]);"
                        "return !!e && e.checkVisibility();", css)

    def shot(self, name):
        with open(os.path.join(FOLDER, name + ".png"), "wb") as f:
            f.write(base64.b64decode(self.call("GET", "/screenshot")))

    def complaints(self):
        return [e["message"] for e in self.call("POST", "/se/log", {"type": "browser"})
                if e["level"] == "SEVERE" and "favicon" not in e["message"]]

    def close(self):
        try:
            self.call("DELETE", "", None)
        except (RuntimeError, OSError):
            pass
        self.driver.terminate()
        self.driver.wait(20)


def point(name, good, why=""):
    print("%s - %s" % ("ok" if good else "not ok", name), flush=True)
    if not good:
        print("# %s" % (why,), flush=True)


def post(path, body, token=None):
    headers = {"Content-Type": "application/json"}
    if token:
        headers["Authorization"] = "Bearer " + token
    request = urllib.request.Request(URL + path, method="POST", data=json.dumps(body).encode(),
                                     headers=headers)
    try:
        answer = urllib.request.urlopen(request, timeout=10, context=tls)
        return answer.status, json.load(answer)
    except urllib.error.HTTPError as e:
        return e.code, json.load(e)


def device(b):
    _, asked = post("/v1/device/authorize", {"scope": "peers:add peers:read", "tier": "free"})
    b.go("/device?code=" + asked["user_code"])
    point("/device: the code of the link is filled in",
          b.run("return document.getElementById('code').value") == asked["user_code"])
    b.type("#token", "sct_live_wrong")
    b.click("#open button")
    point("/device: a token of another form is not sent", not b.shown("#shown"))
    b.type("#token", ADMIN)
    b.click("#open button")
    until(10, lambda: b.shown("#shown"))
    b.shot("device")
    point("/device: tier, scopes, address and age are shown", b.text("#d_scope") == "peers:read peers:add"
          and b.text("#d_address").startswith("127.0.0.1") and b.text("#d_age").endswith("s ago")
          and b.text("#d_tier") == "free",
          b.text("#shown"))
    b.click("#approve")
    done = until(10, lambda: b.text("#done"))
    point("/device: approved", "Approved" in (done or ""), done)
    status, got = post("/v1/device/token", {"device_code": asked["device_code"]})
    point("/device: the device has its token",
          status == 200 and re.match(r"sct_live_[0-9A-Za-z]{36}$", got["access_token"]), got)
    _, asked = post("/v1/device/authorize", {})
    b.go("/device")
    b.type("#code", asked["user_code"].lower())
    b.type("#token", ADMIN)
    b.click("#open button")
    until(10, lambda: b.shown("#shown"))
    b.click("#deny")
    until(10, lambda: b.text("#done"))
    status, got = post("/v1/device/token", {"device_code": asked["device_code"]})
    point("/device: denied", (status, got["code"]) == (400, "access_denied"), got)
    b.type("#code", "BBBB-BBBB")
    b.click("#open button")
    point("/device: a wrong code is told", until(10, lambda: b.text("#error")))


def form(path, fields):
    request = urllib.request.Request(URL + path, data=urllib.parse.urlencode(fields).encode())
    try:
        answer = urllib.request.urlopen(request, timeout=10, context=tls)
        return answer.status, json.load(answer)
    except urllib.error.HTTPError as e:
        return e.code, json.load(e)


def standard_client(b):
    """RFC 8628 as any OAuth client does it: forms, the complete link, polls at the interval."""
    _, asked = form("/v1/device/authorize", {"client_id": "television", "scope": "peers:read"})
    poll = {"grant_type": "urn:ietf:params:oauth:grant-type:device_code",
            "device_code": asked["device_code"], "client_id": "television"}
    status, got = form("/v1/device/token", poll)
    point("/device: a client with forms waits", (status, got["error"]) == (400, "authorization_pending"), got)
    link = asked["verification_uri_complete"]
    b.go(link[len(URL):] if link.startswith(URL) else link)
    b.type("#token", ADMIN)
    b.click("#open button")
    until(10, lambda: b.shown("#shown"))
    point("/device: its name and the account are shown", b.text("#d_client") == "television"
          and b.text("#d_account") == "alice (free)" and b.text("#d_tier") == "none", b.text("#shown"))
    b.click("#approve")
    until(10, lambda: b.text("#done"))
    # RFC 8628 section 3.5: at the interval, or slower when told so.
    interval, end = asked["interval"], time.monotonic() + 60
    while time.monotonic() < end:
        time.sleep(interval)
        status, got = form("/v1/device/token", poll)
        if status == 200 or got["error"] not in ("authorization_pending", "slow_down"):
            break
        interval += 5 if got["error"] == "slow_down" else 0
    point("/device: it has its token, of the scope that it asked for", status == 200
          and re.match(r"sct_live_[0-9A-Za-z]{36}$", got["access_token"])
          and got["token_type"].lower() == "bearer" and got["scope"] == "peers:read", got)


def tokens(b):
    b.go("/tokens")
    b.type("#token", ADMIN)
    b.click("#open button")
    point("/tokens: the list", until(10, lambda: b.shown("#account")))
    b.type("#name", "from-browser")
    b.type("#max_peers", "3")
    b.click("#make button")
    until(10, lambda: b.shown("#made"))
    secret = b.text("#secret")
    b.shot("tokens")
    point("/tokens: a new token is shown", re.match(r"sct_live_[0-9A-Za-z]{36}$", secret), secret)
    point("/tokens: it stands in the list with its limit", until(
        10, lambda: "from-browser peers:read peers:add 3 peers" in b.text("#list")), b.text("#list"))
    status, _ = post("/v1/peers", {}, secret)
    point("/tokens: it works", status == 400)
    button = "button[aria-label='Revoke from-browser']"
    b.click(button)
    point("/tokens: one click does not revoke", post("/v1/peers", {}, secret)[0] == 400)
    until(10, lambda: b.run("return !document.querySelector(arguments[0]).disabled", button))
    b.click(button)
    point("/tokens: two do", until(10, lambda: post("/v1/peers", {}, secret)[0] == 401))
    until(10, lambda: "revoked" in b.text("#list"))
    b.go("/tokens")
    point("/tokens: nothing of it is left after a reload",
          secret not in b.run("return document.documentElement.outerHTML") and not b.shown("#made")
          and b.run("return localStorage.length + sessionStorage.length + document.cookie.length") == 0)


def status(b):
    b.go("/")
    point("/: says that it answers", "answers" in b.text("[role=status]"))
    point("/: no figures without a token", not b.shown("#figures"))
    b.type("#token", METRICS)
    b.click("#open button")
    until(10, lambda: b.shown("#figures"))
    point("/: charts for the operator", b.run("return document.querySelectorAll('#charts figure').length") == 6)
    drawn = until(10, lambda: b.run(
        "return [...document.querySelectorAll('#charts path')].every(p => /L/.test(p.getAttribute('d') || ''))"))
    point("/: they live", drawn)
    b.shot("status")
    point("/: drops by reason", b.run("return document.querySelectorAll('#drops tr').length") > 5)


def every_page(b, kind):
    for path in ("/", "/tokens", "/device", "/warrant-canary", "/terms"):
        b.go(path)
        name = path.strip("/") or "status"
        b.shot("%s-%s" % (name, kind))
        wide = b.run("return document.documentElement.scrollWidth - window.innerWidth")
        point("%s (%s): fits the screen" % (path, kind), wide <= 0, "%d px too wide" % wide)
        bare = b.run("""return [...document.querySelectorAll('input, select, button')].filter(e =>
            !(e.labels && e.labels.length) && !e.textContent.trim() && !e.ariaLabel).length""")
        point("%s (%s): every control has a name" % (path, kind), bare == 0)
        # WCAG 2.2, 1.3.1, 2.4.2, 3.1.1: what a screen reader goes by.
        marks = b.run("""return [document.documentElement.lang, document.title.length > 0,
            document.querySelectorAll('h1').length, document.querySelectorAll('main').length,
            [...document.querySelectorAll('nav')].every(n => n.ariaLabel),
            [...document.querySelectorAll('svg')].every(s => s.ariaHidden || s.ariaLabel)].join(' ')""")
        point("%s (%s): language, title, landmarks" % (path, kind), marks == "en true 1 1 true true", marks)
        # 2.1.1, 2.4.7: all that can be clicked is reached by the keyboard, and it shows.
        lost = b.run("""return [...document.querySelectorAll('a, button, input, select')].filter(e =>
            e.checkVisibility() && !e.disabled).filter(e => { e.focus();
            return document.activeElement !== e || e.tabIndex < 0; }).map(e => e.outerHTML.slice(0, 80))""")
        point("%s (%s): the keyboard reaches everything" % (path, kind), not lost, lost)
        # WCAG 2.2, 1.4.3: 4.5 to 1.
        low = b.run("""
            const lum = c => { const v = c.match(/[0-9.]+/g).slice(0, 3).map(x => { x /= 255;
                return x <= .03928 ? x / 12.92 : ((x + .055) / 1.055) ** 2.4; });
                return .2126 * v[0] + .7152 * v[1] + .0722 * v[2]; };
            const back = e => { for (; e; e = e.parentElement) {
                const c = getComputedStyle(e).backgroundColor;
                if (!/, 0\\)$/.test(c)) return c; } return 'rgb(255, 255, 255)'; };
            return [...document.querySelectorAll('body *')].filter(e => e.checkVisibility() &&
                [...e.childNodes].some(n => n.nodeType === 3 && n.data.trim())).filter(e => {
                const a = lum(getComputedStyle(e).color), b = lum(back(e));
                return (Math.max(a, b) + .05) / (Math.min(a, b) + .05) < 4.5;
            }).map(e => e.outerHTML.slice(0, 80));""")
        point("%s (%s): text stands out from its ground" % (path, kind), not low, low)


def browse(dark, width, work):
    with tempfile.TemporaryDirectory() as profile:
        b = Browser(profile, dark, width)
        try:
            work(b)
            return b.complaints()
        finally:
            b.close()


def clicks(b):
    device(b)
    standard_client(b)
    tokens(b)
    status(b)


complaints = [c for c in browse(False, 1200, clicks) if "the server responded with a status of" not in c]
point("no script failed, nothing broke the policy", not complaints, complaints)
complaints = browse(False, 390, lambda b: every_page(b, "phone"))
point("phone: no complaint of the browser", not complaints, complaints)
complaints = browse(True, 1200, lambda b: every_page(b, "dark"))
point("dark: no complaint of the browser", not complaints, complaints)

// SPDX-License-Identifier: Apache-2.0

// A headless Chromium, driven by its debugging protocol over a pipe (file descriptors 3 and 4), with nothing but
// Node's standard library. It owns the browser process and its profile; tests see Browser and Tab.
//
// A Browser outlives no test run: close() ends the process it started, and kill() ends it as a loss of the process
// would, after which start() with the same profile is the next run of the same user's browser.

import { spawn } from "node:child_process";

const flags = [
  "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
  "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage", "--disable-extensions", "--mute-audio",
  "--disable-features=Translate,OptimizationHints,MediaRouter", "--remote-debugging-pipe",
];

// callTime bounds one call of the protocol, in milliseconds.
const callTime = 60_000;

// emptyTime bounds the first call to an empty tab, which runs nothing of ours, and tries how many empty tabs are made.
// Chromium keeps a process in reserve for the next tab; where that one has just been killed, the tab never answers.
const emptyTime = 10_000;
const tries = 5;

export class Browser {
  #process;
  #last = 0;
  #calls = new Map(); // by number: what waits for the answer
  #listeners = new Map(); // by session: a function that takes events
  #rest = "";
  #ended;

  // start starts a browser. names are hosts that stand for this machine; no other host can be reached.
  static async start(path, profile, names = []) {
    const b = new Browser();
    const hosts = [...names.map((name) => `MAP ${name} 127.0.0.1`), "MAP * ~NOTFOUND", "EXCLUDE 127.0.0.1"].join(", ");
    b.#process = spawn(path, [...flags, `--host-resolver-rules=${hosts}`, `--user-data-dir=${profile}`, "about:blank"], {
      stdio: ["ignore", "ignore", "pipe", "pipe", "pipe"],
      detached: true, // a group of its own, so that all its processes can be ended
    });
    let errors = "";
    b.#process.stderr.on("data", (text) => { errors = (errors + text).slice(-4000); });
    b.#ended = new Promise((resolve) => b.#process.on("exit", resolve));
    b.#process.on("error", (e) => b.#fail(e));
    b.#ended.then(() => b.#fail(new Error(`the browser has ended:\n${errors}`)));
    for (const i of [3, 4]) b.#process.stdio[i].on("error", () => {}); // the end of the process says it, too
    b.#process.stdio[4].setEncoding("utf8");
    b.#process.stdio[4].on("data", (text) => b.#read(text));
    await b.call("Browser.getVersion");
    return b;
  }

  #fail(error) {
    for (const { reject } of this.#calls.values()) reject(error);
    this.#calls.clear();
  }

  #read(text) {
    const parts = (this.#rest + text).split("\0");
    this.#rest = parts.pop();
    for (const part of parts) {
      const message = JSON.parse(part);
      if (message.id === undefined) {
        this.#listeners.get(message.sessionId)?.(message.method, message.params);
        continue;
      }
      const call = this.#calls.get(message.id);
      this.#calls.delete(message.id);
      if (message.error) call?.reject(new Error(`${call.method}: ${message.error.message}`));
      else call?.resolve(message.result);
    }
  }

  // call calls a method of the protocol, in a session if one is given.
  call(method, params = {}, sessionId = undefined, time = callTime) {
    const id = ++this.#last;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => { this.#calls.delete(id); reject(new Error(`${method}: no answer`)); }, time);
      const settle = (f) => (v) => { clearTimeout(timer); f(v); };
      this.#calls.set(id, { method, resolve: settle(resolve), reject: settle(reject) });
      this.#process.stdio[3].write(JSON.stringify({ id, method, params, sessionId }) + "\0");
    });
  }

  listen(sessionId, f) { this.#listeners.set(sessionId, f); }
  forget(sessionId) { this.#listeners.delete(sessionId); }

  // open opens a tab. before runs in each document of it before its own scripts.
  async open(address, { before = "" } = {}) {
    const tab = await this.#empty();
    await tab.prepare(before);
    await tab.visit(address);
    return tab;
  }

  // empty makes a tab that answers.
  async #empty() {
    for (let left = tries; ; left--) {
      const { targetId } = await this.call("Target.createTarget", { url: "about:blank" });
      try {
        const { sessionId } = await this.call("Target.attachToTarget", { targetId, flatten: true }, undefined, emptyTime);
        await this.call("Runtime.evaluate", { expression: "1" }, sessionId, emptyTime);
        return new Tab(this, targetId, sessionId);
      } catch (e) {
        if (left <= 1) throw e;
        await this.call("Target.closeTarget", { targetId }, undefined, emptyTime).catch(() => {});
      }
    }
  }

  // renderers returns the numbers of the processes that run pages.
  async renderers() {
    const { processInfo } = await this.call("SystemInfo.getProcessInfo");
    return processInfo.filter((p) => p.type === "renderer").map((p) => p.id);
  }

  // gone waits until the browser counts none of these processes any more.
  async gone(killed) {
    for (const end = Date.now() + callTime; ;) {
      const left = (await this.renderers()).filter((pid) => killed.includes(pid));
      if (left.length === 0) return;
      if (Date.now() > end) throw new Error(`the browser still counts the killed processes ${left}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  // kill ends all processes of the browser at once.
  async kill() {
    process.kill(-this.#process.pid, "SIGKILL");
    await this.#ended;
  }

  async close() {
    const late = setTimeout(() => this.kill(), 5000);
    await this.call("Browser.close").catch(() => {});
    await this.#ended;
    clearTimeout(late);
  }
}

export class Tab {
  faults = []; // exceptions, errors on the console and in the log, also of its workers
  requests = []; // the addresses of all requests, also of its workers
  acknowledged = []; // what the page has given to acknowledge()

  constructor(browser, targetId, sessionId) {
    this.browser = browser;
    this.targetId = targetId;
    this.sessionId = sessionId;
    this.workers = new Map(); // by target: its session
  }

  call(method, params) { return this.browser.call(method, params, this.sessionId); }

  async prepare(before) {
    this.#attend(this.sessionId);
    await this.call("Runtime.addBinding", { name: "acknowledge" });
    await Promise.all([this.#enable(this.sessionId), this.call("Page.enable"), this.call("Inspector.enable")]);
    if (before) await this.call("Page.addScriptToEvaluateOnNewDocument", { source: before });
  }

  async #enable(sessionId) {
    const call = (method, params) => this.browser.call(method, params, sessionId);
    await Promise.all([
      call("Runtime.enable"), call("Network.enable"), call("Log.enable").catch(() => {}),
      call("Target.setAutoAttach", { autoAttach: true, waitForDebuggerOnStart: true, flatten: true }),
    ]);
  }

  #attend(sessionId) {
    this.browser.listen(sessionId, (method, p) => {
      switch (method) {
        case "Runtime.exceptionThrown":
          this.faults.push(p.exceptionDetails.exception?.description ?? p.exceptionDetails.text);
          break;
        case "Runtime.consoleAPICalled":
          if (p.type === "error") this.faults.push(p.args.map((a) => a.value ?? a.description).join(" "));
          break;
        case "Log.entryAdded":
          if (p.entry.level === "error") this.faults.push(`${p.entry.text} ${p.entry.url ?? ""}`);
          break;
        case "Network.requestWillBeSent":
          this.requests.push(p.request.url);
          break;
        case "Runtime.bindingCalled":
          this.acknowledged.push(p.payload);
          this.onAcknowledged?.(p.payload);
          break;
        case "Inspector.targetCrashed":
          this.onCrash?.();
          break;
        case "Target.attachedToTarget":
          this.workers.set(p.targetInfo.targetId, p.sessionId);
          this.#attend(p.sessionId);
          this.#enable(p.sessionId).catch(() => {})
            .finally(() => this.browser.call("Runtime.runIfWaitingForDebugger", {}, p.sessionId).catch(() => {}));
          break;
        case "Target.detachedFromTarget":
          this.workers.delete(p.targetId);
          this.browser.forget(p.sessionId);
          break;
        case "Page.loadEventFired":
          this.onLoad?.();
          break;
      }
    });
  }

  // visit opens an address and waits until it is loaded.
  async visit(address) {
    const loaded = new Promise((resolve) => { this.onLoad = resolve; });
    const { errorText } = await this.call("Page.navigate", { url: address });
    if (errorText) throw new Error(`${address}: ${errorText}`);
    await loaded;
  }

  async reload() {
    const loaded = new Promise((resolve) => { this.onLoad = resolve; });
    await this.call("Page.reload");
    await loaded;
  }

  // run calls a function in the page and returns what it returns or resolves to, as JSON has it.
  async run(f, ...args) {
    const expression = `(${f})(${args.map((a) => JSON.stringify(a) ?? "undefined").join(", ")})`;
    const { result, exceptionDetails: e } = await this.call("Runtime.evaluate", {
      expression, awaitPromise: true, returnByValue: true, userGesture: true,
    });
    if (e) throw new Error(`in the page: ${e.exception?.description ?? e.text}`);
    return result.value;
  }

  // start is run without waiting for the end.
  start(f, ...args) { this.run(f, ...args).catch(() => {}); }

  // until waits until a function returns something true in the page.
  async until(f, ...args) {
    for (const end = Date.now() + callTime / 2; Date.now() < end;) {
      const value = await this.run(f, ...args);
      if (value) return value;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    throw new Error(`never true: ${f}\nThe page:\n${await this.run(() => document.body.innerText)}`);
  }

  // acknowledgements waits until the page has acknowledged n times.
  acknowledgements(n) {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`${this.acknowledged.length} of ${n} acknowledged; ${this.faults}`)), callTime);
      const look = () => {
        if (this.acknowledged.length < n) return;
        clearTimeout(timer);
        this.onAcknowledged = undefined;
        resolve();
      };
      this.onAcknowledged = look;
      look();
    });
  }

  // screen sets the size of the window.
  screen(width, height, dark = false) {
    return Promise.all([
      this.call("Emulation.setDeviceMetricsOverride", { width, height, deviceScaleFactor: 1, mobile: false }),
      this.call("Emulation.setEmulatedMedia", { features: [{ name: "prefers-color-scheme", value: dark ? "dark" : "light" }] }),
    ]);
  }

  // press sends a key to what has the focus, as a keyboard does.
  async press(key, modifiers = 0) {
    const named = { Enter: ["\r", 13], Tab: ["", 9], Escape: ["", 27], ArrowDown: ["", 40], ArrowUp: ["", 38], Home: ["", 36], End: ["", 35], PageDown: ["", 34] };
    const [text, code] = named[key] ?? [key, key.toUpperCase().charCodeAt(0)];
    const event = { key, code: key.length > 1 ? key : undefined, windowsVirtualKeyCode: code, modifiers };
    await this.call("Input.dispatchKeyEvent", { ...event, type: "keyDown", text: modifiers & ~8 ? "" : text });
    await this.call("Input.dispatchKeyEvent", { ...event, type: "keyUp" });
  }

  async write(text) { await this.call("Input.insertText", { text }); }

  async screenshot() {
    const { data } = await this.call("Page.captureScreenshot", { format: "png" });
    return Buffer.from(data, "base64");
  }

  async close() {
    await this.browser.call("Target.closeTarget", { targetId: this.targetId }).catch(() => {});
    this.browser.forget(this.sessionId);
    for (const s of this.workers.values()) this.browser.forget(s);
  }
}

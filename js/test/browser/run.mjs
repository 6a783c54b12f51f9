// SPDX-License-Identifier: Apache-2.0

// Runs the tests of this folder in a browser. The Go test next to it builds the package, starts this program, and
// reads a line of JSON for each test from its standard output: name, and error if it failed.
//
//	node run.mjs BROWSER PACKAGE FILES [NAME]
//
// PACKAGE is the built package, FILES a folder: databases that native Go has written are in it, and those that
// native Go is to read go there. Only tests whose name has NAME in it are run.

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";

import { Browser } from "./chrome.mjs";
import { serve } from "./server.mjs";
import * as demo from "./demo.mjs";
import * as docs from "./docs.mjs";
import * as files from "./files.mjs";
import * as kill from "./kill.mjs";
import * as opfs from "./opfs.mjs";

// insecure is a host whose pages the browser does not trust, as it trusts this machine: they have no OPFS.
const insecure = "insecure.test";

const [browserPath, packageFolder, filesFolder, only = ""] = process.argv.slice(2);
const here = path.dirname(fileURLToPath(import.meta.url));

// World is what a test has: the browser, whose profile outlives it, and the addresses of the server.
class World {
  files = filesFolder;
  tabs = [];

  constructor(profile, port) {
    this.profile = profile;
    this.origin = `http://127.0.0.1:${port}`;
    this.insecure = `http://${insecure}:${port}`;
  }

  async start() { this.browser = await Browser.start(browserPath, this.profile, [insecure]); }

  // open opens a tab with the test page, or another address.
  async open(address = `${this.origin}/test/page.html`, options = {}) {
    const tab = await this.browser.open(address, options);
    this.tabs.push(tab);
    if (address.endsWith("/page.html")) await tab.until(() => window.ready);
    return tab;
  }

  // killRenderers ends the processes of all pages, as the system does when memory is short. It waits until the browser
  // has noticed: one of them is kept in reserve for the next tab, which must not be given a process that has ended.
  async killRenderers() {
    const crashed = this.tabs.map((tab) => new Promise((resolve) => { tab.onCrash = resolve; }));
    const killed = await this.browser.renderers();
    for (const pid of killed) process.kill(pid, "SIGKILL");
    await Promise.all(crashed);
    await this.browser.gone(killed);
    await this.closeTabs();
  }

  async closeTabs() {
    const tabs = this.tabs.splice(0);
    await Promise.all(tabs.map((tab) => tab.close()));
    return tabs;
  }
}

const profile = await mkdtemp(path.join(tmpdir(), "lsmlite-browser-"));
const server = await serve([
  ["/test/", here], ["/demo/", path.join(here, "../../demo")], ["/files/", filesFolder], ["/", packageFolder],
]);
const world = new World(profile, server.port);
try {
  await world.start();
  for (const [name, test] of [opfs, files, docs, kill, demo].flatMap((m) => Object.entries(m))) {
    if (!name.includes(only)) continue;
    const begun = Date.now();
    let error;
    try {
      await test(world);
    } catch (e) {
      error = String(e?.stack ?? e);
    }
    // A fault that the test has not taken from the tab fails it.
    for (const tab of await world.closeTabs()) if (tab.faults.length > 0) error = `${error ?? ""}\nin the browser: ${tab.faults.join("\n")}`;
    console.log(JSON.stringify({ name, error, ms: Date.now() - begun }));
  }
} finally {
  await world.browser?.close();
  server.close();
  await rm(profile, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
}

// SPDX-License-Identifier: Apache-2.0

// The demo, used as a visitor does: by dropped files, the keyboard and the mouse. With LSMLITE_SHOTS, a folder,
// pictures of the page are written there.

import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import path from "node:path";

async function shot(tab, name) {
  if (process.env.LSMLITE_SHOTS) await writeFile(path.join(process.env.LSMLITE_SHOTS, `${name}.png`), await tab.screenshot());
}

async function openDemo(w, width = 1100, height = 900, dark = false) {
  const tab = await w.open("about:blank");
  await tab.screen(width, height, dark);
  await tab.visit(`${w.origin}/demo/`);
  await tab.until(() => document.documentElement.dataset.ready === "yes");
  return tab;
}

// drop lets files fall onto the page, as the system does.
async function drop(w, tab, ...names) {
  const data = { items: [], files: names.map((name) => path.join(w.files, name)), dragOperationsMask: 1 };
  for (const type of ["dragEnter", "dragOver", "drop"]) await tab.call("Input.dispatchDragEvent", { type, x: 200, y: 300, data });
}

const shows = (tab, id, words) => tab.until((id, words) => document.getElementById(id).innerText.includes(words), id, words);
const write = (tab, id, words) => tab.run((id, words) => {
  const field = document.getElementById(id);
  field.focus();
  field.value = words;
  field.dispatchEvent(new Event("input"));
}, id, words);

// onlyItself: whatever was done, each request went to the server of the page, and the policy refuses others.
async function onlyItself(w, tab) {
  assert.ok(tab.requests.some((r) => r.endsWith("/lsmlite.wasm")), "the program was not loaded: the requests are not seen");
  const foreign = tab.requests.filter((r) => !r.startsWith(w.origin + "/") && !r.startsWith("blob:") && r !== "about:blank");
  assert.deepEqual(foreign, []);
  assert.equal(await tab.run(() => fetch("https://example.com/").then(() => "sent", () => "refused")), "refused");
  assert.equal(await tab.run(() => new Promise((resolve) => {
    const image = new Image();
    image.onload = () => resolve("sent");
    image.onerror = () => resolve("refused");
    image.src = "https://example.com/x.png";
  })), "refused");
  const policy = tab.faults.filter((f) => /Content Security Policy/.test(f));
  assert.ok(policy.length >= 2, `what was refused was not by the policy: ${tab.faults}`);
  tab.faults = tab.faults.filter((f) => !/Content Security Policy|example\.com/.test(f));
}

export async function demoBrowsesAndSaves(w) {
  const tab = await openDemo(w);
  await shot(tab, "start");
  await drop(w, tab, "native.lsm");
  await shows(tab, "note", "200 keys, and there are more");
  await shows(tab, "name", "native.lsm");

  // The list has the focus, and its keys are walked by the arrows.
  await shows(tab, "key", "native/0000");
  for (let i = 0; i < 3; i++) await tab.press("ArrowDown");
  await shows(tab, "key", "native/0003");
  await shows(tab, "value", "value 3");
  await shot(tab, "browse");
  await tab.press("/");
  assert.equal(await tab.run(() => document.activeElement.id), "prefix");
  await tab.write("native/09");
  await shows(tab, "note", "100 keys");
  await write(tab, "prefix", "");
  await shows(tab, "note", "200 keys, and there are more");
  await tab.run(() => document.getElementById("more").click());
  await shows(tab, "note", "400 keys, and there are more");

  // Bytes that are no text.
  await write(tab, "sql", "INSERT INTO kv VALUES (x'00ff', x'0001feff')");
  await tab.press("Enter", 2); // Ctrl
  await shows(tab, "outcome", "0 rows");
  await tab.until(() => document.querySelector("#list li").textContent === "x'00ff'");
  await tab.run(() => document.getElementById("list").focus());
  await tab.press("Home");
  await shows(tab, "value", "00000000  00 01 fe ff");
  await tab.press("ArrowDown");
  await shows(tab, "value", "value 0");
  await tab.run(() => document.getElementById("as-hex").click());
  await shows(tab, "value", "00000000  76 61 6c 75 65 20 30");

  await write(tab, "sql", "SELECT key, value, length(value) AS n FROM kv WHERE key >= 'native/0997'");
  await tab.press("Enter", 2);
  await shows(tab, "outcome", "3 rows");
  await shows(tab, "result", "value 999");
  assert.deepEqual(await tab.run(() => Array.from(document.querySelectorAll("#result th"), (th) => th.textContent)), ["key", "value", "n"]);
  await shot(tab, "query");
  await write(tab, "sql", "SELECT * FRM kv");
  await tab.press("Enter", 2);
  await shows(tab, "refused", 'unexpected "FRM"');

  await w.browser.call("Browser.setDownloadBehavior", { behavior: "allow", downloadPath: path.join(w.files, "saved"), eventsEnabled: true });
  const saved = new Promise((resolve) => w.browser.listen(undefined, (method, p) => {
    if (method === "Browser.downloadProgress" && p.state === "completed") resolve(p);
  }));
  await tab.run(() => { document.getElementById("name").textContent = "x"; }); // the name of the file is that of the file
  await tab.run(() => document.getElementById("save").click());
  await saved;
  w.browser.forget(undefined);
  await onlyItself(w, tab);
  await tab.run(() => document.getElementById("close").click());
  await tab.until(() => !document.getElementById("start").hidden);
}

// demoReadsTheLog: what a killed program has left is there if its log is dropped with it.
export async function demoReadsTheLog(w) {
  const tab = await openDemo(w);
  await drop(w, tab, "killed.lsm", "killed.lsm-log");
  await shows(tab, "note", "10 keys");
  await shows(tab, "value", "in the log 0");
  await onlyItself(w, tab);
}

// demoUnlocks: an encrypted file is opened with its key, and not with another one.
export async function demoUnlocks(w) {
  const tab = await openDemo(w);
  await drop(w, tab, "locked.lsm");
  await shows(tab, "unlock", "locked.lsm is encrypted");
  assert.equal(await tab.run(() => document.activeElement.id), "secret");
  await shot(tab, "unlock");
  await tab.write("ab".repeat(32));
  await tab.press("Enter");
  await shows(tab, "error", "key");
  await tab.until(() => document.getElementById("secret").value === "" && document.activeElement.id === "secret");
  await tab.write("07".repeat(32));
  await tab.press("Enter");
  await shows(tab, "note", "10 keys");
  await shows(tab, "value", "secret 0");
  assert.equal(await tab.run(() => document.getElementById("unlock").hidden && document.getElementById("error").hidden), true);
  await onlyItself(w, tab);
}

export async function demoRefuses(w) {
  const tab = await openDemo(w);
  await drop(w, tab, "text.lsm");
  await shows(tab, "error", "not an lsm1 database");
  await drop(w, tab, "killed.lsm-log");
  await shows(tab, "error", "log");
  await drop(w, tab, "native.lsm", "text.lsm");
  await shows(tab, "error", "One file at a time");
  await tab.run(() => document.getElementById("sample").click());
  await shows(tab, "note", "200 keys, and there are more");
  assert.equal(await tab.run(() => document.getElementById("error").hidden), true);
  await drop(w, tab, "text.lsm"); // what is open stays open
  await shows(tab, "error", "not an lsm1 database");
  await shows(tab, "name", "sample.lsm");
  await tab.run(() => document.getElementById("list").focus());
  await tab.press("End");
  await shows(tab, "key", "reading/0198");
}

// demoRunsTheNewest: of two statements only the newest shows something, and none after the file was closed.
export async function demoRunsTheNewest(w) {
  const tab = await openDemo(w);
  await tab.run(() => document.getElementById("sample").click());
  await shows(tab, "note", "200 keys, and there are more");
  await tab.run(() => {
    window.most = 0; // tables at a time
    new MutationObserver(() => { window.most = Math.max(window.most, document.querySelectorAll("#result tbody").length); })
      .observe(document.getElementById("result"), { childList: true });
    document.getElementById("sql").value = "SELECT key, value FROM kv";
    for (let i = 0; i < 2; i++) document.getElementById("statement").requestSubmit();
  });
  await shows(tab, "outcome", "506 rows");
  await tab.run(() => {
    document.getElementById("sql").value = "SELECT key, value FROM kv ORDER BY key DESC";
    document.getElementById("statement").requestSubmit();
    document.getElementById("sql").value = "SELECT count(*) AS n FROM kv";
    document.getElementById("statement").requestSubmit();
  });
  await shows(tab, "outcome", "1 row,");
  await write(tab, "sql", "SELECT 'the last'"); // asks after all the others
  await tab.press("Enter", 2);
  await shows(tab, "result", "the last");
  assert.deepEqual(await tab.run(() => [window.most, document.querySelectorAll("#result tbody tr").length]), [1, 1]);

  // What is written is in the list, also if the statement after it is refused.
  await tab.run(() => {
    document.getElementById("sql").value = "INSERT INTO kv VALUES ('a new key', '1')";
    document.getElementById("statement").requestSubmit();
    document.getElementById("sql").value = "SELEC";
    document.getElementById("statement").requestSubmit();
  });
  await shows(tab, "refused", "SELEC");
  await shows(tab, "list", "a new key");

  await tab.run(() => {
    document.getElementById("sql").value = "SELECT key, value FROM kv";
    document.getElementById("statement").requestSubmit();
    document.getElementById("close").click();
  });
  await tab.until(() => !document.getElementById("start").hidden);
  assert.deepEqual(await tab.run(() => ["refused", "error"].map((id) => document.getElementById(id).hidden)), [true, true]);
  assert.equal(await tab.run(() => document.getElementById("result").childElementCount), 0);
}

// demoOpensTheNewest: a file that comes after one that was requested later is not shown.
export async function demoOpensTheNewest(w) {
  const tab = await openDemo(w);
  await tab.run(() => {
    const { arrayBuffer } = Blob.prototype;
    Blob.prototype.arrayBuffer = async function () {
      await new Promise((resolve) => { window.goOn = resolve; });
      return arrayBuffer.call(this);
    };
  });
  await drop(w, tab, "native.lsm");
  await tab.until(() => window.goOn !== undefined);
  await tab.run(() => document.getElementById("sample").click());
  await shows(tab, "name", "sample.lsm");
  await shows(tab, "note", "200 keys, and there are more");
  await tab.run(() => window.goOn());
  await new Promise((resolve) => setTimeout(resolve, 1000)); // so long would the other one take at most
  assert.equal(await tab.run(() => document.getElementById("name").textContent), "sample.lsm");
  await write(tab, "sql", "SELECT count(*) AS n FROM kv");
  await tab.press("Enter", 2);
  await shows(tab, "result", "506");
  await tab.run(() => document.getElementById("close").click());
  await tab.until(() => !document.getElementById("start").hidden);
}

// demoOnNarrowScreens: nothing is wider than the screen, and what is to be pressed can be.
export async function demoOnNarrowScreens(w) {
  const tab = await openDemo(w, 360, 740, true);
  const fits = async (where) => {
    const [over, out] = await tab.run(() => [document.documentElement.scrollWidth - document.documentElement.clientWidth,
      Array.from(document.querySelectorAll("main *, header *")).filter((e) => e.getBoundingClientRect().right > innerWidth + 1 && !e.closest(".hidden, .skip, .wide, #list, #value")).map((e) => e.id || e.tagName)]);
    assert.equal(over, 0, where);
    assert.deepEqual(out, [], where);
  };
  await fits("at the start");
  await shot(tab, "narrow-start");
  await tab.run(() => document.getElementById("sample").click());
  await shows(tab, "note", "200 keys");
  await write(tab, "sql", "SELECT key, value, length(value) AS n FROM kv");
  await tab.press("Enter", 2);
  await shows(tab, "outcome", "506 rows");
  await fits("with a file");
  await shot(tab, "narrow");
}

// SPDX-License-Identifier: Apache-2.0

// The demo: a dropped .lsm file is opened in memory, browsed, queried and saved. It owns the page; what it knows of
// lsmlite is the public interface of index.js.
//
// One database is open at a time. What is slow is numbered, so that an answer that comes late changes nothing.

import { open } from "../index.js";
import { dump, hex, isText, label, size, text } from "./bytes.js";
import { List, pageRows } from "./list.js";

// maxFile is the largest file that is opened, in bytes: it is in memory as a whole, and a copy of it when it is saved.
const maxFile = 1024 * 1024 * 1024;

// maxRows is how many rows of a result are shown.
const maxRows = 1000;

const at = (id) => document.getElementById(id);
const encoder = new TextEncoder();

let db; // the open database
let file = { name: "", size: 0 };
let locked; // the file that waits for its key
let shown = 0; // number of the newest request for keys
let looked = 0; // number of the newest request for a value
let ran = 0; // number of the newest statement
let asked = 0; // number of the newest request to open a file
let came = 0; // number of the newest one of those that came to something
let value; // the bytes that are shown
let form = "auto"; // "text" or "hex" once the visitor has chosen

const list = new List(at("list"), look);

function say(words) { at("status").textContent = words; }

function fail(error) {
  at("error").textContent = error?.message ?? String(error);
  at("error").hidden = false;
  say("");
}

// attempt does something and shows what goes wrong.
async function attempt(f) {
  at("error").hidden = true;
  try { return await f(); } catch (error) { fail(error); return undefined; }
}

// isLog says whether a file is the log of a database: SQLite's lsm1 and lsmlite give it the name with -log.
const isLog = (f) => f.name.endsWith("-log");

async function openFiles(files) {
  const mine = ++asked;
  const main = files.find((f) => !isLog(f));
  if (!main) throw new Error(files.length ? "This is a log. Drop the database together with it." : "There is no file in that.");
  if (files.filter((f) => !isLog(f)).length > 1) throw new Error("One file at a time, and its log.");
  const log = files.find(isLog);
  const bytes = main.size + (log?.size ?? 0);
  if (bytes > maxFile) throw new Error(`${main.name} has ${size(bytes)}; this page opens up to ${size(maxFile)}.`);
  await unlock({
    mine, name: main.name, size: bytes, content: new Uint8Array(await main.arrayBuffer()),
    log: log && new Uint8Array(await log.arrayBuffer()),
  });
}

// unlock opens a file, and asks for its key if it needs one. secret is {passphrase} or {key}, if it is known.
async function unlock(wanted, secret = {}) {
  if (wanted.mine < came) return;
  locked = undefined;
  at("unlock").hidden = true;
  say("Opening …");
  let opened;
  try {
    opened = await open(wanted.name, { storage: "memory", content: wanted.content, log: wanted.log, ...secret });
  } catch (error) {
    if (error.kind !== "key") throw error;
    if (wanted.mine < came) return;
    came = wanted.mine;
    locked = wanted;
    at("locked").textContent = wanted.name;
    at("unlock").hidden = false;
    at("secret").value = "";
    at("secret").focus();
    say("");
    if (secret.key || secret.passphrase) throw error; // it was a wrong one
    return;
  }
  await show(opened, wanted);
}

// secretOf reads what was typed: 64 hex digits are a key.
function secretOf(typed) {
  if (!/^[0-9a-f]{64}$/i.test(typed)) return { passphrase: typed };
  return { key: Uint8Array.from(typed.match(/../g), (digits) => parseInt(digits, 16)) };
}

async function sample() {
  const mine = ++asked;
  say("Making rows …");
  const made = await open("sample.lsm", { storage: "memory" });
  await made.transaction(async (tx) => {
    for (const [i, name] of ["Ada", "Grace", "Edsger", "Barbara", "Donald"].entries()) {
      await tx.put(`user/${i + 1}`, JSON.stringify({ name, visits: (i + 1) * 7 }, null, 2));
    }
    for (let i = 0; i < 500; i++) await tx.put(`reading/${String(i).padStart(4, "0")}`, (20 + 5 * Math.sin(i / 25)).toFixed(2));
    await tx.put(Uint8Array.of(0, 255), Uint8Array.from({ length: 256 }, (_, i) => i));
  });
  await show(made, { mine, name: "sample.lsm", size: undefined });
}

// show shows what has been opened, unless what was requested later has come before.
async function show(opened, about) {
  came = Math.max(came, about.mine);
  do {
    if (about.mine < came) return void (await opened.close());
    await shut();
  } while (db !== undefined || about.mine < came); // another file may have been opened meanwhile
  db = opened;
  file = { name: about.name, size: about.size };
  at("name").textContent = about.name;
  at("about").textContent = about.size === undefined ? "in memory" : `${size(about.size)}, in memory`;
  at("start").hidden = true;
  for (const id of ["work", "save", "close"]) at(id).hidden = false;
  at("prefix").value = "";
  at("result").replaceChildren();
  at("outcome").textContent = "";
  at("refused").hidden = true;
  say("");
  await keys();
  at("list").focus();
  list.choose(0);
}

// shut closes what is open, and forgets it.
async function shut() {
  const old = db;
  db = undefined;
  shown++;
  looked++;
  ran++;
  list.clear();
  pane(undefined, undefined);
  await old?.close();
}

async function leave() {
  await shut();
  at("name").textContent = "lsmlite";
  at("about").textContent = "";
  at("start").hidden = false;
  for (const id of ["work", "save", "close"]) at(id).hidden = true;
  at("file").focus();
}

// keys lists the first keys, or those after the last one in the list.
async function keys(more = false) {
  const mine = ++shown;
  const prefix = encoder.encode(at("prefix").value);
  const found = [];
  let rest = false;
  try {
    for await (const [key] of db.scan({ prefix, gt: more ? list.last : undefined, limit: pageRows + 1 })) {
      if (found.length === pageRows) rest = true;
      else found.push(key);
    }
  } catch (error) {
    if (mine === shown) throw error; // else the file was closed meanwhile
  }
  if (mine !== shown) return;
  if (!more) list.clear();
  list.add(found);
  at("more").hidden = !rest;
  at("note").textContent = list.length === 0 ? "No such keys." : `${list.length.toLocaleString("en")} keys${rest ? ", and there are more" : ""}`;
}

async function look(key) {
  const mine = ++looked;
  await attempt(async () => {
    try {
      const found = await db.get(key);
      if (mine === looked) pane(key, found);
    } catch (error) {
      if (mine === looked) throw error; // else the file was closed meanwhile
    }
  });
}

// pane shows a key and its value, which is undefined if it has been deleted.
function pane(key, bytes) {
  value = bytes;
  at("key").textContent = key ? label(key, 2000) : "Choose a key.";
  at("key").classList.toggle("dim", !key);
  at("key").title = key ? hex(key.subarray(0, 500)) : "";
  at("length").textContent = bytes ? size(bytes.length) : key ? "deleted" : "";
  draw();
}

function draw() {
  const asHex = form === "auto" ? value !== undefined && !isText(value) : form === "hex";
  at("value").classList.toggle("hex", asHex);
  at("value").textContent = !value ? "" : asHex ? dump(value) : text(value);
  at("as-text").ariaPressed = String(!asHex);
  at("as-hex").ariaPressed = String(asHex);
}

async function statement() {
  const mine = ++ran;
  const on = db;
  at("refused").hidden = true;
  at("outcome").textContent = "Running …";
  at("result").replaceChildren();
  try {
    await rowsOf(mine);
  } catch (error) {
    if (mine !== ran) return; // the file was closed meanwhile, or another statement is the newest
    at("outcome").textContent = "";
    at("refused").textContent = error.message;
    at("refused").hidden = false;
    return;
  }
  if (on !== db) return;
  const chosen = list.chosen;
  await keys(); // a statement may have changed them
  if (on === db) list.restore(chosen);
}

// rowsOf runs the statement and shows its rows, as long as it is the newest.
async function rowsOf(mine) {
  const begun = performance.now();
  const body = document.createElement("tbody");
  let columns;
  let rows = 0;
  for await (const row of db.query(at("sql").value)) {
    if (mine !== ran) return;
    if (rows === maxRows) { rows++; break; }
    columns ??= Object.keys(row);
    line(body, "td", Object.values(row).map(cell));
    rows++;
  }
  if (mine !== ran) return;
  if (columns) {
    const head = document.createElement("thead");
    line(head, "th", columns);
    at("result").append(head, body);
  }
  const ms = (performance.now() - begun).toFixed(1);
  at("outcome").textContent = rows > maxRows ? `the first ${maxRows} rows, ${ms} ms` : `${rows} ${rows === 1 ? "row" : "rows"}, ${ms} ms`;
}

function line(into, kind, texts) {
  const tr = document.createElement("tr");
  for (const t of texts) {
    const td = document.createElement(kind);
    td.textContent = t;
    tr.append(td);
  }
  into.append(tr);
}

function cell(v) {
  if (v === null || v === undefined) return "NULL";
  if (v instanceof Uint8Array) return label(v, 1000);
  if (v instanceof Date) return v.toISOString();
  return String(v);
}

// save hands a copy of the rows to the browser as a download: a database that was closed, densely packed.
async function save() {
  const on = db;
  const name = file.name;
  say("Saving …");
  let copy;
  try {
    copy = await on.backup();
  } catch (error) {
    if (on === db) throw error; // else the file was closed meanwhile
    return;
  }
  const address = URL.createObjectURL(new Blob([copy], { type: "application/octet-stream" }));
  const link = document.createElement("a");
  link.href = address;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), 60_000);
  say("Saved");
}

at("file").addEventListener("change", () => {
  const files = [...at("file").files];
  at("file").value = "";
  if (files.length) attempt(() => openFiles(files));
});
at("sample").addEventListener("click", () => attempt(sample));
at("unlock").addEventListener("submit", (e) => {
  e.preventDefault();
  if (locked && at("secret").value !== "") attempt(() => unlock({ ...locked, mine: ++asked }, secretOf(at("secret").value)));
});
at("not").addEventListener("click", () => { locked = undefined; at("unlock").hidden = true; at("secret").value = ""; });
at("close").addEventListener("click", () => attempt(leave));
at("save").addEventListener("click", () => attempt(save));
at("more").addEventListener("click", () => attempt(() => keys(true)));
at("prefix").addEventListener("input", () => attempt(() => keys()));
at("as-text").addEventListener("click", () => { form = "text"; draw(); });
at("as-hex").addEventListener("click", () => { form = "hex"; draw(); });
at("statement").addEventListener("submit", (e) => { e.preventDefault(); attempt(statement); });
at("sql").addEventListener("keydown", (e) => {
  if (e.key === "Enter" && (e.ctrlKey || e.metaKey)) { e.preventDefault(); attempt(statement); }
});
document.addEventListener("keydown", (e) => {
  if (e.key === "/" && !at("work").hidden && !/^(INPUT|TEXTAREA)$/.test(e.target.tagName)) { e.preventDefault(); at("prefix").focus(); }
});

// A file may be dropped anywhere on the page, also while another one is open.
let depth = 0;
const over = (now) => document.body.classList.toggle("over", now);
document.addEventListener("dragenter", (e) => { e.preventDefault(); depth++; over(true); });
document.addEventListener("dragleave", () => { if (--depth <= 0) { depth = 0; over(false); } });
document.addEventListener("dragover", (e) => e.preventDefault());
document.addEventListener("drop", (e) => {
  e.preventDefault();
  depth = 0;
  over(false);
  const files = [...e.dataTransfer.files];
  attempt(() => openFiles(files));
});
document.documentElement.dataset.ready = "yes";

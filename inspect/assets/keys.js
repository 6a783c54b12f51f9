// SPDX-License-Identifier: Apache-2.0

// Keys as a list and as a tree, page by page.

import { $, el } from "./dom.js";
import { get } from "./api.js";
import { bytesOf, fromJSON, inAddress, parse, show, showCut } from "./bytes.js";
import * as value from "./value.js";

const pageSize = 100;

let mode = "list"; // or "tree"
let where = new Uint8Array(); // the prefix that the tree is at
let path = []; // the prefixes above it
let next = ""; // cursor of the page after what is shown
let chosen = -1;
let asked = 0; // requests, to leave out the answer of an older one
let opened = false;

export function begin(info) {
  $("new-key").hidden = !info.write;
  value.begin(info, () => load(true));
  let wait = 0;
  $("search").addEventListener("submit", (event) => {
    event.preventDefault();
    clearTimeout(wait);
    load().then(focusList);
  });
  $("prefix").addEventListener("input", () => { clearTimeout(wait); wait = setTimeout(load, 150); });
  $("prefix").addEventListener("keydown", (event) => {
    if (event.key === "ArrowDown") { event.preventDefault(); focusList(); }
  });
  for (const id of ["how", "reverse", "separator"]) $(id).addEventListener("change", () => load());
  $("as-list").addEventListener("click", () => setMode("list"));
  $("as-tree").addEventListener("click", () => setMode("tree"));
  $("more").addEventListener("click", () => more());
  $("new-key").addEventListener("click", () => value.edit());
  $("list").addEventListener("keydown", (event) => { if (move(event)) event.preventDefault(); });
}

export function open() {
  if (!opened) load();
  opened = true;
}

// key takes a key of the keyboard that no field has.
export function key(event) {
  switch (event.key) {
    case "l": setMode("list"); return true;
    case "t": setMode("tree"); return true;
    case "n": if (!$("new-key").hidden) value.edit(); return true;
    case "Escape": back(); return true;
    case "ArrowDown": case "ArrowUp": case "Home": case "End": focusList(); return move(event);
  }
  return value.key(event);
}

function back() {
  $("keys").classList.remove("reading");
  focusList();
}

function setMode(to) {
  mode = to;
  $("as-list").setAttribute("aria-pressed", mode === "list");
  $("as-tree").setAttribute("aria-pressed", mode === "tree");
  $("separator-label").hidden = $("crumbs").hidden = mode === "list";
  $("reverse-label").hidden = mode === "tree";
  path = [];
  load().then(focusList);
}

function focusList() {
  $("list").focus();
  if (chosen < 0 && rows().length > 0) choose(0);
}

// load shows the first page.
export async function load(keep) {
  const text = $("prefix").value;
  let bytes;
  try {
    bytes = parse(text);
  } catch (error) {
    return note(error.message, true);
  }
  if (mode === "tree" && path.length === 0) where = $("how").value === "prefix" ? bytes : new Uint8Array();
  const at = keep ? chosen : -1;
  next = "";
  chosen = -1;
  await more(true);
  if (at >= 0) choose(Math.min(at, rows().length - 1), false);
  crumbs();
}

function address() {
  const bytes = parse($("prefix").value);
  if (mode === "tree") {
    return `tree?limit=${pageSize}&prefix=${inAddress(where)}&sep=${inAddress(parse($("separator").value))}&after=${next}`;
  }
  const reverse = $("reverse").checked ? "&reverse=1" : "";
  const what = bytes.length > 0 ? `&${$("how").value}=${inAddress(bytes)}` : "";
  return `keys?limit=${pageSize}${what}${reverse}&after=${next}`;
}

// more shows the next page.
async function more(first) {
  const request = ++asked;
  try {
    const message = await get(address());
    if (request !== asked) return;
    const list = (message.keys ?? message.nodes).map(mode === "tree" ? node : row);
    if (first) $("list").replaceChildren(...list);
    else $("list").append(...list);
    next = message.next;
    $("more").hidden = next === "";
    note(count(list.length > 0, message));
  } catch (error) {
    if (request === asked) note(error.message, true);
  }
}

function count(any, message) {
  const n = rows().length;
  if (n === 0 && !message.next) return "No key.";
  const why = { scan: `${message.scanned ?? "Many"} keys were looked at so far.`, time: "It took too long to look further at once.",
    bytes: "The answer became too long." }[message.more];
  const what = mode === "tree" ? (n === 1 ? "entry" : "entries") : (n === 1 ? "key" : "keys");
  return `${n} ${what}${message.next ? " so far" : ""}. ${why ?? ""}`;
}

function note(text, bad) {
  $("list-note").textContent = text;
  $("list-note").classList.toggle("bad", Boolean(bad));
}

const rows = () => $("list").children;

function option(name, more, data) {
  const li = el("li", { role: "option", id: "", "aria-selected": "false", onclick: () => { choose(index(li)); enter(); } },
    el("span", { class: "key" }, name), more);
  li.data = data;
  return li;
}

const index = (li) => Array.prototype.indexOf.call(rows(), li);

function row(k) {
  const key = fromJSON(k.key);
  return option(showCut(k.key), el("span", { class: "preview dim" }, showCut(k.value)), { ref: k.ref, key, len: k.value_len, leaf: true });
}

function node(n) {
  const name = n.name === "" ? "(the prefix itself)" : showCut(n.name);
  const many = n.leaf ? undefined : el("span", { class: "count dim" }, n.count + (n.more ? "+" : ""));
  const li = option(name, many, { ref: n.ref, key: fromJSON(n.prefix), leaf: n.leaf });
  li.classList.add(n.leaf ? "leaf" : "folder");
  return li;
}

// choose marks a row, and shows its value if there is room next to the list.
function choose(i, preview = true) {
  const list = rows();
  if (list.length === 0) return;
  i = Math.max(0, Math.min(i, list.length - 1));
  const old = list[chosen];
  if (old) { old.setAttribute("aria-selected", "false"); old.id = ""; }
  chosen = i;
  const li = list[i];
  li.setAttribute("aria-selected", "true");
  li.id = "chosen";
  $("list").setAttribute("aria-activedescendant", "chosen");
  li.scrollIntoView({ block: "nearest" });
  if (preview && li.data.leaf && matchMedia("(min-width: 50rem)").matches) value.show(li.data);
}

// enter shows the value of the row, or what is below it.
function enter() {
  const li = rows()[chosen];
  if (!li) return;
  if (li.data.leaf) {
    $("keys").classList.add("reading");
    value.show(li.data, true);
    return;
  }
  path.push(where);
  go(li.data.key.bytes);
}

function go(prefix) {
  where = prefix;
  load().then(focusList);
}

function up() {
  if (mode === "tree" && path.length > 0) go(path.pop());
}

function move(event) {
  const jump = { ArrowDown: 1, ArrowUp: -1, PageDown: 15, PageUp: -15, Home: -Infinity, End: Infinity }[event.key];
  if (jump !== undefined) {
    if (event.key === "ArrowDown" && chosen === rows().length - 1 && next) more().then(() => choose(chosen + 1));
    else choose(chosen < 0 ? 0 : chosen + jump);
    return true;
  }
  switch (event.key) {
    case "Enter": case "ArrowRight": enter(); return true;
    case "ArrowLeft": up(); return true;
  }
  return false;
}

// crumbs shows where in the tree the list is.
function crumbs() {
  if (mode !== "tree") return;
  const steps = [...path, where];
  $("crumbs").replaceChildren(...steps.map((prefix, i) => {
    const before = i === 0 ? bytesOf("") : steps[i - 1];
    const name = prefix.length === 0 ? "all keys" : show(prefix.subarray(i === 0 ? 0 : before.length));
    const last = i === steps.length - 1;
    return el("button", { "aria-current": last ? "location" : false, class: "quiet", onclick: () => {
      path = steps.slice(0, i);
      go(prefix);
    } }, name);
  }));
}

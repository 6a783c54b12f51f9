// SPDX-License-Identifier: Apache-2.0

// What the database is made of: settings, counters, pins, the log, pages.

import { $, duration, el, size, table } from "./dom.js";
import { get, request } from "./api.js";

let info;
let stats = {};

const seconds = new Set(["checkpoint_age", "flush_stall_time", "merge_stall_time", "checkpoint_stall_time", "oldest_pin"]);
const isBytes = (name) => /(^|_)bytes(_|$)/.test(name);

export function begin(i) {
  info = i;
  $("settings").replaceChildren(table(["", ""], [
    ["file", info.path], ["page size", size(info.page_size)], ["block size", size(info.block_size)],
    ["compression", info.compression || "none"], ["cipher", info.cipher || "none"],
    ["safety", info.safety], ["tree is flushed at", size(info.auto_flush)],
    ["segments of one age merge at", info.auto_merge], ["cache", size(info.cache_size)],
    ["open for", info.read_only ? "reading" : "reading and writing"],
  ], "Settings"));
  $("stats-filter").addEventListener("input", renderStats);
  $("page-form").addEventListener("submit", (event) => { event.preventDefault(); showPage($("page-number").value); });
}

export async function look() {
  const [s, pins, log] = await Promise.all([get("stats"), get("pins"), get("log")]);
  stats = s;
  renderStats();
  $("pins").replaceChildren(pins.pins.length === 0 ? el("p", { class: "dim" }, "No reader holds anything.")
    : table([">commit", ">readers", ">out of date for", ">blocks held"], pins.pins.map((p) => [p.commit, p.count, duration(p.age), p.held_blocks]), "Pins"));
  if (pins.foreign_reader) $("pins").append(el("p", { class: "warn" }, "A read-only process has the file open: nothing is used again until it ends."));
  $("log").replaceChildren(log.regions.length === 0 ? el("p", { class: "dim" }, "Nothing of the log is needed.")
    : table([">from", ">to"], log.regions.map((r) => [size(r.start), size(r.end)]), "Regions of the log"),
  el("p", { class: "dim" }, `${size(log.log_bytes)} needed, in a file of ${size(log.file_bytes)}`));
  pageLinks(await get("structure"));
}

// pageLinks offers the first page and the root of each segment.
function pageLinks(structure) {
  const list = structure.levels.flatMap((l) => l.segments).slice(0, 8);
  const signature = JSON.stringify(list);
  if ($("page-links").dataset.of === signature) return;
  $("page-links").dataset.of = signature;
  $("page-links").replaceChildren(...list.flatMap((s, i) => [[s.first, `segment ${i + 1}`], [s.root, "its root"]])
    .filter(([n]) => n > 0).map(([n, name]) => el("button", { type: "button", class: "quiet", onclick: () => showPage(n) }, `${name}: ${n}`)));
}

async function showPage(n) {
  $("page-number").value = n;
  const pre = $("page-text");
  pre.hidden = false;
  try {
    pre.textContent = await (await request(`page?text=1&n=${n}`)).text();
    pre.classList.remove("bad");
  } catch (error) {
    pre.textContent = error.message;
    pre.classList.add("bad");
  }
}

function renderStats() {
  const filter = $("stats-filter").value.toLowerCase();
  const rows = Object.entries(stats).filter(([name]) => name.includes(filter));
  $("stats").replaceChildren(el("dl", { class: "counters" },
    ...rows.map(([name, v]) => el("div", {}, el("dt", {}, name), el("dd", {}, format(name, v))))));
}

function format(name, v) {
  if (typeof v === "boolean") return v ? "yes" : "no";
  if (seconds.has(name)) return duration(v);
  if (isBytes(name)) return size(v);
  return Number.isInteger(v) ? v.toLocaleString("en") : v.toFixed(2);
}

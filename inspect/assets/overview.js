// SPDX-License-Identifier: Apache-2.0

// How the database works: counters over time, and its structure as it changes.

import { $, duration, short, size } from "./dom.js";
import { get } from "./api.js";
import { chart, span } from "./charts.js";
import { draw } from "./scene.js";

let samples = [];
let next = 0;
let charts = [];

// rate is how much a counter grows in a second.
const rate = (name) => (a, b) => b.unix > a.unix ? (b[name] - a[name]) / (b.unix - a.unix) : null;
const time = (name) => (_, b) => b.timed > 0 ? b[name] : null;
const now = (name) => (_, b) => b[name];

// over returns what has happened in the last half minute.
function over(samples, part, whole) {
  if (samples.length === 0) return null;
  const last = samples.at(-1), first = samples.findLast((s) => s.unix <= last.unix - 30) ?? samples[0];
  const n = whole(last) - whole(first);
  return n > 0 ? (part(last) - part(first)) / n : null;
}

const written = (s) => s.bytes_written + s.log_bytes_written;

export function begin(info) {
  const perSecond = (f) => (n) => f(n) + "/s";
  charts = [
    chart("Commits", [{ color: "c1", value: rate("commits") }], { format: perSecond(short) }),
    chart(info.latencies ? "Time of a commit" : "Time of a commit: not recorded", [
      { name: "median", color: "c1", value: time("p50") }, { name: "99 %", color: "c2", value: time("p99") },
      { name: "longest", color: "c3", value: time("greatest") }], { format: duration }),
    chart("Writers held back", [{ color: "c3", value: rate("stall_time") }],
      { format: (n) => n === 0 ? "never" : duration(n) + " per second" }),
    chart("Written to the disk", [
      { name: "file", color: "c2", value: rate("bytes_written") }, { name: "log", color: "c4", value: rate("log_bytes_written") },
      { name: "committed", color: "c1", value: rate("bytes_committed") }], {
      format: (n) => typeof n === "string" ? n : perSecond(size)(n), binary: true, summary: amplification,
      what: "what was committed" }),
    chart("Pages found in the cache", [{ color: "c4", value: (a, b) => b.cache_lookups > a.cache_lookups
      ? (b.cache_hits - a.cache_hits) / (b.cache_lookups - a.cache_lookups) : null }], {
      format: (n) => short(n * 100) + " %", most: 1, summary: (list) => over(list, (s) => s.cache_hits, (s) => s.cache_lookups) }),
    chart("Memory", [{ name: "trees", color: "c1", value: (_, b) => b.live_bytes + b.old_bytes },
      { name: "cache", color: "c4", value: now("cache_bytes") }], { format: size, binary: true }),
  ];
  $("charts").replaceChildren(...charts.map((c) => c.element));
}

// amplification says how many bytes were written for each byte committed.
function amplification(samples) {
  const times = samples.length > 1 ? over(samples, written, (s) => s.bytes_committed) : null;
  return times === null ? null : `${times.toFixed(1)} ×`;
}

export async function look() {
  const [history, scene] = await Promise.all([get("history?since=" + next), get("scene")]);
  if (history.next < next) samples = [];
  next = history.next;
  samples.push(...history.samples);
  const from = (samples.at(-1)?.unix ?? 0) - span - 15;
  samples = samples.filter((s) => s.unix >= from);
  for (const c of charts) c.draw(samples);
  draw($("scene"), scene);
}

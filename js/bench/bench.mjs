// SPDX-License-Identifier: Apache-2.0

// Measures the package in Node, on a file in a folder of its own:
//
//	js/build.sh && node js/bench/bench.mjs [ROWS [ROUNDS]]
//
// Each line is a kind of call: microseconds by the clock and of the process's processor time, all threads together,
// for each call or row, each the least of the rounds. Rows are of 15 + 100 bytes. Commits are not synced: safety=normal.
// The package is the one that LSMLITE_PACKAGE names, or this one.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";

const built = process.env.LSMLITE_PACKAGE;
const { open } = await import(built === undefined ? "../index.js" : pathToFileURL(resolve(built, "index.js")).href);

const rows = Number(process.argv[2] ?? 100_000);
const rounds = Number(process.argv[3] ?? 3);
const value = new Uint8Array(100).map((_, i) => i * 37);
const step = rows % 7919 === 0 ? 7907 : 7919; // no divisor of rows, so that the keys differ
const keyOf = (i) => "key" + String((i * step) % rows).padStart(12, "0");
const best = new Map();

async function measure(what, calls, run) {
  const begun = performance.now();
  const cpu = process.cpuUsage();
  const did = await run();
  const used = process.cpuUsage(cpu);
  if (did !== undefined && did !== calls) throw new Error(`${what}: ${did} rows, want ${calls}`);
  const clock = ((performance.now() - begun) * 1000) / calls;
  const processor = (used.user + used.system) / calls;
  const old = best.get(what) ?? [Infinity, Infinity];
  best.set(what, [Math.min(old[0], clock), Math.min(old[1], processor)]);
}

// inBatches makes calls, so many at once.
async function inBatches(calls, atOnce, call) {
  for (let i = 0; i < calls; i += atOnce) {
    await Promise.all(Array.from({ length: Math.min(atOnce, calls - i) }, (_, j) => call(i + j)));
  }
}

async function round(file) {
  const db = await open(file, { storage: "node" });
  await measure("put in a transaction, 1,000 at once", rows, () =>
    db.transaction((tx) => inBatches(rows, 1000, (i) => tx.put(keyOf(i), value))));
  const commits = Math.ceil(rows / 20);
  await measure("put with a commit, one after the other", commits, () =>
    inBatches(commits, 1, (i) => db.put(keyOf(i), value)));
  await measure("get, one after the other", commits, () => inBatches(commits, 1, (i) => db.get(keyOf(i))));
  await measure("get, 100 at once", rows, () => inBatches(rows, 100, (i) => db.get(keyOf(i))));
  await measure("scan, a row", rows, async () => {
    let n = 0;
    for await (const [, v] of db.scan()) n += v.length === 100 ? 1 : 0;
    return n;
  });
  await measure("a statement that looks into each row, a row", rows, async () => {
    let n = 0;
    for await (const [count] of db.query("SELECT count(*) FROM kv WHERE value NOT LIKE '%zzz%'", [], { array: true })) n += count;
    return n;
  });
  await db.close();
}

const folder = mkdtempSync(join(tmpdir(), "lsmlite-bench-"));
try {
  for (let i = 0; i < rounds; i++) await round(join(folder, `${i}.lsm`));
} finally {
  rmSync(folder, { recursive: true });
}
console.log("| µs, the best of " + rounds + " rounds of " + rows + " rows | by the clock | of the processor |\n| --- | --: | --: |");
for (const [what, us] of best) console.log(`| ${what} | ${us[0].toFixed(2)} | ${us[1].toFixed(2)} |`);

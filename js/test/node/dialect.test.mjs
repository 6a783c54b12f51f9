// SPDX-License-Identifier: Apache-2.0

// The examples of docs/dialect.md, run through query and exec. What the page shows is what a program in Go gets, so
// an example is left out where JavaScript has other values or another way: times, and transactions as statements.

import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import test from "node:test";
import { open, text } from "./package.mjs";

const page = new URL("../../../docs/dialect.md", import.meta.url);
const fence = /```sql\n([\s\S]*?)```\n(?:\n```text\n([\s\S]*?)```\n)?/g;
const control = /\b(BEGIN|COMMIT|END|ROLLBACK|SAVEPOINT|RELEASE)\b/i;
const givesRows = /\b(SELECT|EXPLAIN|PRAGMA|RETURNING)\b/;
const changesRows = /^(INSERT|REPLACE|UPDATE|DELETE)\b/m;
/** Of databases on the disk, of what the engine counts, and of settings that differ here. */
const other = /\b(PRAGMA mode|backup|database_list|stats|_txlock|key_type=time|structure|tree_size|pages_|checkpoint_size|log_)/;

test("the examples of the dialect", { skip: !existsSync(page) && "docs/dialect.md is not there" }, async () => {
  let sample;
  let compared = 0;
  const failures = [];
  for (const chapter of readFileSync(page, "utf8").split(/^## /m)) {
    const session = new Session();
    if (sample !== undefined) await session.run(sample);
    for (const [, example, shown = ""] of chapter.matchAll(fence)) {
      sample ??= example;
      const results = await session.run(example);
      const wanted = split(shown);
      if (control.test(example) || other.test(example) || shown.includes("…\n") || results.length !== wanted.length) continue;
      for (const [i, got] of results.entries()) {
        if (same(got, wanted[i])) compared++;
        else failures.push(`${example}\ngives\n${got}\nand the page shows\n${wanted[i]}`);
      }
    }
    await session.close();
  }
  assert.deepEqual(failures, []);
  assert.ok(compared > 100, `only ${compared} results were compared`);
});

/** split returns the results that the page shows for an example: an empty line is between two. */
function split(shown) {
  return shown === "" ? [] : shown.split(/\n\n/).map((s) => s.replace(/\n*$/, "\n"));
}

/** same compares results, whatever the form of a real number is. */
function same(got, want) {
  const plain = (s) => s.replace(/\b\d+(\.\d+)?(e[+-]?\d+)?\b/g, (n) => (/[.e]/.test(n) ? String(Number(n)) : n)).replace(/ +/g, " ").replace(/-+/g, "-").replace(/ $/gm, "");
  want = want.replace(/sql: converting argument \$\d+ type: /, "") // that is of database/sql
    .replace(/^error: lsmlite: bind: nil is not a value: .*/, "error: lsmlite: request: argument 1 is null or undefined: " +
      "there is no NULL here; the empty value is '' or an empty Uint8Array"); // which has words of Go there
  return got === want || plain(got) === plain(want) || (got === "ok\n" && want.startsWith("ok; RowsAffected: "));
}

class Session {
  #db;
  #settings = {};

  async run(example) {
    const results = [];
    let statement = "";
    let params = [];
    for (const line of example.split(/(?<=\n)/)) {
      if (line.startsWith("-- settings: ")) {
        await this.close();
        this.#settings = Object.fromEntries(new URLSearchParams(line.slice(13).trim()));
        continue;
      }
      if (line.startsWith("-- arguments: ")) {
        params = JSON.parse(line.slice(14));
        continue;
      }
      statement += line;
      if (!line.trim().endsWith(";")) continue;
      results.push(await this.#one(statement, params));
      statement = "";
      params = [];
    }
    return results;
  }

  async #one(statement, params) {
    delete this.#settings._txlock;
    this.#db ??= await open("dialect.lsm", { storage: "memory", ...this.#settings });
    try {
      if (givesRows.test(statement)) {
        const rows = this.#db.query(statement, params, { array: true });
        const lines = [];
        for await (const row of rows) lines.push(row.map(shown));
        return table(await rows.columns(), lines);
      }
      const { changes } = await this.#db.exec(statement, params);
      if (!changesRows.test(statement) || changes === undefined) return "ok\n";
      return changes === 1 ? "1 row affected\n" : `${changes} rows affected\n`;
    } catch (error) {
      return `error: ${error.message}\n`;
    }
  }

  async close() {
    await this.#db?.close();
    this.#db = undefined;
  }
}

function table(columns, rows) {
  const lines = [columns, ...rows];
  const widths = columns.map((_, i) => Math.max(...lines.map((line) => line[i].length)));
  const write = (line, fill, between) => line.map((cell, i) => cell.padEnd(widths[i], fill)).join(between).trimEnd() + "\n";
  const body = rows.length === 0 ? "(no rows)\n" : rows.map((row) => write(row, " ", " | ")).join("");
  return write(columns, " ", " | ") + write(widths.map(() => ""), "-", "-+-") + body;
}

function shown(value) {
  if (value === null) return "NULL";
  if (!(value instanceof Uint8Array)) return String(value);
  try {
    const s = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(value);
    if (!/\p{Cc}/u.test(s)) return s;
  } catch {
    // It is no UTF-8.
  }
  return `x'${Buffer.from(value).toString("hex")}'`;
}

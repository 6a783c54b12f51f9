// SPDX-License-Identifier: Apache-2.0

// The API, on memory and on the disk.

import assert from "node:assert/strict";
import test from "node:test";
import { all, LsmliteError, open, temp, text } from "./package.mjs";

let last = 0;

/** each runs a test on a new database of each storage, with settings. */
function each(name, settings, f) {
  for (const storage of ["memory", "node"]) {
    test(`${name}, ${storage}`, async () => {
      const db = await open(temp(`api-${++last}.lsm`), { storage, ...settings });
      try {
        await f(db);
      } finally {
        await db.close();
      }
    });
  }
}

/** fails checks that a promise is rejected with an LsmliteError of a kind. */
async function fails(promise, kind, code) {
  await assert.rejects(promise, (error) => {
    assert.ok(error instanceof LsmliteError, `${error.stack}`);
    assert.equal(error.kind, kind, error.message);
    if (code !== undefined) assert.equal(error.code, code);
    return true;
  });
}

/**
 * allFail checks that promises which are under way at the same time are rejected. Each is looked at from the beginning:
 * one that is rejected while nobody does that is a failure of the test for Node, and which comes first is chance.
 */
const allFail = (promises, expected) => Promise.all(promises.map((promise) => assert.rejects(promise, expected)));

/** fill stores rows, whose keys have four digits. */
async function fill(db, n) {
  await db.transaction((tx) => Promise.all(Array.from({ length: n }, (_, i) => tx.put(key(i), `value ${i}`))));
}
const key = (i) => String(i).padStart(4, "0");

each("rows", {}, async (db) => {
  await db.put("b", "2");
  await db.put(new Uint8Array([97]), new TextEncoder().encode("1"));
  await db.put(new Uint8Array([99, 0, 255]).buffer, new DataView(new ArrayBuffer(2)));
  assert.equal(text(await db.get("a")), "1");
  assert.deepEqual(await db.get(new Uint8Array([99, 0, 255])), new Uint8Array(2));
  assert.equal(await db.get("c"), undefined);
  await db.put("", "");
  assert.deepEqual(await db.get(""), new Uint8Array(0));
  await db.delete("");
  assert.equal(await db.get(""), undefined);
  assert.equal(await db.delete("missing"), undefined);
  await db.put("ключ €", "значение 😀");
  assert.equal(text(await db.get("ключ €")), "значение 😀");
  const long = new Uint8Array(3e6).map((_, i) => i % 251);
  await db.put("long", long);
  assert.deepEqual(await db.get("long"), long);
});

each("texts are what they were", { key_type: "text", value_type: "text" }, async (db) => {
  const mark = "\uFEFFtext";
  await db.exec("INSERT INTO kv VALUES (?, ?)", [mark, mark + mark]);
  for await (const row of db.query("SELECT key, value FROM kv", [], { array: true })) assert.deepEqual(row, [mark, mark + mark]);
  for (const half of ["\ud800", "a\udc00", "\udc00\ud800"]) {
    await assert.rejects(db.put(half, "1"), TypeError);
    await assert.rejects(db.put("a", half), TypeError);
    await assert.rejects(db.exec("DELETE FROM kv WHERE key = ?", [half]), TypeError);
  }
  await db.put("\ud83d\ude00", "2");
  assert.equal(text(await db.get("😀")), "2");
});

each("a call that is too long is refused, and the next one is answered", {}, async (db) => {
  class Long extends Uint8Array {
    get length() {
      return 2 ** 31;
    }
  }
  await fails(db.put("a", new Long(1)), "toobig", 18);
  await db.put("a", "1");
  assert.equal(text(await db.get("a")), "1");
});

each("arguments of other types are refused", {}, async (db) => {
  for (const bad of [undefined, null, 1, 1n, true, {}, []]) {
    await assert.rejects(db.put(bad, "1"), TypeError);
    await assert.rejects(db.put("a", bad), TypeError);
    await assert.rejects(db.get(bad), TypeError);
    await assert.rejects(db.exec(bad), TypeError);
  }
  await assert.rejects(db.exec("INSERT INTO kv VALUES ('a', ?)", [2n ** 64n]), RangeError);
  await assert.rejects(db.exec("INSERT INTO kv VALUES ('a', ?)", [new Date(NaN)]), RangeError);
  await assert.rejects(db.exec("INSERT INTO kv VALUES ('a', ?)", [{}]), TypeError);
  assert.throws(() => db.scan({ limit: -1 }), RangeError);
  assert.deepEqual(await all(db.scan()), []);
});

each("scans", {}, async (db) => {
  await fill(db, 1000);
  const keys = async (range) => (await all(db.scan(range))).map(([k]) => k);
  const want = (from, to) => Array.from({ length: to - from }, (_, i) => key(from + i));
  assert.deepEqual(await keys(), want(0, 1000));
  assert.deepEqual(await keys({ reverse: true }), want(0, 1000).reverse());
  assert.deepEqual(await keys({ gte: "0100", lt: "0105" }), want(100, 105));
  assert.deepEqual(await keys({ gt: "0100", lte: "0105" }), want(101, 106));
  assert.deepEqual(await keys({ prefix: "012" }), want(120, 130));
  assert.deepEqual(await keys({ prefix: "012", reverse: true, limit: 2 }), ["0129", "0128"]);
  assert.deepEqual(await keys({ gt: "0500", limit: 3 }), want(501, 504));
  assert.deepEqual(await keys({ limit: 0 }), []);
  assert.deepEqual(await keys({ limit: Infinity, gte: "0999" }), ["0999"]);
  assert.deepEqual(await keys({ gt: "2" }), []);
  const only = [];
  for await (const k of db.keys({ prefix: "099" })) only.push(text(k));
  assert.deepEqual(only, want(990, 1000));
});

each("a scan shows one state, and leaving the loop ends it", {}, async (db) => {
  await fill(db, 2000);
  const pins = async () => {
    let n = 0;
    for await (const _ of db.query("PRAGMA pins")) n++;
    return n;
  };
  let n = 0;
  for await (const [k, v] of db.scan()) {
    if (n === 0) await db.exec("UPDATE kv SET value = 'changed'");
    assert.equal(text(v), `value ${n}`);
    if (++n === 500) break;
    assert.equal(text(k), key(n - 1));
  }
  assert.equal(await pins(), 0, "the snapshot is still there");
  const open = db.scan();
  await open.next();
  assert.notEqual(await pins(), 0);
  await open.return();
  assert.equal(await pins(), 0);
  await assert.rejects(async () => {
    for await (const _ of db.scan()) throw new Error("mine");
  }, /mine/);
  assert.equal(await pins(), 0);
  assert.deepEqual(await db.scan().return(), { done: true, value: undefined });
  const rows = db.query("SELECT key FROM kv");
  assert.deepEqual(await rows.columns(), ["key"]);
  await rows.return();
  assert.equal(await pins(), 0, "a query of which only the columns were wanted stays open");
});

each("transactions", {}, async (db) => {
  const result = await db.transaction(async (tx) => {
    await tx.put("a", "1");
    assert.equal(await db.get("a"), undefined);
    assert.equal(text(await tx.get("a")), "1");
    assert.deepEqual(await all(tx.scan()), [["a", "1"]]);
    assert.deepEqual(await tx.exec("INSERT INTO kv VALUES ('b', '2'), ('c', '3')"), { changes: 2 });
    await tx.deleteRange("a", "c");
    return 42;
  });
  assert.equal(result, 42);
  assert.deepEqual(await all(db.scan()), [["a", "1"], ["c", "3"]]);

  let kept;
  await assert.rejects(
    db.transaction(async (tx) => {
      kept = tx;
      await tx.deleteRange(null, null);
      assert.deepEqual(await all(tx.scan()), []);
      throw new Error("mine");
    }),
    /mine/,
  );
  assert.deepEqual(await all(db.scan()), [["a", "1"], ["c", "3"]]);
  await fails(kept.put("a", "2"), "misuse", 21);
  await fails(all(kept.scan()), "misuse");

  // What nobody waits for is done before the commit.
  await db.transaction((tx) => {
    for (let i = 0; i < 100; i++) void tx.put("order", String(i));
  });
  assert.equal(text(await db.get("order")), "99");
  // They follow one another.
  await Promise.all(
    Array.from({ length: 20 }, () =>
      db.transaction(async (tx) => tx.put("count", String(Number(text(await tx.get("count")) ?? 0) + 1))),
    ),
  );
  assert.equal(text(await db.get("count")), "20");
});

each("savepoints", {}, async (db) => {
  await db.transaction(async (tx) => {
    await tx.put("a", "1");
    const result = await tx.savepoint(async (inner) => {
      await inner.put("b", "1");
      await assert.rejects(inner.savepoint(async () => {
        await tx.put("c", "1");
        throw new Error("mine");
      }), /mine/);
      return "result";
    });
    assert.equal(result, "result");
    await tx.savepoint(() => tx.put("d", "1"));
  });
  assert.deepEqual((await all(db.scan())).map(([k]) => k), ["a", "b", "d"]);
});

each("statements", {}, async (db) => {
  assert.deepEqual(await db.exec("INSERT INTO kv VALUES (?, ?), (:k, :v)".replace(/:./g, "?"), ["a", 1, "b", 2.5]), { changes: 2 });
  assert.deepEqual(await db.exec("INSERT INTO kv VALUES (:k, $v)", { k: "c", v: new Uint8Array([0, 255]) }), { changes: 1 });
  const rows = [];
  for await (const row of db.query("SELECT key, value, length(value) AS n FROM kv WHERE key >= ?", ["b"])) rows.push(row);
  assert.deepEqual(rows, [
    { key: new Uint8Array([98]), value: new TextEncoder().encode("2.5"), n: 3 },
    { key: new Uint8Array([99]), value: new Uint8Array([0, 255]), n: 2 },
  ]);
  const lists = [];
  for await (const row of db.query("SELECT 1, 1, 0.5, 9007199254740991, 9007199254740992, -9223372036854775807", [], { array: true })) lists.push(row);
  assert.deepEqual(lists, [[1, 1, 0.5, 9007199254740991, 9007199254740992n, -9223372036854775807n]]);
  const none = [];
  for await (const row of db.query("SELECT min(key) FROM kv WHERE key > 'x'", [], { array: true })) none.push(row);
  assert.deepEqual(none, [[null]]);
  let returned = 0;
  for await (const row of db.query("INSERT INTO kv VALUES ('d', '1'), ('e', '2') RETURNING key")) returned += row.key.length;
  assert.equal(returned, 2);
  for await (const { "count(*)": n } of db.query("SELECT count(*) FROM kv")) assert.equal(n, 5);
  for await (const row of db.query("SELECT 1 AS __proto__")) assert.deepEqual(Object.keys(row), ["__proto__"]);
  let many = 0;
  await fill(db, 3000);
  for await (const _ of db.query("SELECT key, value FROM kv")) many++;
  assert.equal(many, 3005);
});

each("types of keys and values", { key_type: "uint64", value_type: "time" }, async (db) => {
  const when = new Date("2025-06-01T12:00:00.123Z");
  await db.exec("INSERT INTO kv VALUES (?, ?), (?, ?)", [2n ** 64n - 1n, when, 7, "text"]);
  const rows = [];
  for await (const row of db.query("SELECT key, value FROM kv", [], { array: true })) rows.push(row);
  assert.deepEqual(rows, [[7, "text"], [2n ** 64n - 1n, when]]);
  await db.transaction(async (tx) => {
    assert.deepEqual(text(await tx.get(new Uint8Array([0, 0, 0, 0, 0, 0, 0, 7]))), "text");
  });
});

each("errors", { busy_timeout: 20 }, async (db) => {
  await fails(db.exec("SELEC"), "syntax", 257);
  await fails(all(db.query("SELECT nosuch FROM kv")), "syntax");
  await fails(db.exec("BEGIN"), "misuse", 21);
  await fails(db.exec("INSERT INTO kv VALUES (?, ?)", ["a"]), "misuse");
  await fails(db.put("x".repeat(65 << 20), ""), "toobig", 18);
  await db.put("a", "1");
  await fails(db.exec("INSERT OR ABORT INTO kv VALUES ('a', '2')"), "constraint", 19);
  await db.transaction(async (tx) => {
    await fails(db.put("b", "1"), "busy", 5);
    await fails(db.transaction(() => {}), "busy", 5);
    await fails(db.checkpoint(), "busy", 5);
    await fails(db.exec("PRAGMA flush"), "busy", 5);
    await fails(all(db.query("PRAGMA optimize")), "busy", 5);
    await tx.put("c", "1");
  });
  assert.deepEqual(await all(db.scan()), [["a", "1"], ["c", "1"]]);
  await db.checkpoint();
});

each("signals", {}, async (db) => {
  await fill(db, 3000);
  const mine = new Error("mine");
  const aborted = AbortSignal.abort(mine);
  await assert.rejects(all(db.scan({ signal: aborted })), mine);
  await assert.rejects(db.exec("DELETE FROM kv", [], { signal: aborted }), mine);
  await assert.rejects(db.transaction(() => assert.fail("it runs"), { signal: aborted }), mine);
  const control = new AbortController();
  let n = 0;
  await assert.rejects(async () => {
    for await (const _ of db.scan({ signal: control.signal })) if (++n === 100) control.abort(mine);
  }, mine);
  assert.equal(n, 100);

  // A transaction that waits for its turn, and one that runs.
  let release;
  const first = db.transaction(() => new Promise((resolve) => (release = resolve)));
  const waiting = new AbortController();
  const second = db.transaction(() => assert.fail("it runs"), { signal: waiting.signal });
  setTimeout(() => waiting.abort(mine), 10);
  await assert.rejects(second, mine);
  release();
  await first;
  const running = new AbortController();
  await assert.rejects(db.transaction(async (tx) => {
    await tx.put("new", "1");
    running.abort(mine);
  }, { signal: running.signal }), mine);
  assert.equal(await db.get("new"), undefined);
  // The turn is free as soon as it is aborted, whatever the function does.
  const stuck = new AbortController();
  const never = db.transaction(() => new Promise(() => {}), { signal: stuck.signal });
  setTimeout(() => stuck.abort(mine), 10);
  await assert.rejects(never, mine);
  await db.put("free", "1");
});

each("backup", {}, async (db) => {
  await fill(db, 5000);
  const copy = await db.backup();
  const parts = [];
  await db.backupTo(new WritableStream({ write: (part) => void parts.push(part) }));
  assert.deepEqual(Buffer.concat(parts).length, copy.length);
  const restored = await open("restored.lsm", { storage: "memory", content: copy });
  assert.deepEqual(await all(restored.scan()), await all(db.scan()));
  for await (const row of restored.query("PRAGMA integrity_check", [], { array: true })) assert.deepEqual(row, ["ok"]);
  await restored.close();
  await assert.rejects(db.backupTo(new WritableStream({ write: () => { throw new Error("mine"); } })), /mine/);
  await db.checkpoint();
});

for (const storage of ["memory", "node"]) {
  test(`close, ${storage}`, async () => {
    const db = await open(temp("close.lsm"), { storage });
    await fill(db, 1000);
    const scan = db.scan();
    await scan.next();
    let ended;
    const hangs = db.transaction(async (tx) => {
      await tx.put("lost", "1");
      await new Promise((resolve) => (ended = resolve));
    });
    while (ended === undefined) await new Promise((resolve) => setTimeout(resolve, 1));
    await db.close();
    await db.close();
    ended();
    await fails(hangs, "closed", 21);
    await fails(db.get("a"), "closed", 21);
    await fails((async () => { for (;;) if ((await scan.next()).done) return; })(), "closed");
    if (storage === "node") {
      const again = await open(temp("close.lsm"), { storage });
      assert.equal(await again.get("lost"), undefined);
      assert.equal(text(await again.get("0999")), "value 999");
      await again.close();
    }
  });
}

test("what close cuts off says so", async () => {
  const db = await open("cut.lsm", { storage: "memory" });
  await fill(db, 2000);
  const says = (error) => error.kind === "closed" && /^lsmlite: the database (is|was) closed$/.test(error.message);
  let closing;
  const first = assert.rejects(
    db.transaction(async (tx) => {
      await tx.put("lost", "1");
      const second = db.transaction(() => {}); // waits for the first
      closing = db.close();
      await second;
    }),
    says,
  );
  while (closing === undefined) await new Promise((resolve) => setTimeout(resolve, 1));
  await allFail([db.get("a"), all(db.scan()), db.backup(), db.checkpoint(), db.close().then(() => db.keySlots())], says);
  await first;
  await closing;
});

each("a transaction that its function aborts ends at once", {}, async (db) => {
  const mine = new Error("mine");
  const control = new AbortController();
  await assert.rejects(db.transaction(async (tx) => {
    void tx.put("a", "1");
    control.abort(mine);
    await new Promise(() => {});
  }, { signal: control.signal }), mine);
  assert.equal(await db.get("a"), undefined);
});

each("what waits behind a write can be aborted", {}, async (db) => {
  let release;
  const first = db.transaction(() => new Promise((resolve) => (release = resolve)));
  while (release === undefined) await new Promise((resolve) => setTimeout(resolve, 1));
  const put = db.put("a", "1"); // waits for the transaction
  const control = new AbortController();
  const mine = new Error("mine");
  const waiting = [db.exec("DELETE FROM kv", [], { signal: control.signal }), db.transaction(() => assert.fail("it runs"), { signal: control.signal })];
  setTimeout(() => control.abort(mine), 10);
  await allFail(waiting, mine);
  release();
  await Promise.all([first, put]);
  assert.equal(text(await db.get("a")), "1");
});

each("errors are in words of JavaScript", {}, async (db) => {
  const insert = "INSERT INTO kv VALUES ('a', ?)";
  for (const [call, words] of [
    [() => db.exec(insert, [null]), "argument 1 is null or undefined"],
    [() => db.exec("INSERT INTO kv VALUES (?, $v)", { 1: "a", v: undefined }), "null or undefined"],
    [() => db.exec(insert, [2n ** 64n - 1n]), "argument 1 is 18446744073709551615: an integer above 2^63 - 1"],
    [() => db.addKey({ key: new Uint8Array(32) }), "backup({ key })"],
    [() => db.removeKey("0123456789abcdef"), "backup({ key })"],
  ]) {
    await assert.rejects(call(), (error) => {
      assert.equal(error.kind, "misuse");
      assert.ok(error.message.includes(words), error.message);
      assert.doesNotMatch(error.message, /\bnil\b|\[\]byte|context|deadline|goroutine|uint64 values|lsmlite rewrite/);
      return true;
    });
  }
  await db.exec("INSERT INTO kv VALUES ('empty', ?)", [new Uint8Array(0)]);
  assert.deepEqual(await db.get("empty"), new Uint8Array(0));
});

test("open refuses what it cannot do", async () => {
  await fails(open("a.lsm", { storage: "opfs" }), "misuse");
  await fails(open("a.lsm", { storage: "elsewhere" }), "misuse");
  await fails(open(""), "misuse");
  await fails(open("a.lsm", { storage: "memory", nosuch: 1 }), "misuse");
  await fails(open("a.lsm", { storage: "memory", page_size: 100 }), "misuse");
  await fails(open("a.lsm", { storage: "memory", safety: {} }), "misuse");
  await fails(open("a.lsm", { storage: "memory", content: new TextEncoder().encode("no database at all".repeat(99)) }), "corrupt", 11);
  await fails(open(temp("missing/a.lsm")), "cantopen");
  await fails(open(temp("missing.lsm"), { mode: "rw" }), "cantopen");
  await fails(open(temp("content.lsm"), { content: new Uint8Array(1) }), "misuse");
});

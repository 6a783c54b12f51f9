// SPDX-License-Identifier: Apache-2.0

// Files: stored, removed, kept from being opened twice, and what is left of a process that was killed.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import test from "node:test";
import { fileURLToPath } from "node:url";
import { acquire, all, importFile, LsmliteError, open, remove, temp, text } from "./package.mjs";

const ofKind = (kind) => (error) => error instanceof LsmliteError && error.kind === kind;

/** child runs child.mjs, and returns its process when it has said that it is ready. */
async function child(...args) {
  const process = spawn(globalThis.process.execPath, [fileURLToPath(new URL("child.mjs", import.meta.url)), ...args], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  process.stdout.setEncoding("utf8");
  process.said = "";
  process.stdout.on("data", (data) => (process.said += data));
  while (!process.said.includes("ready\n")) await once(process.stdout, "data");
  return process;
}

for (const storage of ["memory", "node"]) {
  test(`importFile and remove, ${storage}`, async () => {
    const name = temp("import.lsm");
    const source = await open("source.lsm", { storage: "memory" });
    await source.put("a", "1");
    const file = await source.backup();
    await source.close();

    await importFile(name, file, { storage });
    await assert.rejects(importFile(name, file, { storage }), ofKind("cantopen"));
    await importFile(name, new Blob([file.slice(0, 100), file.slice(100)]), { storage, replace: true });
    let db = await open(name, { storage, mode: "rw" });
    assert.deepEqual(await all(db.scan()), [["a", "1"]]);
    await db.put("b", "2");
    if (storage === "node") {
      await assert.rejects(importFile(name, file, { storage, replace: true }), ofKind("busy"));
      await assert.rejects(remove(name, { storage }), ofKind("busy"));
      assert.ok(existsSync(`${name}-lock`) && existsSync(`${name}-log`));
    }
    await db.close();

    db = await open(name, { storage });
    assert.deepEqual((await all(db.scan())).length, storage === "node" ? 2 : 1, "memory begins with the file each time");
    await db.close();
    await remove(name, { storage });
    await assert.rejects(remove(name, { storage }), ofKind("cantopen"));
    await assert.rejects(importFile(name, "x".length, { storage }), TypeError);
    for (const ending of ["", "-log", "-lock"]) assert.ok(!existsSync(name + ending));
  });

  test(`what an importFile that was ended has left is removed, ${storage}`, { skip: storage === "memory" && "memory ends with it" }, async () => {
    const name = temp("left.lsm");
    const id = "0123abcd-0123-4567-89ab-0123456789ab";
    const others = [
      `${name}-lsmlite-import-20261130`, `${name}-import-20261130`, `${name}-lsmlite-import-${id}0`,
      temp(`other-left.lsm-lsmlite-import-${id}`), `${name}-lsmlite-import-${id}-log`,
    ];
    const left = [`${name}-lsmlite-import-${id}`, `${name}-log-lsmlite-import-${id}`];
    mkdirSync(`${name}-lsmlite-import-${id.replace("0", "f")}`);
    const source = await open("source.lsm", { storage: "memory" });
    const file = await source.backup();
    await source.close();
    for (const n of [...others, ...left]) writeFileSync(n, "a part");
    await assert.rejects(remove(name, { storage }), ofKind("cantopen"));
    for (const n of left) assert.ok(existsSync(n), "a name that is wrong removes nothing");
    await importFile(name, file, { storage });
    for (const n of left) assert.ok(!existsSync(n));
    for (const n of left) writeFileSync(n, "a part");
    await remove(name, { storage });
    for (const n of left) assert.ok(!existsSync(n));
    for (const n of others) assert.ok(existsSync(n), n);
  });

  test(`a log that is imported after its database belongs to it, ${storage}`, async () => {
    const name = temp("with-log.lsm");
    const source = temp("killed.lsm");
    const killed = await open(source, { storage: "node", use_log: true });
    await killed.put("a", "1");
    const [file, log] = [readFileSync(source), readFileSync(`${source}-log`)];
    await killed.close();
    await importFile(name, file, { storage });
    await importFile(`${name}-log`, log, { storage });
    const db = await open(name, { storage, mode: "rw" });
    assert.deepEqual(await all(db.scan()), [["a", "1"]]);
    await db.close();
    await importFile(name, file, { storage, replace: true });
    await importFile(`${name}-log`, log, { storage });
    await remove(name, { storage });
    await assert.rejects(remove(`${name}-log`, { storage }), ofKind("cantopen"));
  });
}

test("an encrypted database opens with its key", async () => {
  const name = temp("secret.lsm");
  const key = crypto.getRandomValues(new Uint8Array(32));
  let db = await open(name, { key });
  await db.put("a", "a plain text that must not be found");
  const copy = await db.backup();
  await db.close();
  for (const file of [readFileSync(name), Buffer.from(copy)]) assert.ok(!file.includes("plain text"));
  await assert.rejects(open(name), ofKind("key"));
  await assert.rejects(open(name, { key: new Uint8Array(32) }), ofKind("key"));
  await assert.rejects(open(name, { key: "a string" }), TypeError);
  await assert.rejects(open(name, { key, passphrase: "x" }), ofKind("misuse"));
  await assert.rejects(open(name, { key: new Uint8Array(31) }), ofKind("key"));
  db = await open(name, { key });
  assert.equal(text(await db.get("a")), "a plain text that must not be found");
  for await (const row of db.query("PRAGMA integrity_check", [], { array: true })) assert.deepEqual(row, ["ok"]);
  await db.close();
  db = await open("copy.lsm", { storage: "memory", content: copy, key });
  assert.equal(text(await db.get("a")), "a plain text that must not be found");
  await db.close();

  const other = temp("passphrase.lsm");
  db = await open(other, { passphrase: "correct horse" });
  await db.put("a", "1");
  await db.close();
  await assert.rejects(open(other, { passphrase: "wrong horse" }), ofKind("key"));
  db = await open(other, { passphrase: "correct horse" });
  assert.equal(text(await db.get("a")), "1");
  const [old] = await db.keySlots();
  assert.deepEqual(old, { id: old.id, type: "passphrase", name: undefined });
  await assert.rejects(db.addKey({}), ofKind("misuse"));
  await assert.rejects(db.addKey({ key: new Uint8Array(31) }), ofKind("key"));
  await assert.rejects(db.removeKey(old.id), ofKind("misuse"));
  const id = await db.addKey({ key });
  await db.removeKey(old.id);
  assert.deepEqual(await db.keySlots(), [{ id, type: "raw", name: undefined }]);
  await db.close();
  await assert.rejects(open(other, { passphrase: "correct horse" }), ofKind("key"));
  db = await open(other, { key });
  assert.equal(text(await db.get("a")), "1");
  await db.close();

  await assert.rejects(open("clear.lsm", { storage: "memory", cipher: "aes-256-gcm" }), ofKind("misuse"));
  db = await open("clear.lsm", { storage: "memory" });
  assert.deepEqual(await db.keySlots(), []);
  await assert.rejects(db.addKey({ key }), ofKind("misuse"));
  await db.put("a", "in clear");
  const closed = await db.backup({ key });
  await assert.rejects(db.backup({ key, encrypted: false }), ofKind("misuse"));
  await assert.rejects(db.backup({ encrypted: true }), ofKind("misuse"));
  await assert.rejects(db.backup({ passPhrase: "x" }), ofKind("misuse"));
  await assert.rejects(db.backup({ encrypted: null }), TypeError);
  await assert.rejects(db.backup({ key, cipher: null }), TypeError);
  await assert.rejects(db.backup({ key, cipher: "rot13" }), ofKind("misuse"));
  await assert.rejects(db.backup({ cipher: "aes-256-gcm" }), ofKind("misuse"));
  for (const cipher of ["aes-256-gcm", "chacha20-poly1305"]) {
    const copy = await open("cipher.lsm", { storage: "memory", key, content: await db.backup({ key, cipher }) });
    const says = [];
    for await (const row of copy.query("PRAGMA encryption", [], { array: true })) says.push(row.join(" "));
    assert.ok(says.join("\n").includes(cipher), says.join("\n"));
    assert.equal(text(await copy.get("a")), "in clear");
    await copy.close();
  }
  await db.close();
  assert.ok(!Buffer.from(closed).includes("in clear"));
  db = await open("closed.lsm", { storage: "memory", content: closed, key });
  assert.ok(!Buffer.from(await db.backup({ encrypted: true })).includes("in clear"));
  const again = await db.backup({ encrypted: false });
  await db.close();
  assert.ok(Buffer.from(again).includes("in clear"));
  db = await open("again.lsm", { storage: "memory", content: again });
  assert.equal(text(await db.get("a")), "in clear");
  await db.close();
});

test("a backup lets others have their turn", async () => {
  const db = await open("many.lsm", { storage: "memory" });
  const value = new Uint8Array(1000);
  await db.transaction(async (tx) => {
    for (let i = 0; i < 20_000; i += 1000) await Promise.all(Array.from({ length: 1000 }, (_, j) => tx.put(`key${i + j}`, value)));
  });
  // Of the processor, so that it does not matter what else runs.
  const time = async (f) => {
    const begun = process.cpuUsage();
    await f();
    const { user, system } = process.cpuUsage(begun);
    return (user + system) / 1000;
  };
  const key = new Uint8Array(32);
  const one = await time(() => db.backup({ key }));
  // All together would take as long as 30. They end soon after their signals, because the program gets to see these.
  const all = await time(async () => {
    const ends = await Promise.allSettled(Array.from({ length: 30 }, () => db.backup({ key, signal: AbortSignal.timeout(20) })));
    assert.ok(ends.every((end) => end.status === "rejected" && end.reason.name === "TimeoutError"), `${ends[0].reason}`);
  });
  assert.ok(all < 10 * one, `${all} ms for 30 that were aborted, ${one} ms for one`);
  await db.close();
});

test("a database is open once in a process, and between processes", async () => {
  const name = temp("twice.lsm");
  const db = await open(name);
  await assert.rejects(open(name), ofKind("busy"));
  await assert.rejects(open(name, { busy_timeout: 50 }), ofKind("busy"));
  setTimeout(() => void db.close(), 100);
  const second = await open(name, { busy_timeout: "20s" });
  await second.put("a", "1");
  await second.close();

  const other = await child("hold", name);
  await assert.rejects(open(name), ofKind("busy"));
  other.stdin.end();
  await once(other, "exit");
  const third = await open(name);
  assert.equal(text(await third.get("a")), "1");
  await third.close();
  assert.ok(!existsSync(`${name}-lock`));
});

test("the log of an open database is not replaced or removed", async () => {
  const name = temp("logged.lsm");
  const db = await open(name);
  await db.put("a", "1");
  const log = readFileSync(`${name}-log`);
  await assert.rejects(importFile(`${name}-log`, new Uint8Array(5), { replace: true }), ofKind("busy"));
  await assert.rejects(remove(`${name}-log`), ofKind("busy"));
  assert.deepEqual(readFileSync(`${name}-log`), log);
  await db.close();
  for (const ending of ["-lock", "-log-lock"]) assert.ok(!existsSync(name + ending));
});

test("a signal stops an open that waits for another one", async () => {
  const name = temp("waits.lsm");
  const db = await open(name);
  for (const busy_timeout of ["10m", "unlimited", "1h30m"]) {
    const reason = new Error("no longer");
    const begun = performance.now();
    const stop = new AbortController();
    setTimeout(() => stop.abort(reason), 100);
    await assert.rejects(open(name, { busy_timeout, signal: stop.signal }), reason);
    assert.ok(performance.now() - begun < 30_000);
  }
  await db.put("a", "1");
  await db.close();
  await (await open(name, { signal: AbortSignal.timeout(60_000) })).close();
});

test("a worker that fails keeps nobody out", async () => {
  const threads = process.getBuiltinModule("node:worker_threads");
  const Worker = threads.Worker;
  let worker;
  threads.Worker = class extends Worker {
    constructor(...args) {
      super(...args);
      worker = this;
    }
  };
  const name = temp("fails.lsm");
  const db = await open(name);
  threads.Worker = Worker;
  await db.put("a", "1");
  worker.ref();
  worker.postMessage(null); // which makes no sense to it
  await new Promise((resolve) => worker.once("exit", resolve));
  await assert.rejects(db.get("a"), ofKind("internal"));
  await assert.rejects(db.close(), ofKind("internal"));
  const again = await open(name);
  assert.equal(text(await again.get("a")), "1");
  await again.close();
});

test("a worker that does not end in time keeps nobody out", async () => {
  const threads = process.getBuiltinModule("node:worker_threads");
  const Worker = threads.Worker;
  threads.Worker = class extends Worker {
    postMessage(message, ...rest) {
      if (message.stop === undefined) super.postMessage(message, ...rest); // else it is as if it were too busy to see that
    }
  };
  const name = temp("late.lsm");
  const db = await open(name);
  threads.Worker = Worker;
  await db.put("a", "1");
  assert.ok(existsSync(`${name}-lock`));
  await db.close();
  assert.ok(!existsSync(`${name}-lock`));
  const again = await open(name);
  assert.equal(text(await again.get("a")), "1");
  await again.close();
});

test("a name with a byte order mark is that name", async () => {
  const before = process.cwd();
  process.chdir(temp(""));
  try {
    await (await open("\uFEFFmark.lsm")).close();
    assert.deepEqual([existsSync("\uFEFFmark.lsm"), existsSync("mark.lsm")], [true, false]);
  } finally {
    process.chdir(before);
  }
});

test("no acknowledged commit is lost when a process is killed", async () => {
  for (const safety of ["full", "normal", "off"]) {
    const name = temp(`killed-${safety}.lsm`);
    const writer = await child("write", name, safety);
    while (writer.said.split("\n").length < 300) await once(writer.stdout, "data");
    writer.kill("SIGKILL");
    await once(writer, "close");
    const acknowledged = Number(writer.said.split("\n").at(-2)); // the last line may be cut
    assert.ok(acknowledged > 250, `only ${acknowledged} commits were acknowledged`);
    assert.ok(existsSync(`${name}-lock`) && existsSync(`${name}-log`));

    const db = await open(name); // the lock counts for nothing
    const rows = await all(db.scan());
    assert.ok(rows.length >= acknowledged, `${acknowledged} commits were acknowledged, and ${rows.length} are there`);
    assert.ok(rows.length <= acknowledged + 2);
    for (const [i, [key, value]] of rows.entries()) {
      assert.equal(key, String(i).padStart(8, "0"));
      assert.equal(value, `value ${i}`);
    }
    for await (const row of db.query("PRAGMA integrity_check", [], { array: true })) assert.deepEqual(row, ["ok"]);
    await db.close();
  }
});

test("a lock file that cannot be judged is respected", async () => {
  const name = temp("lock.lsm");
  for (const content of ["", "{}", '{"pid":1,"host":"another machine"}', `{"pid":${process.pid},"host":"another"}`]) {
    writeFileSync(`${name}-lock`, content);
    await assert.rejects(open(name), (error) => ofKind("busy")(error) && error.message.includes(`${name}-lock`));
    assert.equal(readFileSync(`${name}-lock`, "utf8"), content);
  }
  await assert.rejects(open(name, { busy_timeout: 60 }), ofKind("busy"));
});

test("a process ends although a database is open", async () => {
  const idle = await child("idle", temp("idle.lsm"));
  const [code] = await once(idle, "exit");
  assert.equal(code, 0);
});

test("a process ends although a worker was started for nothing", { timeout: 60_000 }, async (t) => {
  const refused = await child("refused", "refused.lsm");
  t.after(() => refused.kill("SIGKILL"));
  const [code] = await once(refused, "exit");
  assert.equal(code, 0);
  assert.ok(refused.said.startsWith("DataCloneError ready\n"), refused.said);
});

test("a lock that nobody waits for any more is not taken", async () => {
  const name = temp("stopped.lsm");
  const release = await acquire("node", name, 0, true);
  let stopped = false;
  const second = acquire("node", name, 60_000, true, () => stopped);
  second.catch(() => {}); // it is awaited below
  stopped = true; // and only then the lock is free
  await release();
  await assert.rejects(second, /given up/);
  assert.ok(!existsSync(`${name}-lock`));
});

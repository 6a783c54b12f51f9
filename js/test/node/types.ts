// SPDX-License-Identifier: Apache-2.0

// What index.d.ts allows, and what it does not; tsc checks it, and nothing runs it.

import {
  type Bytes, type Database, importFile, LsmliteError, open, remove, requestPersistence, type Row, type Transaction, type Value,
} from "../../index.js";

export async function use(): Promise<void> {
  const db: Database = await open("a.lsm", {
    storage: "memory", safety: "full", page_size: 4096, cache_size: "16MiB", use_log: false, key: new Uint8Array(32),
    signal: AbortSignal.timeout(1000),
  });
  const key: Bytes = "a";
  await db.put(key, new Uint8Array(1));
  await db.put(new ArrayBuffer(1), "1");
  const value: Uint8Array | undefined = await db.get(key);
  await db.deleteRange(null, value);
  for await (const [k, v] of db.scan({ prefix: "a", reverse: true, limit: 10 })) console.log(k.length + v.length);
  for await (const k of db.keys({ gt: "a" })) console.log(k.length);
  const result: number = await db.transaction(async (tx: Transaction) => {
    await tx.put("b", "2");
    return tx.savepoint(() => 42);
  });
  const rows = db.query("SELECT key FROM kv WHERE key > ?", [1n, null, new Date(), "x", result]);
  const columns: string[] = await rows.columns();
  for await (const row of rows) {
    const one: Row = row;
    const v: Value | undefined = one[columns[0] ?? ""];
    console.log(v);
  }
  for await (const row of db.query("SELECT 1", [], { array: true })) console.log(row[0]);
  const { changes } = await db.exec("DELETE FROM kv WHERE key = :k", { k: "x" });
  if (changes !== undefined) console.log(changes + 1);
  const file: Uint8Array = await db.backup();
  await db.backupTo(new WritableStream<Uint8Array>());
  await db.checkpoint();
  const copy: Uint8Array = await db.backup({ key: new Uint8Array(32), signal: AbortSignal.timeout(1000) });
  console.log(copy, await db.backup({ encrypted: false }));
  await db.backup({ passphrase: "correct horse", cipher: "chacha20-poly1305" });
  // @ts-expect-error there is no such cipher
  await db.backup({ passphrase: "correct horse", cipher: "rot13" });
  const id: string = await db.addKey({ passphrase: "x" });
  for (const slot of await db.keySlots()) if (slot.id !== id && slot.type === "raw") await db.removeKey(slot.id);
  await db.close();
  await importFile("b.lsm", file, { replace: true });
  await importFile("b.lsm", new Blob([]), { storage: "memory" });
  await remove("b.lsm");
  console.log(await requestPersistence());
  try {
    await open("a.lsm");
  } catch (error) {
    if (error instanceof LsmliteError && error.kind === "busy") console.log(error.code.toFixed());
  }
}

export async function misuse(db: Database, tx: Transaction): Promise<void> {
  // @ts-expect-error a number is no key
  await db.put(1, "1");
  // @ts-expect-error there is no such storage
  await open("a.lsm", { storage: "disk" });
  // @ts-expect-error there is no such setting
  await open("a.lsm", { pagesize: 1 });
  // @ts-expect-error savepoints are in transactions
  await db.savepoint(() => {});
  // @ts-expect-error a transaction has none within it
  await tx.transaction(() => {});
  // @ts-expect-error there is no such kind
  if (new LsmliteError("", 1, "busy").kind === "sleepy") return;
}

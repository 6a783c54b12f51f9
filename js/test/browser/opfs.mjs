// SPDX-License-Identifier: Apache-2.0

// The interface of the package on the origin private file system, and what the browser itself may refuse.

import assert from "node:assert/strict";

export async function interfaceInOPFS(w) {
  const tab = await w.open();
  const seen = await tab.run(async () => {
    const db = await lsmlite.open("api.lsm", { storage: "opfs", safety: "full" });
    const seen = {};
    await db.put("a", "1");
    await db.put(Uint8Array.of(0, 255), Uint8Array.of(1, 2, 3));
    seen.get = [text(await db.get("a")), Array.from(await db.get(Uint8Array.of(0, 255))), await db.get("none") ?? "nothing"];
    await db.transaction(async (tx) => {
      for (let i = 0; i < 1000; i++) await tx.put(`n/${String(i).padStart(4, "0")}`, String(i));
      await tx.savepoint(async (sp) => { await sp.put("undone", "x"); throw new Error("back"); }).catch(() => {});
      seen.own = text(await tx.get("n/0999"));
    });
    seen.undone = await db.get("undone") ?? "nothing";
    seen.rolledBack = await db.transaction(async (tx) => { await tx.delete("a"); throw new Error("no"); }).catch((e) => e.message);
    seen.still = text(await db.get("a"));
    seen.prefix = (await rows(db.scan({ prefix: "n/" }))).length;
    seen.reverse = (await rows(db.scan({ prefix: "n/", reverse: true, limit: 2 }))).map(([k, v]) => text(k) + text(v));
    seen.range = (await rows(db.scan({ gt: "n/0010", lte: "n/0012" }))).map(([k]) => text(k));
    let left = 0;
    for await (const row of db.scan()) { left++; if (left === 3) break; }
    seen.left = left;
    await db.deleteRange("n/0100", "n/0900");
    seen.afterDelete = (await rows(db.scan({ prefix: "n/" }))).length;
    seen.query = await rows(db.query("SELECT count(*) AS n FROM kv WHERE key LIKE ?", ["n/%"]));
    seen.changes = (await db.exec("DELETE FROM kv WHERE key = 'n/0000'")).changes;
    seen.wrong = await failure(() => db.exec("SELECT * FRM kv"));
    await db.checkpoint();
    seen.check = await rows(db.query("PRAGMA integrity_check"));
    await db.close();
    seen.closed = (await failure(() => db.get("a"))).kind;
    return seen;
  });
  assert.deepEqual(seen.get, ["1", [1, 2, 3], "nothing"]);
  assert.equal(seen.own, "999");
  assert.equal(seen.undone, "nothing");
  assert.equal(seen.rolledBack, "no");
  assert.equal(seen.still, "1");
  assert.equal(seen.prefix, 1000);
  assert.deepEqual(seen.reverse, ["n/0999999", "n/0998998"]);
  assert.deepEqual(seen.range, ["n/0011", "n/0012"]);
  assert.equal(seen.left, 3);
  assert.equal(seen.afterDelete, 201);
  assert.deepEqual(seen.query, [{ n: 201 }]);
  assert.equal(seen.changes, 1);
  assert.equal(seen.wrong.is, true);
  assert.match(seen.wrong.message, /unexpected "FRM"/);
  assert.deepEqual(Object.values(seen.check[0]), ["ok"]);
  assert.equal(seen.closed, "closed");
}

export async function persistsAcrossReload(w) {
  const tab = await w.open();
  await tab.run(async () => {
    const db = await lsmlite.open("folder/of/kept.lsm", { storage: "opfs" });
    await db.put("closed", "yes");
    await db.close();
    const again = await lsmlite.open("folder/of/kept.lsm", { storage: "opfs" });
    await again.put("not closed", "yes"); // only the log has it when the page goes away
  });
  await tab.reload();
  await tab.until(() => window.ready);
  assert.deepEqual(await tab.run(async () => {
    const db = await lsmlite.open("folder/of/kept.lsm", { storage: "opfs", busy_timeout: 5000 });
    const kept = [text(await db.get("closed")), text(await db.get("not closed"))];
    await db.close();
    return kept;
  }), ["yes", "yes"]);
}

export async function twoTabs(w) {
  const [first, second] = [await w.open(), await w.open()];
  await first.run(async () => {
    window.db = await lsmlite.open("two.lsm", { storage: "opfs" });
    await db.put("by", "the first");
  });
  const refused = await second.run(() => failure(() => lsmlite.open("two.lsm", { storage: "opfs" })));
  assert.equal(refused.is, true);
  assert.equal(refused.kind, "busy");
  const late = await second.run(() => failure(() => lsmlite.open("two.lsm", { storage: "opfs", busy_timeout: 200 })));
  assert.equal(late.kind, "busy");
  second.start(async () => {
    window.db = await lsmlite.open("two.lsm", { storage: "opfs", busy_timeout: 20_000 });
    acknowledge("open");
  });
  await first.run(() => db.put("again", "the first")); // which goes on writing while the other waits
  assert.equal(second.acknowledged.length, 0);
  await first.run(() => db.close());
  await second.acknowledgements(1);
  assert.deepEqual(await second.run(async () => [text(await db.get("by")), text(await db.get("again"))]), ["the first", "the first"]);
  assert.equal((await first.run(() => failure(() => lsmlite.open("two.lsm", { storage: "opfs" })))).kind, "busy");
}

export async function quotaIsAnError(w) {
  const tab = await w.open();
  await tab.run(async () => { window.db = await lsmlite.open("quota.lsm", { storage: "opfs", safety: "full", autoflush: "256KiB" }); await db.put("first", "1"); });
  const { usage } = await tab.run(() => navigator.storage.estimate());
  await tab.call("Storage.overrideQuotaForOrigin", { origin: w.origin, quotaSize: usage + (6 << 20) });
  const full = await tab.run(async () => {
    const block = crypto.getRandomValues(new Uint8Array(60_000));
    for (let i = 0; i < 400; i++) {
      const f = await failure(() => db.put(`block/${String(i).padStart(3, "0")}`, block));
      if (f.kind !== "none") return { ...f, i };
    }
    return { kind: "never" };
  });
  assert.equal(full.is, true, JSON.stringify(full));
  assert.equal(full.kind, "full", full.message);
  await tab.run(() => db.close().catch(() => {})); // which may need room, too
  await tab.call("Storage.overrideQuotaForOrigin", { origin: w.origin });
  const after = await tab.run(async () => {
    const db = await lsmlite.open("quota.lsm", { storage: "opfs", busy_timeout: 5000 });
    const there = (await rows(db.scan({ prefix: "block/" }))).map(([, v]) => v.length);
    const check = Object.values((await rows(db.query("PRAGMA integrity_check")))[0])[0];
    await db.put("after", "1");
    await db.close();
    await lsmlite.remove("quota.lsm", { storage: "opfs" });
    return { there, check };
  });
  assert.equal(after.check, "ok");
  assert.ok(after.there.length >= full.i, `${after.there.length} of ${full.i} acknowledged rows are left`);
  assert.ok(after.there.every((n) => n === 60_000));
}

// withoutOPFS: a page that the browser does not trust has no origin private file system. That is an error, and what
// the page asks for explicitly, memory, works.
export async function withoutOPFS(w) {
  const tab = await w.open(`${w.insecure}/test/page.html`);
  assert.equal(await tab.run(() => isSecureContext || navigator.storage !== undefined), false);
  for (const options of [{ storage: "opfs" }, {}]) {
    const refused = await tab.run((o) => failure(() => lsmlite.open("x.lsm", o)), options);
    assert.equal(refused.is, true, JSON.stringify(refused));
    assert.equal(refused.kind, "cantopen");
    assert.match(refused.message, /storage/);
  }
  assert.equal(await tab.run(() => lsmlite.requestPersistence()), false);
  assert.equal(await tab.run(async () => {
    const db = await lsmlite.open("x.lsm", { storage: "memory" });
    await db.put("a", "1");
    const value = text(await db.get("a"));
    await db.close();
    return value;
  }), "1");
}

// SPDX-License-Identifier: Apache-2.0

// What is left when a tab, a worker or the browser ends while a transaction is being written: all that was
// acknowledged, and of the others all or nothing.

import assert from "node:assert/strict";

// rounds is how often a tab is killed.
const rounds = 5;

// perTransaction is how many rows a transaction has.
const perTransaction = 20;

// writeOn writes transactions until the page ends. Each has the next number in all of its rows; acknowledge() hands
// the number out of the process that will die.
function writeOn(name, from, n) {
  window.write = async () => {
    const db = await lsmlite.open(name, { storage: "opfs", safety: "full", autoflush: "64KiB", busy_timeout: 10_000 });
    const filling = "0123456789".repeat(20);
    for (let i = from; ; i++) {
      await db.transaction(async (tx) => {
        await Promise.all(Array.from({ length: n }, (_, k) => tx.put(`t/${String(i).padStart(6, "0")}/${k}`, `${i} ${filling}`)));
      });
      acknowledge(String(i));
    }
  };
  write().catch((e) => console.error(e.message));
}

// verify returns how many whole transactions there are, and what is wrong.
async function verify(name, n) {
  const db = await lsmlite.open(name, { storage: "opfs", busy_timeout: 10_000 });
  const wrong = [];
  let count = 0;
  for await (const [key, value] of db.scan({ prefix: "t/" })) {
    const [i, k] = [Math.floor(count / n), count % n];
    const want = `t/${String(i).padStart(6, "0")}/`;
    if (!text(key).startsWith(want) || !text(value).startsWith(`${i} `)) { wrong.push(`row ${count} is ${text(key)}`); break; }
    count++;
  }
  if (count % n !== 0) wrong.push(`the last transaction has ${count % n} rows`);
  const check = Object.values((await rows(db.query("PRAGMA integrity_check")))[0])[0];
  if (check !== "ok") wrong.push(check);
  await db.close();
  return { transactions: count / n, wrong };
}

async function survives(w, name, end, times) {
  let acknowledged = -1;
  for (let round = 0; round < times; round++) {
    const tab = await w.open();
    const found = await tab.run(verify, name, perTransaction);
    assert.deepEqual(found.wrong, [], `round ${round}`);
    assert.ok(found.transactions > acknowledged, `round ${round}: ${found.transactions} transactions, and ${acknowledged} was acknowledged`);
    await tab.run(writeOn, name, found.transactions, perTransaction);
    await tab.acknowledgements(5 + 6 * round);
    await new Promise((resolve) => setTimeout(resolve, 3 * round)); // somewhere in the middle
    await end(tab);
    acknowledged = Number(tab.acknowledged.at(-1));
  }
  const tab = await w.open();
  const found = await tab.run(verify, name, perTransaction);
  assert.deepEqual(found.wrong, []);
  assert.ok(found.transactions > acknowledged);
  assert.ok(acknowledged > times, `only ${acknowledged} acknowledged in all`);
}

export const tabKilled = (w) => survives(w, "killed.lsm", () => w.killRenderers(), rounds);

export const tabClosed = (w) => survives(w, "closed.lsm", () => w.closeTabs(), 1);

export const browserKilled = (w) => survives(w, "browser.lsm", async () => {
  await w.browser.kill();
  w.tabs.length = 0;
  await w.start();
}, 1);

// workerTerminated ends the worker of a database in the middle of a write. The page, which lives on, hears of it,
// and opens the database again.
export async function workerTerminated(w) {
  const tab = await w.open(undefined, { before: `
    window.workers = [];
    window.Worker = class extends Worker { constructor(...a) { super(...a); workers.push(this); } };` });
  let acknowledged = -1;
  for (let round = 0; round < 2; round++) {
    const found = await tab.run(verify, "worker.lsm", perTransaction);
    assert.deepEqual(found.wrong, []);
    assert.ok(found.transactions > acknowledged, `${found.transactions} transactions, and ${acknowledged} was acknowledged`);
    const before = tab.acknowledged.length;
    await tab.run(writeOn, "worker.lsm", found.transactions, perTransaction);
    await tab.acknowledgements(before + 10);
    await tab.run(() => { for (const worker of workers.splice(0)) worker.terminate(); });
    await new Promise((resolve) => setTimeout(resolve, 50)); // what was acknowledged is on its way to here
    acknowledged = Number(tab.acknowledged.at(-1));
  }
  const found = await tab.run(verify, "worker.lsm", perTransaction);
  assert.deepEqual(found.wrong, []);
  assert.ok(found.transactions > acknowledged);
}

// SPDX-License-Identifier: Apache-2.0

// The API, on memory and on the disk.

import assert from "node:assert/strict";
import test from "node:test";
import { all, open, temp, text } from "./package.mjs";

for (const storage of ["memory", "node"]) {
  test(`rows, ${storage}`, async () => {
    const db = await open(temp(`rows-${storage}.lsm`), { storage });
    await db.put("b", "2");
    await db.put(new Uint8Array([97]), new TextEncoder().encode("1"));
    assert.equal(text(await db.get("a")), "1");
    assert.equal(await db.get("c"), undefined);
    await db.put("empty", "");
    assert.deepEqual(await db.get("empty"), new Uint8Array(0));
    await db.delete("empty");
    assert.equal(await db.get("empty"), undefined);
    assert.deepEqual(await all(db.scan()), [["a", "1"], ["b", "2"]]);
    await db.close();
  });
}

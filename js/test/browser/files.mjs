// SPDX-License-Identifier: Apache-2.0

// Files that go in and out: those of native Go are imported, and those that native Go then reads are written. The Go
// test looks at the latter.

import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import path from "node:path";

// copyOut brings the bytes of a backup out of the page.
async function copyOut(w, tab, name) {
  const base64 = await tab.run(async () => {
    const bytes = await db.backup();
    let s = "";
    for (let i = 0; i < bytes.length; i += 8192) s += String.fromCharCode(...bytes.subarray(i, i + 8192));
    return btoa(s);
  });
  await writeFile(path.join(w.files, name), Buffer.from(base64, "base64"));
}

export async function importAndBackup(w) {
  const tab = await w.open();
  const seen = await tab.run(async () => {
    const blob = await (await fetch("/files/native.lsm")).blob();
    const seen = {};
    await lsmlite.importFile("imported.lsm", blob);
    window.db = await lsmlite.open("imported.lsm", { storage: "opfs" });
    seen.rows = await rows(db.query("SELECT count(*) AS n FROM kv"));
    seen.one = text(await db.get("native/0042"));
    seen.busy = (await failure(() => lsmlite.importFile("imported.lsm", blob))).kind;
    await db.put("browser/1", "written in a browser");
    return seen;
  });
  assert.deepEqual(seen.rows, [{ n: 1000 }]);
  assert.equal(seen.one, "value 42");
  assert.notEqual(seen.busy, "none"); // an open database is not replaced
  await copyOut(w, tab, "browser.lsm");
  assert.equal(await tab.run(async () => {
    await db.close();
    const bytes = new Uint8Array(await (await fetch("/files/native.lsm")).arrayBuffer());
    // What a tab that was closed during importFile has left is removed.
    const folder = await navigator.storage.getDirectory();
    const left = "again.lsm-lsmlite-import-0123abcd-0123-4567-89ab-0123456789ab";
    for (const name of [left, "again.lsm-import-mine"]) await folder.getFileHandle(name, { create: true });
    await lsmlite.importFile("again.lsm", bytes);
    const names = await Array.fromAsync(folder.keys());
    if (names.includes(left) || !names.includes("again.lsm-import-mine")) throw new Error(`left: ${names}`);
    const again = await lsmlite.open("again.lsm", { storage: "opfs" });
    const value = text(await again.get("native/0999"));
    await again.close();
    return value;
  }), "value 999");
}

// importWithLog: the newest rows of a killed program are there if its log is imported before the database is opened.
export async function importWithLog(w) {
  const tab = await w.open();
  const seen = await tab.run(async () => {
    for (const end of ["", "-log"]) await lsmlite.importFile(`killed.lsm${end}`, await (await fetch(`/files/killed.lsm${end}`)).blob());
    const db = await lsmlite.open("killed.lsm");
    const found = (await rows(db.scan())).map(([, v]) => text(v));
    await db.close();
    return found;
  });
  assert.equal(seen.length, 10);
  assert.equal(seen[9], "in the log 9");
}

// notADatabase: what is imported and is none is refused when it is opened, or before, and says so.
export async function notADatabase(w) {
  const tab = await w.open();
  const refused = await tab.run(() => failure(async () => {
    await lsmlite.importFile("text.lsm", new Blob(["no database ".repeat(1000)]));
    await lsmlite.open("text.lsm", { storage: "opfs" });
  }));
  assert.equal(refused.is, true, JSON.stringify(refused));
  assert.match(refused.message, /not an lsm1 database/);
}

// SPDX-License-Identifier: Apache-2.0

// A process of its own for files.test.mjs: node child.mjs WHAT NAME …

import { open, text } from "./package.mjs";

const [what, name, safety] = process.argv.slice(2);

switch (what) {
  case "hold": {
    // Keeps a database open until its input ends.
    const db = await open(name);
    console.log("ready");
    for await (const _ of process.stdin);
    await db.close();
    break;
  }
  case "write": {
    // Commits rows forever, and says how many were acknowledged.
    const db = await open(name, { safety, autoflush: 64, autocheckpoint: 128 });
    console.log("ready");
    for (let i = 0; ; i++) {
      await db.put(String(i).padStart(8, "0"), `value ${i}`);
      process.stdout.write(`${i + 1}\n`);
    }
  }
  case "copy": {
    // Writes every row again, under another key and with the value reversed.
    const db = await open(name, { safety });
    await db.transaction(async (tx) => {
      for await (const [key, value] of tx.scan({ prefix: "go/" })) {
        await tx.put(`js/${text(key).slice(3)}`, value.reverse());
      }
    });
    await db.close();
    break;
  }
  case "refused": {
    // Opens what cannot be sent to a worker.
    const content = new Uint8Array(1);
    structuredClone(content.buffer, { transfer: [content.buffer] });
    await open(name, { storage: "memory", content }).catch((error) => console.log(error.name, "ready"));
    process.stdin.destroy();
    break;
  }
  case "idle":
    await open(name);
    console.log("ready");
    process.stdin.destroy();
}

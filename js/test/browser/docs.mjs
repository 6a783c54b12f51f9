// SPDX-License-Identifier: Apache-2.0

// The programs of docs/javascript.md: each runs by itself, and prints what the page shows after it.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";

const page = path.join(path.dirname(fileURLToPath(import.meta.url)), "../../../docs/javascript.md");

export async function programsOfTheDocument(w) {
  const programs = [...(await readFile(page, "utf8")).replaceAll("\r\n", "\n").matchAll(/```js\n(.*?)```\n(?:\n```text\n(.*?)```\n)?/gs)];
  assert.ok(programs.length >= 6, `only ${programs.length} programs`);
  const tab = await w.open();
  for (const [, program, output] of programs) {
    assert.notEqual(output, undefined, `a program without its output:\n${program}`);
    const imports = /^import (\{[^}]*\}) from "lsmlite";$/m;
    assert.match(program, imports);
    const printed = await tab.run(async (body) => {
      const lines = [];
      const console = { log: (...words) => lines.push(words.join(" ")) };
      const f = Object.getPrototypeOf(async () => {}).constructor;
      await new f("console", "lsmlite", body)(console, lsmlite);
      return lines.join("\n") + "\n";
    }, program.replace(imports, "const $1 = lsmlite;"));
    assert.equal(printed, output, program);
  }
}

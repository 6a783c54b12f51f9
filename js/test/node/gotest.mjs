// SPDX-License-Identifier: Apache-2.0

// Runs a test program of Go for js/wasm with the files of the package: node gotest.mjs PACKAGE STORAGE PROGRAM ARGUMENT…

import * as fs from "node:fs";
import * as path from "node:path";
import { tmpdir } from "node:os";
import { pathToFileURL } from "node:url";

const [folder, storage, program, ...args] = process.argv.slice(2);
Object.assign(globalThis, { fs, path }); // for Go's package os, as Go's own wasm_exec_node.js does

const load = (name) => import(pathToFileURL(path.resolve(folder, name)).href);
const { Disk, Files, Memory } = await load("files.js");
const { start } = await load("program.js");

const files = new Files(storage === "memory" ? new Memory() : await Disk.make());
await start(await WebAssembly.compile(fs.readFileSync(program)), files, {
  answered: () => {},
  ended: (code) => process.exit(code),
  argv: [program, ...args],
  env: { TMPDIR: tmpdir(), LSMLITE_STORAGE: storage },
});
// The test program may wait for a timer of its own only, which Node would not stay for.
setInterval(() => {}, 1e6);

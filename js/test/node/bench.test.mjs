// SPDX-License-Identifier: Apache-2.0

// The benchmark runs to its end. How fast it is depends on the machine.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import test from "node:test";
import { fileURLToPath } from "node:url";

test("the benchmark", () => {
  const program = fileURLToPath(new URL("../../bench/bench.mjs", import.meta.url));
  const { status, stdout, stderr } = spawnSync(process.execPath, [program, "2000", "1"], { encoding: "utf8" });
  assert.equal(status, 0, stderr);
  assert.equal(stdout.match(/^\| .* \| [0-9]+\.[0-9]{2} \| [0-9]+\.[0-9]{2} \|$/gm)?.length, 6, stdout);
});

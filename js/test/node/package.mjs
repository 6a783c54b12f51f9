// SPDX-License-Identifier: Apache-2.0

// The package under test: the one that LSMLITE_PACKAGE names, or this one.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { after } from "node:test";
import { pathToFileURL } from "node:url";

const folder = process.env.LSMLITE_PACKAGE;
const load = (script) => import(folder === undefined ? `../../${script}` : pathToFileURL(resolve(folder, script)).href);
export const { open, importFile, remove, LsmliteError } = await load("index.js");
export const { acquire } = await load("locks.js");

const decoder = new TextDecoder();

/** text returns bytes as a text. */
export const text = (bytes) => (bytes === undefined ? undefined : decoder.decode(bytes));

/** all returns the rows of a scan as texts. */
export async function all(rows) {
  const list = [];
  for await (const [key, value] of rows) list.push([text(key), text(value)]);
  return list;
}

const temps = mkdtempSync(join(tmpdir(), "lsmlite-js-"));
after(() => rmSync(temps, { recursive: true, force: true }));

/** temp returns a name in a folder that the end of the tests removes. */
export const temp = (name) => join(temps, name);

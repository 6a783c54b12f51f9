// SPDX-License-Identifier: Apache-2.0

// The worker of one database: it holds the lock, runs the program on files, and passes bytes between it and
// index.js, which starts it. It also does what index.js requests for a file that is not open.

import { Disk, FileError, Files, Memory, Opfs, status, statusOf } from "./files.js";
import { acquire } from "./locks.js";
import { start } from "./program.js";
import { pack, unpack } from "./wire.js";

const inNode = typeof process !== "undefined" && process.versions?.node !== undefined && process.type !== "renderer";
const port = inNode ? process.getBuiltinModule("node:worker_threads").parentPort : globalThis;

let files;
let release = async () => {};
let stopping = false;

/** lock is acquire, of which index.js learns what it has to remove if it terminates this worker. */
function lock(storage, name, timeout, mayWrite) {
  return acquire(storage, name, timeout, mayWrite, () => stopping, (path, content) => port.postMessage({ locked: { path, content } }));
}

async function kindOf(storage) {
  switch (storage) {
    case "opfs":
      return Opfs.make();
    case "node":
      return Disk.make();
  }
  return new Memory();
}

/** serve runs the program and returns what gives it messages. */
async function serve({ module, storage, name, content, log, busyTimeout, mayWrite }) {
  const kind = await kindOf(storage);
  release = await lock(storage, name, busyTimeout, mayWrite);
  if (content !== undefined) kind.put(name, content);
  if (log !== undefined) kind.put(`${name}-log`, log);
  files = new Files(kind);
  return start(module, files, {
    answered: (answers) => {
      const all = pack(answers);
      port.postMessage({ answers: all }, [all.buffer]);
    },
    ended: () => port.postMessage({ ended: "the program has ended; its last words are on the console" }),
  });
}

/** acquireAll locks a file, and if it is a log its database, too, whose log it may be while that is open. */
async function acquireAll(storage, name) {
  const releases = [];
  release = async () => {
    for (const one of releases) await one();
  };
  const take = async (name) => void releases.push(await lock(storage, name, 0, true));
  await take(name);
  if (name.endsWith("-log")) await take(name.slice(0, -"-log".length));
}

/** importFile writes a file under another name, makes it durable, and gives it its name then. */
async function importFile({ storage, name, data, replace }) {
  const kind = await kindOf(storage);
  await acquireAll(storage, name);
  if (!replace && (await exists(kind, name))) {
    throw new FileError(status.exist, `import ${name}: there is such a file; say replace: true to replace it`);
  }
  await removeUnfinished(kind, name).catch(() => {}); // it takes room, and does no harm
  const temp = name + unfinished + crypto.randomUUID();
  try {
    const file = await kind.open(temp, { create: true, mustCreate: true, mode: 0o600 });
    try {
      let at = 0;
      for await (const bytes of partsOf(data)) {
        for (let done = 0; done < bytes.length; ) done += file.write(bytes.subarray(done), at + done);
        at += bytes.length;
      }
      file.sync();
    } finally {
      file.close();
    }
    await removeIfThere(kind, `${name}-log`); // that of the database before
    await kind.rename(temp, name);
    await kind.syncDir(name);
  } catch (error) {
    await removeIfThere(kind, temp).catch(() => {});
    throw error;
  }
}

/** What importFile writes to before it gives it a name has this after that name, and a UUID. */
const unfinished = "-lsmlite-import-";
const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** removeUnfinished removes what importFile has left of a file because its worker ended. Who calls it has the lock. */
async function removeUnfinished(kind, name) {
  const windows = inNode && process.platform === "win32";
  const slash = Math.max(name.lastIndexOf("/"), windows ? name.lastIndexOf("\\") : -1) + 1;
  const file = name.slice(slash);
  for (const other of await kind.siblings(name)) {
    for (const begin of [file + unfinished, `${file}-log${unfinished}`]) {
      if (other.startsWith(begin) && uuid.test(other.slice(begin.length))) await removeIfThere(kind, name.slice(0, slash) + other);
    }
  }
}

async function* partsOf(data) {
  if (!(data instanceof Blob)) {
    yield data;
    return;
  }
  const reader = data.stream().getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    yield value;
  }
}

async function exists(kind, name) {
  try {
    await kind.stat(name);
    return true;
  } catch (error) {
    if (statusOf(error) === status.notExist) return false;
    throw error;
  }
}

async function removeIfThere(kind, name) {
  try {
    await kind.remove(name);
  } catch (error) {
    if (statusOf(error) !== status.notExist) throw error;
  }
}

/** removeFile removes a database and its log. The log goes first: alone it would look like a lost database's. */
async function removeFile({ storage, name }) {
  const kind = await kindOf(storage);
  await acquireAll(storage, name);
  await kind.stat(name);
  await removeUnfinished(kind, name).catch(() => {});
  await removeIfThere(kind, `${name}-log`);
  await kind.remove(name);
  await kind.syncDir(name);
}

/** stop closes what is open. After it the worker can be ended without anything left. */
async function stop() {
  stopping = true; // a lock that is still waited for must not come any more
  files?.closeAll();
  await release().catch(() => {});
  port.postMessage({ stopped: true });
}

const ended = (error) => port.postMessage({ ended: String(error?.message ?? error), status: statusOf(error) });
const done = () => port.postMessage({ done: true });

let give;
const early = []; // messages that came before the program

function received(data) {
  if (data.start !== undefined) {
    serve(data.start).then((f) => {
      give = f;
      give(early.splice(0));
    }, ended);
  } else if (data.importFile !== undefined) {
    importFile(data.importFile).then(done, ended);
  } else if (data.remove !== undefined) {
    removeFile(data.remove).then(done, ended);
  } else if (data.stop !== undefined) {
    void stop();
  } else if (data.giveUp !== undefined) {
    if (give === undefined) port.postMessage({ gaveUp: true }); // index.js sends stop then
  } else if (give === undefined) {
    early.push(...unpack(data.messages));
  } else {
    give(unpack(data.messages));
  }
}

if (inNode) port.on("message", received);
else port.onmessage = (event) => received(event.data);

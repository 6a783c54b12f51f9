// SPDX-License-Identifier: Apache-2.0

// The npm package lsmlite: a database, which runs in a worker of its own. index.d.ts describes what it exports.

import { asBytes, pack, Reader, TooLong, unpack, Writer } from "./wire.js";

// What Node has is asked of process, not imported: bundlers for browsers would look for it.
const inNode = typeof process !== "undefined" && process.versions?.node !== undefined && process.type !== "renderer";

const op = {
  open: 1, close: 2, cancel: 3, get: 4, put: 5, delete: 6, deleteRange: 7, scan: 8, next: 9, end: 10, begin: 11,
  commit: 12, rollback: 13, query: 14, exec: 15, backup: 16, checkpoint: 17, savepoint: 18, release: 19,
  rollbackTo: 20, slots: 21, addKey: 22, removeKey: 23,
};

/** LsmliteError is what fails here; code is lsm1's number, kind a name for it. */
export class LsmliteError extends Error {
  constructor(message, code, kind, options) {
    super(message, options);
    this.name = "LsmliteError";
    this.code = code;
    this.kind = kind;
  }
}

const misuse = (message) => new LsmliteError(`lsmlite: ${message}`, 21, "misuse");
const closed = () => new LsmliteError("lsmlite: the database is closed", 21, "closed");

/** What files.js calls a failure, as the engine would. */
const byStatus = new Map([
  [-1, [10, "io"]], [-2, [14, "cantopen"]], [-3, [14, "cantopen"]], [-4, [14, "cantopen"]], [-5, [14, "cantopen"]],
  [-6, [14, "cantopen"]], [-7, [14, "cantopen"]], [-8, [13, "full"]], [-9, [5, "busy"]], [-10, [14, "cantopen"]],
  [-11, [14, "cantopen"]],
]);

let program; // the compiled program, a promise

/** load compiles the program once for all workers. */
function load() {
  program ??= compile().catch((error) => {
    program = undefined; // the next call tries again
    throw error;
  });
  return program;
}

async function compile() {
  const url = new URL("./lsmlite.wasm", import.meta.url);
  if (inNode && url.protocol === "file:") {
    const { readFile } = process.getBuiltinModule("node:fs/promises");
    return WebAssembly.compile(await readFile(url));
  }
  const response = await fetch(url);
  if (!response.ok) throw new LsmliteError(`lsmlite: ${url} cannot be loaded: ${response.status}`, 14, "cantopen");
  if (response.headers.get("content-type")?.startsWith("application/wasm")) return WebAssembly.compileStreaming(response);
  return WebAssembly.compile(await response.arrayBuffer());
}

/** How many milliseconds a worker has to end by itself. */
const patience = 2000;

/** What is called when a signal is aborted, by signal: many calls are one listener. */
const aborts = new WeakMap();

/** onAbort has f called when a signal is aborted, and returns what takes that back. */
function onAbort(signal, f) {
  let all = aborts.get(signal);
  if (all === undefined) {
    aborts.set(signal, (all = new Set()));
    signal.addEventListener("abort", () => [...all].forEach((g) => g()), { once: true });
  }
  all.add(f);
  return () => void all.delete(f);
}

/** removeLock removes a lock file that a worker has left because it was terminated before it came to that. */
function removeLock(path, content) {
  const fs = process.getBuiltinModule("node:fs");
  try {
    if (fs.readFileSync(path, "utf8") === content) fs.rmSync(path, { force: true });
  } catch {
    // It is not there, as it should be.
  }
}

/** Link is a worker and what is between it and this thread. */
class Link {
  #worker;
  #waiting = new Map(); // by number: {resolve, reject}
  #last = 0;
  #outbox = [];
  #dead; // why nothing can be requested any more
  #locks = []; // the lock files that the worker has made: {path, content}
  #exited = false; // in Node, which says so

  #stopped; // resolves the promise of stop

  /** start starts a worker with its first message. */
  static async start(message) {
    const link = new Link();
    try {
      link.#begin(message);
    } catch (error) {
      await link.#worker?.terminate(); // the message cannot be sent, as one with a buffer that was transferred
      throw error;
    }
    return link;
  }

  #begin(message) {
    if (inNode) {
      const { Worker: Thread } = process.getBuiltinModule("node:worker_threads");
      const worker = new Thread(new URL("./worker.js", import.meta.url), { name: "lsmlite" });
      worker.on("message", (data) => this.#received(data));
      worker.on("error", (error) => this.#end(new LsmliteError(`lsmlite: ${error.message}`, 1, "internal", { cause: error })));
      worker.on("exit", () => {
        this.#exited = true;
        this.#end(closed());
        this.#stopped?.();
      });
      this.#worker = worker;
    } else {
      // In one expression, by which bundlers know that worker.js is a program of its own.
      const worker = new Worker(new URL("./worker.js", import.meta.url), { type: "module", name: "lsmlite" });
      worker.onmessage = (event) => this.#received(event.data);
      worker.onerror = (event) => {
        // Without a message the script of the worker, or what it imports, did not load.
        const what = event.message ?? `${new URL("./worker.js", import.meta.url)} and the scripts next to it cannot be loaded`;
        this.#end(new LsmliteError(`lsmlite: the worker failed: ${what}`, 1, "internal"));
      };
      this.#worker = worker;
    }
    this.#worker.postMessage(message);
  }

  /** task has a worker do one thing without the program. */
  static async task(message) {
    const link = await Link.start(message);
    try {
      await new Promise((resolve, reject) => link.#waiting.set(0, { resolve, reject }));
    } finally {
      await link.stop(closed());
    }
  }

  #received(data) {
    if (data.stopped !== undefined) {
      this.#stopped?.();
      return;
    }
    if (data.ended !== undefined) {
      const [code, kind] = byStatus.get(data.status) ?? [1, "internal"];
      void this.stop(new LsmliteError(`lsmlite: ${data.ended}`, code, kind));
      return;
    }
    if (data.locked !== undefined) {
      this.#locks.push(data.locked);
      return;
    }
    if (data.gaveUp !== undefined) {
      void this.stop(new LsmliteError("lsmlite: the call was cancelled", 4, "aborted"));
      return;
    }
    if (data.done !== undefined) {
      this.#waiting.get(0)?.resolve();
      return;
    }
    for (const bytes of unpack(data.answers)) {
      const answer = new Reader(bytes);
      const id = answer.u32();
      const call = this.#waiting.get(id);
      if (call === undefined) continue;
      this.#waiting.delete(id);
      if (answer.byte() === 0) {
        call.resolve(answer);
      } else {
        const code = answer.u32();
        const kind = answer.text();
        call.reject(new LsmliteError(answer.text(), code, kind));
      }
    }
    this.#keepAlive();
  }

  /** In Node a worker keeps the process alive only while something is awaited. */
  #keepAlive() {
    if (!inNode) return;
    if (this.#waiting.size > 0) this.#worker.ref();
    else this.#worker.unref();
  }

  #end(reason) {
    this.#dead ??= reason;
    for (const { reject } of this.#waiting.values()) reject(this.#dead);
    this.#waiting.clear();
  }

  /** giveUp ends a worker that has no program yet, because it waits for the lock. */
  giveUp() {
    this.#worker.postMessage({ giveUp: true });
  }

  /** stop ends the worker, which closes its files and gives up its lock before. */
  async stop(reason) {
    this.#end(reason);
    this.#stopping ??= this.#terminate();
    await this.#stopping;
  }

  #stopping;

  async #terminate() {
    if (inNode) this.#worker.ref();
    let timer;
    await new Promise((resolve) => {
      if (this.#exited) return resolve();
      this.#stopped = resolve;
      timer = setTimeout(resolve, patience); // it has failed, or does something that takes long
      this.#worker.postMessage({ stop: true });
    });
    clearTimeout(timer);
    await this.#worker.terminate();
    for (const { path, content } of this.#locks) removeLock(path, content);
  }

  /**
   * call sends a message, whose body write writes, and returns its answer. What is sent in one turn of the event
   * loop goes in one message of the worker. When signal is aborted the call is cancelled, and the promise is
   * rejected with its reason once the program has answered.
   */
  call(what, write, signal) {
    if (this.#dead !== undefined) return Promise.reject(this.#dead);
    if (signal?.aborted) return Promise.reject(signal.reason);
    const id = (this.#last = (this.#last % 0xffffffff) + 1);
    const message = new Writer().byte(0).u32(id).byte(what);
    try {
      write?.(message);
    } catch (error) {
      const tooLong = error instanceof TooLong;
      return Promise.reject(tooLong ? new LsmliteError(`lsmlite: the call is too long: ${error.message}`, 18, "toobig") : error);
    }
    const answer = new Promise((resolve, reject) => this.#waiting.set(id, { resolve, reject }));
    this.#send(message.done());
    this.#keepAlive();
    if (signal === undefined) return answer;
    const forget = onAbort(signal, () => this.#send(new Writer().byte(0).u32(0).byte(op.cancel).u32(id).done()));
    return answer
      .catch((error) => {
        throw signal.aborted && error.kind === "aborted" ? signal.reason : error;
      })
      .finally(forget);
  }

  #send(bytes) {
    this.#outbox.push(bytes);
    if (this.#outbox.length > 1) return;
    queueMicrotask(() => {
      const outbox = this.#outbox;
      this.#outbox = [];
      try {
        const messages = pack(outbox);
        this.#worker.postMessage({ messages }, [messages.buffer]);
      } catch (error) {
        // There is no memory for them together. None was sent, so each call has failed.
        for (const message of outbox) this.#fail(new DataView(message.buffer).getUint32(1, true), error);
      }
    });
  }

  #fail(id, cause) {
    this.#waiting.get(id)?.reject(new LsmliteError(`lsmlite: the call cannot be sent: ${cause.message}`, 7, "nomem", { cause }));
    this.#waiting.delete(id);
    this.#keepAlive();
  }
}

/** Session is what a database and a transaction have in common. */
class Session {
  #link;
  #tx; // the number of the transaction, 0 for none

  constructor(link, tx) {
    this.#link = link;
    this.#tx = tx;
  }

  async get(key) {
    return (await this.#link.call(op.get, (w) => w.u32(this.#tx).bytes(asBytes(key, "the key")))).bytes();
  }

  async put(key, value) {
    await this.#link.call(op.put, (w) => w.u32(this.#tx).bytes(asBytes(key, "the key")).bytes(asBytes(value, "the value")));
  }

  async delete(key) {
    await this.#link.call(op.delete, (w) => w.u32(this.#tx).bytes(asBytes(key, "the key")));
  }

  async deleteRange(after, before) {
    await this.#link.call(op.deleteRange, (w) => w.u32(this.#tx).optional(after, "after").optional(before, "before"));
  }

  scan(options = {}) {
    return this.#scan(options, false, (answer) => [answer.bytes(), answer.bytes()]);
  }

  keys(options = {}) {
    return this.#scan(options, true, (answer) => answer.bytes());
  }

  #scan({ gt, gte, lt, lte, prefix, reverse = false, limit, signal }, keysOnly, read) {
    if (limit !== undefined && !(limit >= 0)) throw new RangeError(`limit is ${limit}; want a number from 0 up`);
    if (limit === Infinity) limit = undefined;
    if (limit !== undefined && Math.floor(limit) === 0) return nothing();
    return this.#batches(
      op.scan,
      (w) => w.u32(this.#tx).byte((reverse ? 1 : 0) | (keysOnly ? 2 : 0)).u64(limit === undefined ? 0 : Math.floor(limit))
        .optional(gt, "gt").optional(gte, "gte").optional(lt, "lt").optional(lte, "lte").optional(prefix, "prefix"),
      () => ({ read }),
      signal,
    );
  }

  query(sql, params = [], { array = false, signal } = {}) {
    return this.#batches(
      op.query,
      (w) => writeStatement(w.u32(this.#tx), sql, params),
      (answer) => {
        const columns = Array.from({ length: answer.u32() }, () => answer.text());
        if (array) return { columns, read: (answer) => columns.map(() => answer.value()) };
        const read = (answer) => {
          const row = {};
          for (const column of columns) set(row, column, answer.value());
          return row;
        };
        return { columns, read };
      },
      signal,
    );
  }

  async exec(sql, params = [], { signal } = {}) {
    const answer = await this.#link.call(op.exec, (w) => writeStatement(w.u32(this.#tx), sql, params), signal);
    return { changes: answer.value() ?? undefined };
  }

  #batches(what, write, head, signal) {
    return new Batches(this.#link, this.#tx, what, write, head, signal);
  }

  /** parts is for Database.backup. */
  parts(secret, signal) {
    const write = (w) => w.byte(secret.kind).optional(secret.bytes, "the key").text(secret.cipher ?? "");
    return this.#batches(op.backup, write, () => ({ read: (answer) => answer.bytes() }), signal);
  }
}

async function* nothing() {}

/**
 * Batches is an iterator over rows that come in batches, the next of which is under way while one is used. head reads
 * what comes before the first batch, and returns what reads a row, and the columns if there are any.
 */
class Batches {
  #link;
  #tx;
  #request;
  #signal;
  #begun; // the promise of the first answer, once it was requested
  #walking = false;
  #rows = this.#walk();

  constructor(link, tx, what, write, head, signal) {
    this.#link = link;
    this.#tx = tx;
    this.#signal = signal;
    this.#request = async () => {
      const answer = await link.call(what, write, signal);
      const { columns, read } = head(answer);
      return { answer, columns, read, source: answer.u32() }; // source 0: the first batch is the last one
    };
  }

  #begin() {
    this.#begun ??= this.#request();
    return this.#begun;
  }

  async columns() {
    return (await this.#begin()).columns;
  }

  next() {
    return this.#rows.next();
  }

  async return(value) {
    if (this.#begun !== undefined && !this.#walking) {
      this.#walking = true;
      await this.#begun.then(({ source }) => this.#end(source), () => {});
    }
    return this.#rows.return(value);
  }

  throw(error) {
    return this.return().then(() => {
      throw error;
    });
  }

  [Symbol.asyncIterator]() {
    return this;
  }

  async [Symbol.asyncDispose ?? Symbol.for("Symbol.asyncDispose")]() {
    await this.return();
  }

  async #end(source) {
    if (source !== 0) await this.#link.call(op.end, (w) => w.u32(this.#tx).u32(source)).catch(() => {});
  }

  async *#walk() {
    this.#walking = true;
    let { answer, read, source } = await this.#begin();
    let done = false;
    try {
      for (;;) {
        done = answer.byte() === 1;
        let ahead;
        if (!done) {
          ahead = this.#link.call(op.next, (w) => w.u32(this.#tx).u32(source), this.#signal);
          ahead.catch(() => {}); // it is awaited below, or nobody needs it any more
        }
        for (let rows = answer.u32(); rows > 0; rows--) {
          this.#signal?.throwIfAborted();
          yield read(answer);
        }
        if (done) return;
        answer = await ahead;
      }
    } finally {
      if (!done) await this.#end(source);
    }
  }
}

/** set is row[name] = value, also for a name that objects have already. */
function set(row, name, value) {
  Object.defineProperty(row, name, { value, enumerable: true, writable: true, configurable: true });
}

/** writeStatement writes a text and its arguments: a list, or an object for named ones. */
function writeStatement(w, sql, params) {
  if (typeof sql !== "string") throw new TypeError(`the statement is ${typeof sql}; want a string`);
  w.text(sql);
  if (Array.isArray(params)) {
    w.u32(params.length);
    for (const value of params) w.text("").value(value);
    return;
  }
  const named = Object.entries(params);
  w.u32(named.length);
  for (const [name, value] of named) w.text(name).value(value);
}

/** Transaction is what the function given to transaction works on. */
class Transaction extends Session {
  #link;
  #number;
  #savepoints = 0;

  constructor(link, number) {
    super(link, number);
    this.#link = link;
    this.#number = number;
  }

  async savepoint(f) {
    const n = ++this.#savepoints;
    const call = (what) => this.#link.call(what, (w) => w.u32(this.#number).u32(n));
    await call(op.savepoint);
    let result;
    try {
      result = await f(this);
    } catch (error) {
      await call(op.rollbackTo);
      await call(op.release);
      throw error;
    }
    await call(op.release);
    return result;
  }
}

/** unlessAborted returns what a promise returns, or throws as soon as the signal is aborted. */
async function unlessAborted(promise, signal) {
  if (signal === undefined) return promise;
  let stop;
  const aborted = new Promise((_, reject) => {
    stop = () => reject(signal.reason);
    if (signal.aborted) stop(); // what the promise is of has done that already
    else signal.addEventListener("abort", stop, { once: true });
  });
  try {
    const result = await Promise.race([promise, aborted]);
    signal.throwIfAborted();
    return result;
  } finally {
    signal.removeEventListener("abort", stop);
  }
}

/** Database is an open database. */
class Database extends Session {
  #link;
  #name;
  #closing;

  constructor(link, name) {
    super(link, 0);
    this.#link = link;
    this.#name = name;
  }

  get name() {
    return this.#name;
  }

  async transaction(f, { signal } = {}) {
    const number = (await this.#link.call(op.begin, undefined, signal)).u32();
    const end = (what) => this.#link.call(what, (w) => w.u32(number));
    let result;
    try {
      signal?.throwIfAborted(); // the turn had come before it could be given up
      const tx = new Transaction(this.#link, number);
      result = await unlessAborted((async () => f(tx))(), signal);
    } catch (error) {
      await end(op.rollback).catch(() => {});
      throw error;
    }
    await end(op.commit);
    return result;
  }

  /** secretOfCopy is secretOf for a copy: 0 has it open with the keys of the database, 3 makes it one without encryption. */
  async #secretOfCopy({ key, passphrase, cipher, encrypted, ...unknown }) {
    for (const name of Object.keys(unknown)) throw misuse(`${name} is no option of a backup; there are key, passphrase, cipher, encrypted and signal`);
    if (encrypted !== undefined && typeof encrypted !== "boolean") throw new TypeError("encrypted is neither true nor false");
    if (cipher !== undefined && typeof cipher !== "string") throw new TypeError(`cipher is ${cipher === null ? "null" : typeof cipher}; want a string`);
    const secret = secretOf(key, passphrase);
    if (encrypted === false && secret.kind !== 0) throw misuse("a copy without encryption has no key");
    if (encrypted === true && secret.kind === 0 && (await this.keySlots()).length === 0) {
      throw misuse("the database is not encrypted, so its copy is not, either; give key or passphrase");
    }
    if (cipher !== undefined && secret.kind === 0) {
      throw misuse("cipher is for a copy with a key of its own, and others have that of the database; give key or passphrase");
    }
    return encrypted === false ? { kind: 3 } : { ...secret, cipher };
  }

  async backup({ signal, ...how } = {}) {
    const parts = [];
    for await (const part of this.parts(await this.#secretOfCopy(how), signal)) parts.push(part);
    const all = new Uint8Array(parts.reduce((n, part) => n + part.length, 0));
    let at = 0;
    for (const part of parts) {
      all.set(part, at);
      at += part.length;
    }
    return all;
  }

  async backupTo(stream, { signal, ...how } = {}) {
    const secret = await this.#secretOfCopy(how);
    const writer = stream.getWriter();
    try {
      for await (const part of this.parts(secret, signal)) {
        await writer.ready;
        await writer.write(part);
      }
      await writer.close();
    } catch (error) {
      await writer.abort(error).catch(() => {});
      throw error;
    } finally {
      writer.releaseLock();
    }
  }

  async checkpoint({ signal } = {}) {
    await this.#link.call(op.checkpoint, undefined, signal);
  }

  async keySlots() {
    const answer = await this.#link.call(op.slots);
    const slot = () => ({ id: answer.text(), type: answer.text(), name: answer.text() || undefined });
    return Array.from({ length: answer.u32() }, slot);
  }

  async addKey({ key, passphrase } = {}) {
    const secret = secretOf(key, passphrase);
    if (secret.kind === 0) throw misuse("the new key is missing: key or passphrase");
    return (await this.#link.call(op.addKey, (w) => w.byte(secret.kind).bytes(secret.bytes))).text();
  }

  async removeKey(id) {
    await this.#link.call(op.removeKey, (w) => w.text(`${id}`));
  }

  close() {
    this.#closing ??= this.#link.call(op.close).finally(() => this.#link.stop(closed()));
    return this.#closing.then(() => {});
  }

  async [Symbol.asyncDispose ?? Symbol.for("Symbol.asyncDispose")]() {
    await this.close();
  }
}

/** What importFile has given to databases in memory, by name. */
const imported = new Map();

/** open opens a database, and makes it if there is none. */
export async function open(name, options = {}) {
  const { storage = usual, content, log, key, passphrase, signal, ...settings } = options;
  check(name, storage);
  const secret = secretOf(key, passphrase);
  if (storage !== "memory" && (content ?? log) !== undefined) {
    throw misuse('content and log are for storage "memory"; importFile stores a file elsewhere');
  }
  signal?.throwIfAborted();
  const module = await load();
  const link = await Link.start({
    start: {
      module, storage, name,
      content: content === undefined ? (storage === "memory" ? imported.get(name) : undefined) : await contentOf(content),
      log: log === undefined
        ? (storage === "memory" && content === undefined ? imported.get(`${name}-log`) : undefined)
        : await contentOf(log),
      busyTimeout: milliseconds(settings.busy_timeout),
      mayWrite: settings.mode !== "ro",
    },
  });
  const giveUp = () => link.giveUp();
  try {
    signal?.addEventListener("abort", giveUp, { once: true });
    await link.call(op.open, (w) => {
      const all = Object.entries(settings).filter(([, value]) => value !== undefined);
      w.text(name).byte(secret.kind).optional(secret.bytes, "the key").u32(all.length);
      for (const [setting, value] of all) w.text(setting).text(settingText(setting, value));
    }, signal);
  } catch (error) {
    await link.stop(error);
    throw error;
  } finally {
    signal?.removeEventListener("abort", giveUp);
  }
  return new Database(link, name);
}

/** importFile stores a file as a database, which is not open, and looks at nothing in it. */
export async function importFile(name, data, { storage = usual, replace = false } = {}) {
  check(name, storage);
  if (storage !== "memory") {
    if (!(data instanceof Blob)) data = asBytes(data, "the file");
    await Link.task({ importFile: { storage, name, data, replace } });
    return;
  }
  if (imported.has(name) && !replace) {
    throw new LsmliteError(`lsmlite: import ${name}: there is such a file; say replace: true to replace it`, 14, "cantopen");
  }
  imported.set(name, (await contentOf(data)).slice());
  imported.delete(`${name}-log`); // that of the database before
}

/** contentOf returns the bytes of a file that a program gives. */
async function contentOf(data) {
  return data instanceof Blob ? new Uint8Array(await data.arrayBuffer()) : asBytes(data, "the file");
}

/** remove removes a database, which is not open, and its log. */
export async function remove(name, { storage = usual } = {}) {
  check(name, storage);
  if (storage !== "memory") {
    await Link.task({ remove: { storage, name } });
  } else if (imported.delete(name)) {
    imported.delete(`${name}-log`);
  } else {
    throw new LsmliteError(`lsmlite: remove ${name}: the file does not exist`, 14, "cantopen");
  }
}

/** requestPersistence asks the browser not to remove what it stores for this origin when room is short. */
export async function requestPersistence() {
  if (inNode) return true;
  return (await navigator.storage?.persist?.()) ?? false;
}

const usual = inNode ? "node" : "opfs";

function check(name, storage) {
  if (typeof name !== "string" || name === "" || name.includes("\0")) {
    throw misuse("the name of a database is a string that is not empty");
  }
  if (!["opfs", "memory", "node"].includes(storage)) throw misuse(`storage is ${storage}; want opfs, memory or node`);
  if (storage === "node" && !inNode) throw misuse('storage "node" is the disk in Node; in a browser there is "opfs"');
  if (storage === "opfs" && inNode) throw misuse('storage "opfs" is in browsers; in Node there is "node"');
}

/** secretOf is what opens an encrypted database: no key is 0, bytes are 1, a passphrase is 2. */
function secretOf(key, passphrase) {
  if ((key ?? undefined) === undefined && (passphrase ?? undefined) === undefined) return { kind: 0 };
  if ((key ?? undefined) === undefined) return { kind: 2, bytes: asBytes(passphrase, "the passphrase") };
  if ((passphrase ?? undefined) !== undefined) throw misuse("key and passphrase are both set; one of them opens a database");
  if (typeof key === "string") throw new TypeError("the key is a string; want 32 bytes, or passphrase");
  return { kind: 1, bytes: asBytes(key, "the key") };
}

/** milliseconds is how long to wait for a lock; what makes no sense the program refuses later. */
function milliseconds(timeout) {
  const text = String(timeout ?? 0);
  if (text === "unlimited") return Infinity;
  if (/^\d+$/.test(text)) return Number(text);
  const units = { ns: 1e-6, us: 1e-3, "µs": 1e-3, "μs": 1e-3, ms: 1, s: 1e3, m: 60e3, h: 3600e3 };
  let sum = 0;
  for (const [, n, unit] of text.matchAll(/(\d+\.?\d*|\.\d+)(ns|us|µs|μs|ms|s|m|h)/g)) sum += Number(n) * units[unit];
  return sum;
}

/** settingText is a setting as it is in a data source name: on and off for booleans. */
function settingText(setting, value) {
  switch (typeof value) {
    case "boolean":
      return value ? "on" : "off";
    case "string":
    case "number":
    case "bigint":
      return String(value);
  }
  throw misuse(`${setting} is ${value === null ? "null" : typeof value}; want a string, a number or a boolean`);
}

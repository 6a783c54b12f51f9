// SPDX-License-Identifier: Apache-2.0

// The worker of one database: it runs the program, gives it files, and passes bytes between it and index.js.
// index.js starts it.

import "./wasm_exec.js";
import { Disk, Files, Memory, Opfs, statusOf } from "./files.js";

const inNode = typeof process !== "undefined" && process.versions?.node !== undefined && process.type !== "renderer";
const port = inNode ? (await import("node:worker_threads")).parentPort : globalThis;

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** run starts the program and serves messages until it ends. */
async function run({ module, storage, name, content }) {
  const kind = storage === "opfs" ? await Opfs.make() : storage === "node" ? await Disk.make() : new Memory();
  if (content !== undefined) kind.put(name, content);
  const files = new Files(kind);

  const queue = []; // messages for the program
  const given = []; // answers of the program
  let memory;
  let wake;
  let waking = false;

  // A number above 2^31 comes as a negative one.
  const bytes = (at, n) => new Uint8Array(memory.buffer, at >>> 0, n >>> 0);
  const text = (at, n) => decoder.decode(bytes(at, n));

  /** tell has the program look at the queue, and passes its answers on. */
  function tell() {
    if (wake === undefined || waking) return;
    waking = true;
    try {
      wake();
    } finally {
      waking = false;
    }
    flush();
  }

  /** flush sends the answers of this turn of the event loop in one message. */
  function flush() {
    if (given.length === 0) return;
    const answers = given.splice(0);
    port.postMessage({ answers }, answers.map((a) => a.buffer));
  }

  /** begin does an operation on names, and queues what it came to. */
  async function begin(call, what, a, b, arg) {
    let outcome;
    try {
      const { value = 0, text = "" } = await files.do(what, a, b, arg);
      outcome = [0, value, text];
    } catch (error) {
      outcome = [statusOf(error), 0, String(error?.message ?? error)];
    }
    const reason = encoder.encode(outcome[2]);
    const message = new Uint8Array(1 + 4 + 4 + 8 + 4 + reason.length);
    const view = new DataView(message.buffer);
    message[0] = 1;
    view.setUint32(1, call, true);
    view.setInt32(5, outcome[0], true);
    view.setFloat64(9, outcome[1], true);
    view.setUint32(17, reason.length, true);
    message.set(reason, 21);
    queue.push(message);
    tell();
  }

  const go = new globalThis.Go();
  go.importObject.lsmlite = {
    pending: () => (queue.length > 0 ? queue[0].length : -1),
    take: (at) => bytes(at, queue[0].length).set(queue.shift()),
    give: (at, n) => {
      given.push(bytes(at, n).slice());
      if (!waking) queueMicrotask(flush);
    },
    removesOpen: () => (kind.removesOpen ? 1 : 0),
    begin: (call, what, a, aLen, b, bLen, arg) => void begin(call, what, text(a, aLen), text(b, bLen), arg),
    read: (handle, at, n, off) => files.read(handle, bytes(at, n), off),
    write: (handle, at, n, off) => files.write(handle, bytes(at, n), off),
    size: (handle) => files.size(handle),
    truncate: (handle, size) => files.truncate(handle, size),
    sync: (handle) => files.sync(handle),
    close: (handle) => files.close(handle),
    reason: (at, n) => encoder.encodeInto(files.reason(), bytes(at, n)).written,
  };
  const instance = await WebAssembly.instantiate(module, go.importObject);
  memory = instance.exports.mem ?? instance.exports.memory;
  globalThis.lsmliteReady = (f) => {
    wake = f;
    queueMicrotask(tell);
  };
  void go.run(instance).then(() => port.postMessage({ ended: "the program has ended; its last lines are in the console" }));

  return (messages) => {
    for (const m of messages) queue.push(m);
    tell();
  };
}

let serve;
const early = [];

function received(data) {
  if (data.start !== undefined) {
    run(data.start).then(
      (f) => {
        serve = f;
        if (early.length > 0) serve(early.splice(0));
      },
      (error) => port.postMessage({ ended: String(error?.message ?? error), status: statusOf(error) }),
    );
  } else if (serve === undefined) {
    early.push(...data.messages);
  } else {
    serve(data.messages);
  }
}

if (inNode) port.on("message", received);
else port.onmessage = (event) => received(event.data);

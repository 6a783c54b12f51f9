// SPDX-License-Identifier: Apache-2.0

// How a program of js/hostfs runs: its module of functions, and the queue of messages that it takes.

import "./wasm_exec.js";
import { statusOf } from "./files.js";

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/**
 * start runs a program on files. answered is given lists of its answers, ended is called when it has ended. The
 * result puts messages into the queue.
 */
export async function start(module, files, { answered, ended, argv, env }) {
  const queue = []; // messages for the program
  let given = []; // answers of the program
  let memory;
  let wake;
  let waking = false;

  // A number above 2^31 comes as a negative one.
  const bytes = (at, n) => new Uint8Array(memory.buffer, at >>> 0, n >>> 0);
  const text = (at, n) => decoder.decode(bytes(at, n));

  /** tell has the program look at the queue, and passes its answers on. */
  function tell() {
    if (wake === undefined || waking || queue.length === 0) return;
    waking = true;
    try {
      wake();
    } finally {
      waking = false;
    }
    flush();
  }

  /** flush passes on the answers of this turn of the event loop together. */
  function flush() {
    if (given.length === 0) return;
    const answers = given;
    given = [];
    answered(answers);
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
  if (argv !== undefined) go.argv = argv;
  if (env !== undefined) go.env = env;
  let code = 0;
  go.exit = (n) => (code = n);
  go.importObject.lsmlite = {
    pending: () => (queue.length > 0 ? queue[0].length : -1),
    take: (at) => bytes(at, queue[0].length).set(queue.shift()),
    give: (at, n) => {
      given.push(bytes(at, n).slice());
      if (!waking) queueMicrotask(flush);
    },
    removesOpen: () => (files.removesOpen ? 1 : 0),
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
  memory = instance.exports.mem;
  globalThis.lsmliteReady = (f) => {
    wake = f;
    queueMicrotask(tell);
  };
  void go.run(instance).then(() => ended(code));

  return (messages) => {
    for (const m of messages) queue.push(m);
    tell();
  };
}

// SPDX-License-Identifier: Apache-2.0

// How index.js and the program write what they say to each other; js/internal/wire is the other side.

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { ignoreBOM: true }); // or a U+FEFF at the beginning would be dropped
const absent = 0xffffffff;

const kind = { null: 0, int: 1, float: 2, text: 3, bytes: 4, true: 5, false: 6, uint: 7, millis: 8 };

/** maxMessage is how long a message can be in bytes: the program is told the length as a number of 31 bits. */
export const maxMessage = 2 ** 31 - 1;

/** TooLong is a message beyond maxMessage. */
export class TooLong extends RangeError {}

/**
 * utf8 returns the UTF-8 of a text. Half of a surrogate pair has none: in its place would be U+FFFD, for each of them,
 * and different keys become one.
 */
function utf8(s, what) {
  if (!(s.isWellFormed?.() ?? !/\p{Surrogate}/u.test(s))) {
    throw new TypeError(`${what} has half of a surrogate pair, which UTF-8 cannot express; pass bytes`);
  }
  return encoder.encode(s);
}

/** asBytes returns the bytes of a key or value: a text is UTF-8. */
export function asBytes(x, what) {
  if (typeof x === "string") return utf8(x, what);
  if (x instanceof Uint8Array) return x;
  if (ArrayBuffer.isView(x)) return new Uint8Array(x.buffer, x.byteOffset, x.byteLength);
  if (x instanceof ArrayBuffer) return new Uint8Array(x);
  throw new TypeError(`${what} is ${x === null ? "null" : typeof x}; want a string, a Uint8Array or an ArrayBuffer`);
}

/** Writer is a message that is being written. */
export class Writer {
  #bytes = new Uint8Array(64);
  #view = new DataView(this.#bytes.buffer);
  #n = 0;

  #room(n) {
    if (this.#n + n <= this.#bytes.length) return;
    if (this.#n + n > maxMessage) throw new TooLong(`${this.#n + n} bytes; the limit is ${maxMessage}`);
    const larger = new Uint8Array(Math.max(2 * this.#bytes.length, this.#n + n));
    larger.set(this.#bytes.subarray(0, this.#n));
    this.#bytes = larger;
    this.#view = new DataView(larger.buffer);
  }

  byte(b) {
    this.#room(1);
    this.#bytes[this.#n++] = b;
    return this;
  }

  u32(n) {
    this.#room(4);
    this.#view.setUint32(this.#n, n, true);
    this.#n += 4;
    return this;
  }

  u64(n) {
    this.#room(8);
    this.#view.setBigUint64(this.#n, BigInt.asUintN(64, BigInt(n)), true);
    this.#n += 8;
    return this;
  }

  f64(x) {
    this.#room(8);
    this.#view.setFloat64(this.#n, x, true);
    this.#n += 8;
    return this;
  }

  bytes(p) {
    this.u32(p.length);
    this.#room(p.length);
    this.#bytes.set(p, this.#n);
    this.#n += p.length;
    return this;
  }

  /** optional writes bytes that may be undefined or null, which is absent. */
  optional(x, what) {
    return x === undefined || x === null ? this.u32(absent) : this.bytes(asBytes(x, what));
  }

  text(s) {
    return this.bytes(utf8(s, "a text"));
  }

  /** value writes an argument of a statement. */
  value(x) {
    switch (typeof x) {
      case "undefined":
        return this.byte(kind.null);
      case "boolean":
        return this.byte(x ? kind.true : kind.false);
      case "string":
        return this.byte(kind.text).text(x);
      case "number":
        return Number.isSafeInteger(x) && !Object.is(x, -0) ? this.byte(kind.int).u64(x) : this.byte(kind.float).f64(x);
      case "bigint":
        if (x >= -(2n ** 63n) && x < 2n ** 63n) return this.byte(kind.int).u64(x);
        if (x >= 0n && x < 2n ** 64n) return this.byte(kind.uint).u64(x);
        throw new RangeError(`the integer ${x} has more than 64 bits`);
    }
    if (x === null) return this.byte(kind.null);
    if (x instanceof Date) {
      if (Number.isNaN(x.getTime())) throw new RangeError("an invalid Date");
      return this.byte(kind.millis).u64(x.getTime());
    }
    return this.byte(kind.bytes).bytes(asBytes(x, "the argument"));
  }

  /** done returns the message, in a buffer of its own. */
  done() {
    return this.#bytes.slice(0, this.#n);
  }
}

/** pack returns messages in one buffer, each after its length: to pass on many buffers takes longer. */
export function pack(messages) {
  let n = 0;
  for (const m of messages) n += 4 + m.length;
  const all = new Uint8Array(n);
  const view = new DataView(all.buffer);
  let at = 0;
  for (const m of messages) {
    view.setUint32(at, m.length, true);
    all.set(m, at + 4);
    at += 4 + m.length;
  }
  return all;
}

/** unpack returns the messages of pack, as parts of its buffer. */
export function* unpack(all) {
  const view = new DataView(all.buffer, all.byteOffset, all.byteLength);
  for (let at = 0; at < all.length; ) {
    const n = view.getUint32(at, true);
    yield all.subarray(at + 4, at + 4 + n);
    at += 4 + n;
  }
}

/** Reader reads a message. */
export class Reader {
  #bytes;
  #view;
  #at = 0;

  constructor(bytes) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  byte() {
    return this.#bytes[this.#at++];
  }

  u32() {
    const n = this.#view.getUint32(this.#at, true);
    this.#at += 4;
    return n;
  }

  #big(signed) {
    const n = signed ? this.#view.getBigInt64(this.#at, true) : this.#view.getBigUint64(this.#at, true);
    this.#at += 8;
    return n;
  }

  /** bytes returns a copy, so that a caller who keeps it does not keep the whole message; undefined if absent. */
  bytes() {
    const n = this.u32();
    if (n === absent) return undefined;
    this.#at += n;
    return this.#bytes.slice(this.#at - n, this.#at);
  }

  text() {
    const n = this.u32();
    this.#at += n;
    return decoder.decode(this.#bytes.subarray(this.#at - n, this.#at));
  }

  /** value reads a result. An integer beyond 2^53 is a bigint. */
  value() {
    switch (this.byte()) {
      case kind.int:
        return plain(this.#big(true));
      case kind.uint:
        return plain(this.#big(false));
      case kind.float:
        this.#at += 8;
        return this.#view.getFloat64(this.#at - 8, true);
      case kind.text:
        return this.text();
      case kind.bytes:
        return this.bytes();
      case kind.true:
        return true;
      case kind.false:
        return false;
      case kind.millis:
        return new Date(Number(this.#big(true)));
    }
    return null;
  }
}

function plain(n) {
  return n >= BigInt(Number.MIN_SAFE_INTEGER) && n <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(n) : n;
}

// SPDX-License-Identifier: Apache-2.0

// Keys and values: bytes as JSON, in an address, and as a person reads and writes them. The forms are
// those of the command: text as it is, "text with \x00 escapes", or x'00ff'.

const encoder = new TextEncoder();
const strict = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

export const bytesOf = (text) => encoder.encode(text);

// textOf returns the text that bytes are, or null if they are none.
export function textOf(bytes) {
  try {
    return strict.decode(bytes);
  } catch {
    return null;
  }
}

// fromJSON reads bytes of a message: those that are there, and the length of the whole.
export function fromJSON(v) {
  if (typeof v === "string") {
    const bytes = bytesOf(v);
    return { bytes, len: bytes.length };
  }
  return { bytes: v.hex === undefined ? bytesOf(v.text) : fromHex(v.hex), len: v.len };
}

export function fromHex(hex) {
  return Uint8Array.from(hex.match(/../g) ?? [], (pair) => parseInt(pair, 16));
}

export const toHex = (bytes) => Array.from(bytes, (b) => b.toString(16).padStart(2, "0")).join("");

// inAddress encodes bytes for the query of an address.
export function inAddress(bytes) {
  return Array.from(bytes, (b) =>
    /[A-Za-z0-9_.~-]/.test(String.fromCharCode(b)) ? String.fromCharCode(b) : "%" + b.toString(16).padStart(2, "0").toUpperCase()).join("");
}

// runesOf cuts bytes into characters. A byte that is of no character stands alone, with no text.
function runesOf(bytes) {
  const runes = [];
  for (let at = 0; at < bytes.length;) {
    const first = bytes[at];
    const n = first < 0x80 ? 1 : first < 0xc2 ? 0 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : first < 0xf5 ? 4 : 0;
    const part = bytes.subarray(at, at + n);
    const text = n > 0 && part.length === n ? textOf(part) : null;
    runes.push({ text, byte: first });
    at += text === null ? 1 : n;
  }
  return runes;
}

const printable = /^[\p{L}\p{M}\p{N}\p{P}\p{S} ]$/u;
const isPrint = (rune) => rune.text !== null && printable.test(rune.text);
const looksWritten = (text) => /^x'.*'$/is.test(text) || /^".*"$/s.test(text);

// show renders bytes on one line.
export function show(bytes) {
  const runes = runesOf(bytes);
  const good = runes.filter(isPrint).length;
  if (good === runes.length) {
    const text = runes.map((r) => r.text).join("");
    if (!looksWritten(text)) return text;
  }
  return 2 * good >= runes.length ? '"' + runes.map(escape).join("") + '"' : `x'${toHex(bytes)}'`;
}

const short = { "\x07": "a", "\b": "b", "\f": "f", "\n": "n", "\r": "r", "\t": "t", "\v": "v", '"': '"', "\\": "\\" };
const hex = (n, digits) => n.toString(16).padStart(digits, "0");

function escape(rune) {
  if (rune.text === null) return "\\x" + hex(rune.byte, 2);
  if (short[rune.text]) return "\\" + short[rune.text];
  if (isPrint(rune)) return rune.text;
  const code = rune.text.codePointAt(0);
  return code < 0x80 ? "\\x" + hex(code, 2) : code < 0x10000 ? "\\u" + hex(code, 4) : "\\U" + hex(code, 8);
}

// showCut renders bytes of a message, with a mark if they are cut.
export function showCut(v) {
  const b = fromJSON(v);
  return show(b.bytes) + (b.len > b.bytes.length ? "…" : "");
}

const long = Object.fromEntries(Object.entries(short).map(([text, letter]) => [letter, text]));
const piece = /\\x([0-9a-fA-F]{2})|\\u([0-9a-fA-F]{4})|\\U([0-9a-fA-F]{8})|\\(["\\abfnrtv])|[^"\\\n]/guy;

// parse reads what a person has written.
export function parse(text) {
  if (/^x'.*'$/is.test(text)) {
    const digits = text.slice(2, -1);
    if (!/^([0-9a-f]{2})*$/i.test(digits)) throw new Error("Between x' and ' there must be pairs of hexadecimal digits.");
    return fromHex(digits);
  }
  if (!/^".*"$/s.test(text)) return bytesOf(text);
  const parts = [];
  const inner = text.slice(1, -1);
  for (let at = 0; at < inner.length; at = piece.lastIndex) {
    piece.lastIndex = at;
    const m = piece.exec(inner);
    const code = m && parseInt(m[2] ?? m[3] ?? "0", 16);
    if (!m || code > 0x10ffff || (code >= 0xd800 && code < 0xe000)) {
      throw new Error('Between double quotes, the escapes are \\x00, \\u0000, \\n, \\" and \\\\, and each " and \\ must be escaped.');
    }
    if (m[1]) parts.push(parseInt(m[1], 16));
    else if (m[4]) parts.push(...bytesOf(long[m[4]]));
    else parts.push(...bytesOf(m[2] || m[3] ? String.fromCodePoint(code) : m[0]));
  }
  return Uint8Array.from(parts);
}

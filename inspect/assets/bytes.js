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

const unprintable = /[\p{C}\p{Zl}\p{Zp}]/u;
const looksWritten = (text) => /^x'.*'$/is.test(text) || /^".*"$/s.test(text) && text.length > 1;

// show renders bytes on one line.
export function show(bytes) {
  const text = textOf(bytes);
  if (text !== null && !unprintable.test(text) && !looksWritten(text)) return text;
  if (text !== null) {
    const runes = Array.from(text);
    const good = runes.filter((r) => !unprintable.test(r)).length;
    if (2 * good >= runes.length) return '"' + runes.map(escape).join("") + '"';
  }
  return `x'${toHex(bytes)}'`;
}

const escapes = { "\n": "\\n", "\t": "\\t", "\r": "\\r", '"': '\\"', "\\": "\\\\" };

function escape(rune) {
  if (escapes[rune]) return escapes[rune];
  if (!unprintable.test(rune)) return rune;
  return Array.from(bytesOf(rune), (b) => "\\x" + b.toString(16).padStart(2, "0")).join("");
}

// showCut renders bytes of a message, with a mark if they are cut.
export function showCut(v) {
  const b = fromJSON(v);
  return show(b.bytes) + (b.len > b.bytes.length ? "…" : "");
}

// parse reads what a person has written.
export function parse(text) {
  if (/^x'.*'$/is.test(text)) {
    const hex = text.slice(2, -1);
    if (!/^([0-9a-f]{2})*$/i.test(hex)) throw new Error("Between x' and ' there must be pairs of hexadecimal digits.");
    return fromHex(hex);
  }
  if (!/^".*"$/s.test(text) || text.length < 2) return bytesOf(text);
  const parts = [];
  const inner = text.slice(1, -1);
  const token = /\\x([0-9a-fA-F]{2})|\\(["\\ntr])|[^"\\]/gsuy;
  for (let at = 0; at < inner.length; at = token.lastIndex) {
    token.lastIndex = at;
    const m = token.exec(inner);
    if (!m) throw new Error('Between double quotes, the escapes are \\x00, \\n, \\t, \\r, \\" and \\\\.');
    if (m[1]) parts.push(parseInt(m[1], 16));
    else if (m[2]) parts.push(...bytesOf({ n: "\n", t: "\t", r: "\r" }[m[2]] ?? m[2]));
    else parts.push(...bytesOf(m[0]));
  }
  return Uint8Array.from(parts);
}

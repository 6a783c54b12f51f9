// SPDX-License-Identifier: Apache-2.0

// Forms of values. None of them is HTML.

// signatures are the first bytes of images that hold pixels and nothing else. SVG is not among them:
// it may hold scripts.
const signatures = [
  ["image/png", [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]],
  ["image/jpeg", [0xff, 0xd8, 0xff]],
  ["image/gif", [0x47, 0x49, 0x46, 0x38]],
  ["image/webp", [0x52, 0x49, 0x46, 0x46, null, null, null, null, 0x57, 0x45, 0x42, 0x50]],
  ["image/avif", [null, null, null, null, 0x66, 0x74, 0x79, 0x70, 0x61, 0x76, 0x69, 0x66]],
];

// imageType returns the type of an image, "" if the bytes are none.
export function imageType(bytes) {
  const found = signatures.find(([, sign]) => bytes.length > sign.length && sign.every((b, i) => b === null || b === bytes[i]));
  return found ? found[0] : "";
}

// dump renders bytes as a table: offset, hexadecimal, text.
export function dump(bytes) {
  const lines = [];
  for (let at = 0; at < bytes.length; at += 16) {
    const row = bytes.subarray(at, at + 16);
    const hex = Array.from(row, (b) => b.toString(16).padStart(2, "0"));
    hex.splice(8, 0, "");
    const text = Array.from(row, (b) => b >= 0x20 && b < 0x7f ? String.fromCharCode(b) : "·").join("");
    lines.push(`${at.toString(16).padStart(8, "0")}  ${hex.join(" ").padEnd(49)}  ${text}`);
  }
  return lines.join("\n");
}

const token = /\s*("(?:[^"\\]|\\.)*"|[{}[\],:]|[^\s{}[\],:"]+)\s*/gy;

// prettyJSON lays out a text of JSON, and changes nothing else of it: numbers keep all their figures.
// It returns null if the text is none.
export function prettyJSON(text) {
  try {
    JSON.parse(text);
  } catch {
    return null;
  }
  let out = "", depth = 0, empty = false;
  const line = () => "\n" + "  ".repeat(depth);
  token.lastIndex = 0;
  for (let m; (m = token.exec(text));) {
    const t = m[1];
    if (t === "}" || t === "]") {
      depth--;
      out += (empty ? "" : line()) + t;
      empty = false;
      continue;
    }
    if (empty) out += line();
    empty = t === "{" || t === "[";
    if (empty) depth++;
    out += t === "," ? "," + line() : t === ":" ? ": " : t;
  }
  return out;
}

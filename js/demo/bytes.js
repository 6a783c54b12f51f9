// SPDX-License-Identifier: Apache-2.0

// How bytes are shown. It owns no state and knows no page.

// textLimit and dumpLimit are how many bytes of a value are shown; browsers slow down with more.
export const textLimit = 256 * 1024;
export const dumpLimit = 32 * 1024;

const strict = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const lenient = new TextDecoder("utf-8", { ignoreBOM: true });
const control = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u;

// hex writes bytes as the dialect does, x'00ff'.
export const hex = (b) => "x'" + Array.from(b, (n) => n.toString(16).padStart(2, "0")).join("") + "'";

// label writes a key on one line: as text if it is, or in hex. Long keys are cut.
export function label(b, limit = 200) {
  const part = b.length > limit ? b.subarray(0, limit) : b;
  const more = b.length > limit ? " …" : "";
  try {
    const text = strict.decode(part, { stream: true });
    strict.decode(); // forgets a character that was cut
    if (text !== "" && !control.test(text) && !text.startsWith("x'")) return text + more;
  } catch { /* no text */ }
  try { strict.decode(); } catch { /* begins again */ }
  return hex(part) + more;
}

// isText says whether a value is UTF-8 as a whole, as far as it is shown.
export function isText(b) {
  try {
    strict.decode(b.subarray(0, textLimit), { stream: b.length > textLimit });
    return true;
  } catch {
    return false;
  } finally {
    try { strict.decode(); } catch { /* begins again */ }
  }
}

// text writes a value as text; what is no UTF-8 becomes U+FFFD, and controls that would not be seen their pictures.
export function text(b) {
  const shown = lenient.decode(b.subarray(0, textLimit));
  return shown.replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f]/g, (c) => String.fromCharCode(0x2400 + c.charCodeAt(0))) + cut(b, textLimit);
}

// dump writes a value as lines of sixteen bytes: offset, bytes, characters.
export function dump(b) {
  const lines = [];
  const end = Math.min(b.length, dumpLimit);
  for (let at = 0; at < end; at += 16) {
    const row = Array.from(b.subarray(at, Math.min(at + 16, end)));
    const bytes = row.map((n) => n.toString(16).padStart(2, "0")).join(" ").padEnd(47);
    const chars = row.map((n) => (n >= 0x20 && n < 0x7f ? String.fromCharCode(n) : "·")).join("");
    lines.push(`${at.toString(16).padStart(8, "0")}  ${bytes}  ${chars}`);
  }
  return lines.join("\n") + cut(b, dumpLimit);
}

const cut = (b, limit) => (b.length > limit ? `\n… ${(b.length - limit).toLocaleString("en")} bytes more` : "");

// size writes a number of bytes.
export function size(n) {
  if (n < 1024) return `${n} ${n === 1 ? "byte" : "bytes"}`;
  let unit = -1;
  do { n /= 1024; unit++; } while (n >= 1024 && unit < 2);
  return `${n.toFixed(n < 10 ? 1 : 0)} ${["KiB", "MiB", "GiB"][unit]}`;
}

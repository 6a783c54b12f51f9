// SPDX-License-Identifier: Apache-2.0

// Statements, what they return, and how they run.

import { $, duration, el, table } from "./dom.js";
import { postSQL } from "./api.js";
import { showCut } from "./bytes.js";

const remembered = "lsmlite-sql"; // of this tab
const longest = 300; // characters of a value in a table
let running = null;
let limits;

export function begin(info) {
  limits = info.limits;
  $("sql-text").value = sessionStorage.getItem(remembered) ?? "SELECT key, value FROM kv LIMIT 20";
  $("sql-note").textContent = info.write ? "Statements may write." : "Statements that write are refused.";
  $("sql-form").addEventListener("submit", (event) => { event.preventDefault(); run(false); });
  $("explain").addEventListener("click", () => run(true));
  $("sql-text").addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) { event.preventDefault(); run(false); }
  });
}

export function open() { $("sql-text").focus(); }

async function run(dry) {
  const text = $("sql-text").value;
  sessionStorage.setItem(remembered, text);
  running?.abort();
  const mine = running = new AbortController();
  const result = $("sql-result");
  result.setAttribute("aria-busy", "true");
  try {
    const m = await postSQL({ sql: text, explain: dry || $("with-explain").checked, dry_run: dry }, mine.signal);
    result.replaceChildren(...m.statements.flatMap((s) => statement(s, dry)), ...[m.note && el("p", { class: "warn" }, m.note), failure(m)].filter(Boolean));
    if (m.statements.length === 0 && !m.error) result.replaceChildren(el("p", { class: "dim" }, "There is no statement."));
    if (m.error?.offset >= 0) mark(text, m.error.offset);
  } catch (error) {
    if (error.name !== "AbortError") result.replaceChildren(el("p", { class: "bad" }, error.message));
  }
  if (mine === running) result.removeAttribute("aria-busy");
}

// mark puts the cursor where the error is. Offsets are in bytes.
function mark(text, offset) {
  const before = new TextDecoder().decode(new TextEncoder().encode(text).subarray(0, offset));
  $("sql-text").focus();
  $("sql-text").setSelectionRange(before.length, before.length);
}

function failure(m) {
  return m.error && el("pre", { class: "bad message", role: "alert" }, m.error.message);
}

function statement(s, dry) {
  const parts = [el("h3", { class: "statement" }, s.text)];
  if (s.explain.length > 0) {
    parts.push(el("details", { class: "steps", open: dry }, el("summary", {}, "Steps: " + s.explain.map((r) => cell(r[1])).join(", ")),
      table([">", "step", "detail", "hex"], s.explain.map((r) => r.map(cell)), "Steps")));
  }
  if (s.error || dry) return parts;
  if (s.columns.length > 0) parts.push(table(s.columns.map((c, i) => (numeric(s, i) ? ">" : "") + c), s.rows.map((r) => r.map(cell)), "Rows"));
  parts.push(el("p", { class: "dim" }, summary(s)));
  return parts;
}

const numeric = (s, i) => s.rows.length > 0 && s.rows.every((r) => typeof r[i] === "number" || r[i]?.int !== undefined || r[i] === null);

function summary(s) {
  const n = s.columns.length > 0 ? `${s.rows.length} ${s.rows.length === 1 ? "row" : "rows"}`
    : s.affected >= 0 ? `${s.affected} ${s.affected === 1 ? "row" : "rows"} written` : "done";
  const cut = { rows: `; there are more, and ${limits.rows} are shown at most`, bytes: "; there are more, and the answer became too long" }[s.cut] ?? "";
  return `${n} in ${duration(s.time)}${cut}`;
}

function cell(v) {
  if (v === null) return "NULL";
  if (typeof v === "number") return String(v);
  const text = v.int ?? v.real ?? showCut(v);
  return text.length > longest ? text.slice(0, longest) + "…" : text;
}

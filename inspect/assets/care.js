// SPDX-License-Identifier: Apache-2.0

// A check, line by line as it finds something, and a copy.

import { $, duration, el } from "./dom.js";
import { request } from "./api.js";

let running = null;

export function begin(info) {
  const name = info.path.split(/[\\/]/).pop();
  const address = new URL("backup", location.href).href;
  $("curl").textContent = `curl -sfo ${quoted(name)} ${info.signed_in ? "-H \"Authorization: Bearer $TOKEN\" " : ""}${quoted(address)}`;
  $("backup").download = name;
  $("metrics-link").hidden = !info.metrics;
  $("check").addEventListener("click", check);
  $("check-stop").addEventListener("click", () => running?.abort());
}

// quoted is a word of a command line, whatever a shell would see in it. A name that begins with a
// dash would be an option.
function quoted(word) {
  if (word.startsWith("-")) word = "./" + word;
  return "'" + word.replaceAll("'", "'\\''") + "'";
}

async function check() {
  running?.abort();
  const mine = running = new AbortController();
  const note = (text, kind) => {
    $("check-note").textContent = text;
    $("check-note").className = kind ?? "";
  };
  $("problems").replaceChildren();
  $("check").disabled = true;
  $("check-stop").hidden = false;
  note("Reading …");
  try {
    let done = false;
    for await (const line of lines(await request("check", { signal: mine.signal }))) {
      if (line.problem) $("problems").append(el("li", {}, place(line.problem) + line.problem.detail));
      const found = line.problems === 1 ? "1 problem" : `${line.problems} problems`;
      done = line.done;
      if (!done) note(`Reading for ${duration(line.time)}: ${found} so far.`);
      else if (line.problems === 0) note(`Everything was read in ${duration(line.time)}: it is sound.`, "good");
      else note(`${found}, found in ${duration(line.time)}.`, "bad");
    }
    if (!done) note("The check has ended before it was complete.", "bad");
  } catch (error) {
    note(error.name === "AbortError" ? "Stopped: not everything was read." : error.message, "bad");
  }
  $("check").disabled = false;
  $("check-stop").hidden = true;
}

function place(p) {
  const parts = [p.segment, p.page > 0 && `page ${p.page}`, p.offset >= 0 && `offset ${p.offset}`].filter(Boolean);
  return parts.length > 0 ? parts.join(", ") + ": " : "";
}

// lines yields the messages of a stream.
async function* lines(response) {
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    rest += value;
    const list = rest.split("\n");
    rest = list.pop();
    for (const line of list) if (line) yield JSON.parse(line);
  }
}

// SPDX-License-Identifier: Apache-2.0

// The views, the keyboard, and what is read again and again.

import { $ } from "./dom.js";
import { get, setToken } from "./api.js";
import * as overview from "./overview.js";
import * as keys from "./keys.js";
import * as sql from "./sql.js";
import * as inside from "./inside.js";
import * as care from "./care.js";

const views = { overview, keys, sql, inside, care };
const tick = 1000; // milliseconds between two looks
const retry = 3000; // after a failure

let current = "";
let paused = false;
let timer = 0;

function show(name) {
  if (!views[name]) name = "overview";
  if (name !== current) {
    current = name;
    for (const other of Object.keys(views)) $(other).hidden = other !== name;
    for (const button of document.querySelectorAll("nav [data-view]")) {
      if (button.dataset.view === name) button.setAttribute("aria-current", "page");
      else button.removeAttribute("aria-current");
    }
    history.replaceState(null, "", "#" + name);
    views[name].open?.();
  }
  look();
}

// look reads what the view shows live, and comes back.
async function look() {
  clearTimeout(timer);
  if (paused || document.hidden) return state();
  let next = tick;
  try {
    await views[current].look?.();
    state();
  } catch (error) {
    next = retry;
    state(error.message);
  }
  clearTimeout(timer);
  timer = setTimeout(look, next);
}

function state(failure) {
  const live = $("live");
  live.className = "live " + (failure ? "bad" : paused ? "paused" : "on");
  live.textContent = failure ? failure : paused ? "paused" : "live";
}

function pause() {
  paused = !paused;
  look();
}

const typing = (target) => target.closest("input, textarea, select") !== null;

document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && typing(event.target)) return event.target.blur();
  if (event.defaultPrevented || event.ctrlKey || event.altKey || event.metaKey || document.querySelector("dialog[open]")) return;
  if (typing(event.target)) return;
  const buttons = document.querySelectorAll("nav [data-view]");
  const at = "12345".indexOf(event.key);
  if (at >= 0) show(buttons[at].dataset.view);
  else if (event.key === "?") $("help").showModal();
  else if (event.key === "/") {
    show("keys");
    $("prefix").focus();
    $("prefix").select();
  } else if (event.key === "p") pause();
  else if (!views[current].key?.(event)) return;
  event.preventDefault();
});

for (const button of document.querySelectorAll("nav [data-view]")) {
  button.addEventListener("click", () => show(button.dataset.view));
}
$("help-button").addEventListener("click", () => $("help").showModal());
document.addEventListener("visibilitychange", look);
window.addEventListener("hashchange", () => show(location.hash.slice(1)));

async function begin() {
  const info = await get("info");
  setToken(info.csrf);
  const name = info.path.split(/[\\/]/).pop();
  document.title = name + " · lsmlite";
  $("name").textContent = name;
  $("name").title = info.path;
  $("mode").textContent = info.write ? "writes" : "reads only";
  $("mode").classList.toggle("warn", info.write);
  for (const view of Object.values(views)) view.begin?.(info);
  show(location.hash.slice(1) || "overview");
  document.documentElement.dataset.ready = "yes";
}

begin().catch((error) => state(error.message));

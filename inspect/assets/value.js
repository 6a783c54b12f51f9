// SPDX-License-Identifier: Apache-2.0

// The value of a key: as text, JSON, hexadecimal or an image, a part at a time.

import { $, el, size } from "./dom.js";
import { post, request } from "./api.js";
import { inAddress, parse, show as showBytes, textOf } from "./bytes.js";
import { dump, imageType, prettyJSON } from "./forms.js";

const firstPart = 64 << 10; // bytes that are loaded at once
const nextPart = 256 << 10;
const largestImage = 16 << 20;
const largestEdit = 1 << 20;

let write = false;
let changed = () => {};
let current = null; // { ref, key, len, bytes, form }
let asked = 0;

export function begin(info, onChange) {
  write = info.write;
  changed = onChange;
  blank();
}

function blank() {
  current = null;
  $("value").replaceChildren(el("p", { class: "dim empty" }, "Choose a key to see its value."));
}

// key takes a key of the keyboard.
export function key(event) {
  if (!current || !write) return false;
  if (event.key === "e") edit(current);
  else if (event.key === "Delete") remove();
  else return false;
  return true;
}

// show loads the first part of a value.
export async function show(row, focus) {
  const number = ++asked;
  try {
    const response = await request(`value?ref=${row.ref}&length=${firstPart}`);
    const bytes = new Uint8Array(await response.arrayBuffer());
    if (number !== asked) return;
    current = { ...row, bytes, len: Number(response.headers.get("Lsmlite-Value-Length")) };
    current.form = likelyForm(current);
    render();
    if (focus) $("value").focus();
  } catch (error) {
    if (number === asked) $("value").replaceChildren(backButton(), el("p", { class: "bad" }, error.message));
  }
}

const whole = (v) => v.bytes.length >= v.len;

// textHere is the text that has been loaded, without a last character that is cut; null if it is none.
function textHere(v) {
  for (let cut = 0; cut < 4; cut++) {
    const text = textOf(v.bytes.subarray(0, v.bytes.length - cut));
    if (text !== null || whole(v)) return text;
  }
  return null;
}

function likelyForm(v) {
  if (imageType(v.bytes)) return "image";
  const text = textHere(v);
  if (text === null || /[\0-\x08\x0e-\x1f]/.test(text)) return "hex";
  return whole(v) && /^\s*[[{]/.test(text) && prettyJSON(text) ? "json" : "text";
}

const forms = { text: "Text", json: "JSON", hex: "Hex", image: "Image" };

function render() {
  const v = current;
  const tabs = Object.entries(forms).map(([form, name]) => el("button", {
    role: "tab", "aria-selected": String(form === v.form), tabindex: form === v.form ? 0 : -1, disabled: !possible(form),
    onclick: () => { v.form = form; render(); $("value").querySelector("[aria-selected=true]").focus(); },
  }, name));
  const bar = el("div", { class: "toggle", role: "tablist", "aria-label": "Form of the value", onkeydown: moveTabs }, ...tabs);
  const actions = [
    el("a", { class: "button quiet", href: `value?download=1&ref=${v.ref}`, download: "value" }, "Download"),
    write && v.len <= largestEdit && el("button", { class: "quiet", "aria-keyshortcuts": "e", onclick: () => edit(v) }, "Edit"),
    write && el("button", { class: "quiet danger", "aria-keyshortcuts": "Delete", onclick: remove }, "Delete"),
  ].filter(Boolean);
  const rest = whole(v) || v.form === "image" ? undefined
    : el("button", { onclick: more }, `More: ${size(v.bytes.length)} of ${size(v.len)} are shown`);
  $("value").replaceChildren(...[backButton(),
    el("h2", { class: "key" }, showBytes(v.key.bytes) + (v.key.len > v.key.bytes.length ? `… (${size(v.key.len)})` : "")),
    el("div", { class: "bar" }, bar, el("span", { class: "dim grow" }, v.len === 1 ? "1 byte" : size(v.len)), ...actions),
    body(v), rest].filter(Boolean));
}

function backButton() {
  return el("button", { class: "quiet back", onclick: () => { $("keys").classList.remove("reading"); $("list").focus(); } }, "← Keys");
}

function moveTabs(event) {
  const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
  if (!step) return;
  const tabs = [...event.currentTarget.querySelectorAll("[role=tab]:not(:disabled)")];
  const at = tabs.findIndex((t) => t.getAttribute("aria-selected") === "true");
  tabs[(at + step + tabs.length) % tabs.length].click();
  event.preventDefault();
  event.stopPropagation();
}

function possible(form) {
  switch (form) {
    case "image": return imageType(current.bytes) !== "" && current.len <= largestImage;
    case "json": return whole(current) && prettyJSON(textHere(current) ?? "") !== null;
    case "text": return textHere(current) !== null;
  }
  return true;
}

function body(v) {
  switch (v.form) {
    case "image": return picture(v);
    case "json": return el("pre", { class: "content json", tabindex: 0 }, prettyJSON(textHere(v)));
    case "hex": return el("pre", { class: "content hex", tabindex: 0 }, dump(v.bytes));
  }
  return el("pre", { class: "content", tabindex: 0 }, textHere(v));
}

// picture shows an image of one of a few types that hold nothing but pixels.
function picture(v) {
  const image = el("img", { alt: "The value as an image", class: "content" });
  const load = async () => {
    const bytes = whole(v) ? v.bytes : await (await request(`value?download=1&ref=${v.ref}`)).arrayBuffer();
    const address = URL.createObjectURL(new Blob([bytes], { type: imageType(v.bytes) }));
    image.onload = image.onerror = () => URL.revokeObjectURL(address);
    image.src = address;
  };
  load().catch((error) => image.replaceWith(el("p", { class: "bad" }, error.message)));
  return image;
}

async function more() {
  const v = current;
  try {
    const response = await request(`value?ref=${v.ref}&offset=${v.bytes.length}&length=${nextPart}`);
    const part = new Uint8Array(await response.arrayBuffer());
    const bytes = new Uint8Array(v.bytes.length + part.length);
    bytes.set(v.bytes);
    bytes.set(part, v.bytes.length);
    v.bytes = bytes;
    if (v === current) render();
  } catch (error) {
    $("value").append(el("p", { class: "bad" }, error.message));
  }
}

// edit shows a form for a value, or for a new key.
export async function edit(v) {
  asked++; // a value that is on its way does not take the place of the form
  if (v && !whole(v)) {
    v.bytes = new Uint8Array(await (await request(`value?download=1&ref=${v.ref}`)).arrayBuffer());
  }
  const text = v && textOf(v.bytes);
  const name = el("input", { id: "edit-key", autocomplete: "off", spellcheck: "false", required: false });
  const area = el("textarea", { id: "edit-value", rows: 12, spellcheck: "false" });
  area.value = !v ? "" : text === null || /\r|^"|^x'/i.test(text) ? showBytes(v.bytes) : text;
  const problem = el("p", { class: "bad", role: "alert" });
  const save = async (event) => {
    event.preventDefault();
    try {
      const target = v ? "ref=" + v.ref : "key=" + inAddress(parse(name.value));
      await post("put?" + target, parse(area.value), "application/octet-stream");
      const shown = v ?? { ref: "", key: { bytes: parse(name.value) }, leaf: true };
      if (!v) shown.ref = refOf(shown.key.bytes);
      shown.key.len ??= shown.key.bytes.length;
      changed();
      show(shown, true);
    } catch (error) {
      problem.textContent = error.message;
    }
  };
  $("keys").classList.add("reading");
  $("value").replaceChildren(el("form", { class: "edit", onsubmit: save,
    onkeydown: (event) => { if (event.ctrlKey && event.key === "Enter") event.currentTarget.requestSubmit(); } },
  v ? el("h2", { class: "key" }, showBytes(v.key.bytes)) : el("label", {}, "Key", name),
  el("label", {}, "Value", area), problem,
  el("div", { class: "bar" }, el("button", { class: "primary", type: "submit" }, "Save"),
    el("button", { type: "button", onclick: () => v ? show(v, true) : (blank(), $("keys").classList.remove("reading"), $("list").focus()) }, "Cancel"))));
  (v ? area : name).focus();
}

// refOf is what the handler makes of a short key.
function refOf(bytes) {
  return btoa(String.fromCharCode(0x6b, ...bytes)).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
}

function remove() {
  const v = current;
  $("ask-title").textContent = "Delete this key?";
  $("ask-text").textContent = showBytes(v.key.bytes);
  $("ask").returnValue = "no";
  $("ask").showModal();
  $("ask").onclose = async () => {
    if ($("ask").returnValue !== "yes") return;
    try {
      await post("delete?ref=" + v.ref, "", "application/octet-stream");
      blank();
      $("keys").classList.remove("reading");
      changed();
    } catch (error) {
      $("value").append(el("p", { class: "bad", role: "alert" }, error.message));
    }
  };
}

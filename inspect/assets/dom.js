// SPDX-License-Identifier: Apache-2.0

// Elements. Texts are only ever set as text: nothing here makes HTML of a string.

export const $ = (id) => document.getElementById(id);

// el makes an element. Of attributes, those that begin with "on" are listeners, and false leaves one out.
export function el(name, attributes, ...children) {
  return fill(document.createElement(name), attributes, children);
}

const svgNamespace = "http://www.w3.org/2000/svg";

// svg makes an element of a drawing.
export function svg(name, attributes, ...children) {
  return fill(document.createElementNS(svgNamespace, name), attributes, children);
}

function fill(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes ?? {})) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value !== false && value !== undefined) element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.filter((c) => c !== undefined && c !== null));
  return element;
}

// table makes a table of texts. A column whose name begins with > is to the right.
export function table(columns, rows, caption) {
  const right = columns.map((c) => c.startsWith(">"));
  const cell = (kind, content, i) => {
    const td = el(kind, right[i] ? { class: "right" } : {});
    td.append(content instanceof Node ? content : String(content));
    return td;
  };
  const head = columns.some((c) => c !== "" && c !== ">")
    ? el("thead", {}, el("tr", {}, ...columns.map((c, i) => cell("th", c.replace(/^>/, ""), i))))
    : undefined;
  return el("div", { class: "scroll" }, el("table", {}, caption && el("caption", { class: "hidden" }, caption), head,
    el("tbody", {}, ...rows.map((r) => el("tr", {}, ...r.map((c, i) => cell("td", c, i)))))));
}

const units = ["bytes", "KiB", "MiB", "GiB", "TiB"];

// size renders a number of bytes.
export function size(n) {
  let u = 0;
  for (; n >= 1024 && u < units.length - 1; u++) n /= 1024;
  return `${u === 0 || n >= 100 ? Math.round(n) : Number(n.toPrecision(3))} ${units[u]}`;
}

// duration renders seconds.
export function duration(s) {
  for (const [unit, factor] of [["s", 1], ["ms", 1e3], ["µs", 1e6]]) {
    if (s * factor >= 1) return `${short(s * factor)} ${unit}`;
  }
  return s > 0 ? `${Math.round(s * 1e9)} ns` : "0 s";
}

// short renders a number with three figures.
export function short(n) {
  if (Math.abs(n) >= 1e6) return `${(n / 1e6).toPrecision(3)} M`;
  if (Math.abs(n) >= 1e4) return `${(n / 1e3).toPrecision(3)} k`;
  return Math.abs(n) >= 100 || Number.isInteger(n) ? String(Math.round(n)) : n.toPrecision(3);
}

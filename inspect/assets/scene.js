// SPDX-License-Identifier: Apache-2.0

// The structure as it changes. A scene is a list of rectangles, lines and texts with names; what has
// the same name in the next scene moves there.

import { svg } from "./dom.js";

const [rect, line] = [0, 1];
const anchors = ["start", "middle", "end"];
const [bold, mono, dashed] = [1, 2, 4];
const layers = 3;

let root, drawn;

export function draw(parent, scene) {
  if (!root) {
    root = svg("svg", { role: "img" }, svg("title"), svg("desc"), ...Array.from({ length: layers }, () => svg("g")));
    drawn = new Map();
    parent.replaceChildren(root);
  }
  root.setAttribute("viewBox", `0 0 ${scene.width} ${scene.height}`);
  root.children[0].textContent = scene.title;
  root.children[1].textContent = scene.text;
  const kept = new Set();
  scene.items.forEach((item, i) => {
    const name = item.id || "#" + i;
    kept.add(name);
    let element = drawn.get(name);
    if (!element || element.dataset.kind !== String(item.kind)) {
      element?.remove();
      element = svg(["rect", "path", "text"][item.kind], { "data-kind": item.kind });
      drawn.set(name, element);
    }
    const layer = root.children[2 + Math.min(item.layer, layers - 1)];
    if (element.parentNode !== layer) layer.append(element);
    update(element, item);
  });
  for (const [name, element] of drawn) {
    if (!kept.has(name)) {
      element.remove();
      drawn.delete(name);
    }
  }
}

function update(element, item) {
  const attributes = { class: classes(item) };
  if (item.kind === rect) {
    Object.assign(attributes, { x: item.x, y: item.y, width: Math.max(0, item.w), height: Math.max(0, item.h), rx: item.round });
  } else if (item.kind === line) {
    attributes.d = `M${item.x} ${item.y}l${item.w} ${item.h}`;
  } else {
    Object.assign(attributes, { x: item.x, y: item.y, "font-size": item.size, "text-anchor": anchors[item.anchor] });
    if (element.firstChild?.data !== item.text) element.textContent = item.text;
  }
  if (item.stroke) attributes["stroke-width"] = item.size;
  for (const [name, value] of Object.entries(attributes)) {
    if (element.getAttribute(name) !== String(value)) element.setAttribute(name, value);
  }
  tip(element, item.tip);
}

function classes(item) {
  return [item.fill ? "f-" + item.fill : "f-none", item.stroke && "s-" + item.stroke, item.style & bold && "bold",
    item.style & mono && "mono", item.style & dashed && "dashed"].filter(Boolean).join(" ");
}

function tip(element, text) {
  let title = element.querySelector("title");
  if (!text) return title?.remove();
  if (!title) element.append(title = svg("title"));
  if (title.textContent !== text) title.textContent = text;
}

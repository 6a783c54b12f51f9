// SPDX-License-Identifier: Apache-2.0

// The list of keys: a listbox that is walked by the arrow keys. It owns what is in the list and which key is chosen;
// where the keys come from is the caller's business.

import { label } from "./bytes.js";

// pageRows is how many keys are fetched at a time.
export const pageRows = 200;

export class List {
  #box;
  #keys = [];
  #chosen = -1;
  #onChoose;

  constructor(box, onChoose) {
    this.#box = box;
    this.#onChoose = onChoose;
    box.addEventListener("click", (e) => {
      const item = e.target.closest("li");
      if (item) this.choose(Array.prototype.indexOf.call(box.children, item));
    });
    box.addEventListener("keydown", (e) => {
      const to = { ArrowDown: this.#chosen + 1, ArrowUp: this.#chosen - 1, PageDown: this.#chosen + 10, PageUp: this.#chosen - 10, Home: 0, End: this.#keys.length - 1 }[e.key];
      if (to === undefined || e.ctrlKey || e.metaKey || e.altKey) return;
      e.preventDefault();
      this.choose(Math.min(Math.max(to, 0), this.#keys.length - 1));
    });
  }

  get length() { return this.#keys.length; }
  get last() { return this.#keys.at(-1); }
  get chosen() { return this.#keys[this.#chosen]; }

  clear() {
    this.#keys = [];
    this.#chosen = -1;
    this.#box.replaceChildren();
    this.#box.removeAttribute("aria-activedescendant");
    this.#box.scrollTop = 0;
  }

  add(keys) {
    const items = keys.map((key, i) => {
      const item = document.createElement("li");
      item.id = `key-${this.#keys.length + i}`;
      item.role = "option";
      item.ariaSelected = "false";
      item.textContent = label(key);
      return item;
    });
    this.#keys.push(...keys);
    this.#box.append(...items);
  }

  // restore marks a key as chosen again, if it is in the list.
  restore(key) {
    const i = key ? this.#keys.findIndex((k) => k.length === key.length && k.every((b, j) => b === key[j])) : -1;
    if (i >= 0) this.choose(i);
  }

  choose(i) {
    if (!(i in this.#keys)) return;
    const items = this.#box.children;
    if (items[this.#chosen]) items[this.#chosen].ariaSelected = "false";
    this.#chosen = i;
    items[i].ariaSelected = "true";
    items[i].scrollIntoView({ block: "nearest" });
    this.#box.setAttribute("aria-activedescendant", items[i].id);
    this.#onChoose(this.#keys[i]);
  }
}

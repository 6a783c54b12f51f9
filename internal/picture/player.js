"use strict";
// Plays the frames of a recording. An item is [number, kind, layer, x, y, w, h, fill, stroke, size, round, style, anchor,
// text, tip]; see package picture. A frame has the items that are different from the frame before it, and the numbers of
// those that are gone.
(() => {
  const film = JSON.parse(document.getElementById("film").textContent);
  const frames = film.frames, space = "http://www.w3.org/2000/svg";
  const layers = [0, 1, 2].map(n => document.getElementById("picture-" + n));
  const [play, at, time, speed] = ["play", "at", "time", "speed"].map(id => document.getElementById(id));
  const description = document.getElementById("picture-text");
  const now = document.querySelector("#strip path"), width = document.getElementById("strip").viewBox.baseVal.width;

  // What undoes each frame, so that the slider goes back as fast as it goes on.
  const undo = [], shown = new Map();
  for (const f of frames) {
    const back = { set: [], gone: [] };
    for (const item of f.set || []) {
      const old = shown.get(item[0]);
      if (old) back.set.push(old); else back.gone.push(item[0]);
      shown.set(item[0], item);
    }
    for (const n of f.gone || []) {
      back.set.push(shown.get(n));
      shown.delete(n);
    }
    undo.push(back);
  }

  const elements = new Map();
  const paint = n => n ? "var(--" + film.paints[n - 1] + ")" : "none";
  function put(item) {
    const [number, kind, layer, x, y, w, h, fill, stroke, size, round, style, anchor, text, tip] = item;
    let e = elements.get(number);
    const name = ["rect", "path", "text"][kind];
    if (!e || e.localName !== name) {
      if (e) e.remove();
      e = document.createElementNS(space, name);
      elements.set(number, e);
      layers[layer].append(e);
    }
    const set = (key, value) => e.setAttribute(key, value);
    if (kind === 1) set("d", `M${x} ${y}l${w} ${h}`);
    else { set("x", x); set("y", y); }
    if (kind === 0) { set("width", w); set("height", h); set("rx", round); }
    e.style.fill = paint(fill);
    e.style.stroke = paint(stroke);
    if (kind === 2) {
      set("font-size", size);
      set("font-weight", style & 1 ? 600 : 400);
      set("class", style & 2 ? "mono" : "");
      set("text-anchor", ["start", "middle", "end"][anchor]);
      e.textContent = text || "";
    } else {
      set("stroke-width", size);
      set("stroke-dasharray", style & 4 ? "4 3" : "none");
      e.textContent = "";
    }
    if (tip) e.append(Object.assign(document.createElementNS(space, "title"), { textContent: tip }));
  }
  function apply(change) {
    for (const n of change.gone || []) {
      elements.get(n).remove();
      elements.delete(n);
    }
    for (const item of change.set || []) put(item);
  }

  let current = -1, timer = 0;
  function show(n) {
    n = Math.max(0, Math.min(frames.length - 1, n));
    while (current < n) apply(frames[++current]);
    while (current > n) apply(undo[current--]);
    at.value = n;
    at.setAttribute("aria-valuetext", frames[n].at + ": " + frames[n].text);
    time.value = frames[n].at + "  ·  " + (n + 1) + " of " + frames.length;
    description.textContent = frames[n].text;
    now.setAttribute("transform", `translate(${(width - 1) * n / Math.max(1, frames.length - 1)} 0)`);
  }
  function stop() {
    clearInterval(timer);
    timer = 0;
    play.textContent = "Play";
    play.setAttribute("aria-pressed", "false");
  }
  function start() {
    if (current === frames.length - 1) show(0);
    timer = setInterval(() => {
      show(current + 1);
      if (current === frames.length - 1) stop();
    }, 100 / speed.value);
    play.textContent = "Pause";
    play.setAttribute("aria-pressed", "true");
  }
  play.addEventListener("click", () => timer ? stop() : start());
  at.addEventListener("input", () => { stop(); show(+at.value); });
  speed.addEventListener("change", () => { if (timer) { stop(); start(); } });
  document.querySelector(".player").addEventListener("submit", e => e.preventDefault());
  document.addEventListener("keydown", e => {
    if (e.altKey || e.ctrlKey || e.metaKey || e.target.closest("button,select,summary") && e.key !== "ArrowLeft" && e.key !== "ArrowRight") return;
    if (e.target.closest("select")) return;
    const keys = { " ": () => timer ? stop() : start(), ArrowLeft: () => { stop(); show(current - 1); },
      ArrowRight: () => { stop(); show(current + 1); }, Home: () => { stop(); show(0); }, End: () => { stop(); show(frames.length - 1); } };
    if (keys[e.key]) {
      keys[e.key]();
      e.preventDefault();
    }
  });
  for (const layer of layers) layer.replaceChildren();
  show(location.hash.slice(1) - 1 || 0); // page.html#7 begins with the seventh
})();

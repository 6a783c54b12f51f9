// SPDX-License-Identifier: Apache-2.0

// Charts of samples over time.

import { el, svg } from "./dom.js";

const width = 320, height = 84; // of the coordinates, not of the screen
export const span = 300; // seconds that a chart shows at most
const least = 60; // and at least

// chart makes a chart. Each of the series has a name, the class of its colour, and a function that
// returns its value from a sample and the one before, or null. options are format, which renders a
// value; binary for bytes; most for a scale that is always the same; summary, which returns the figure
// to show from all samples; and what says what the figure is.
export function chart(title, series, options) {
  const { format, binary, most, summary, what = series[0].name } = options;
  const number = el("span");
  const figure = el("strong", {}, number, what ? el("small", { class: "dim" }, " " + what) : "");
  const top = el("span", { class: "dim top" });
  const long = el("span", { class: "dim" });
  const lines = series.map((s) => svg("path", { class: "line " + s.color }));
  const area = svg("path", { class: "area " + series[0].color });
  const picture = svg("svg", { viewBox: `0 0 ${width} ${height}`, preserveAspectRatio: "none", role: "img" },
    svg("path", { class: "grid", d: `M0 ${height - 0.5}H${width}M0 ${height / 2}H${width}M0 0.5H${width}` }), area, ...lines.toReversed());
  const legend = series.length > 1
    ? el("ul", { class: "legend" }, ...series.map((s) => el("li", {}, svg("svg", { viewBox: "0 0 8 8", "aria-hidden": "true" },
      svg("rect", { width: 8, height: 8, rx: 2, class: "swatch " + s.color })), s.name)))
    : el("span");
  const element = el("figure", { class: "chart" }, el("figcaption", {}, el("span", {}, title), figure),
    el("div", { class: "plot" }, picture, top), el("div", { class: "foot" }, legend, long));
  return {
    element,
    draw(samples) {
      const end = samples.at(-1)?.unix ?? 0;
      const shown = Math.min(span, Math.max(least, end - (samples[0]?.unix ?? end)));
      long.textContent = shown >= 120 ? `${Math.round(shown / 60)} minutes` : `${Math.round(shown)} seconds`;
      const points = series.map((s) => samples.slice(1).map((b, i) => [width * (1 - (end - b.unix) / shown), s.value(samples[i], b)]));
      const known = points.flat().map(([, y]) => y).filter((y) => y !== null);
      const greatest = Math.max(0, ...known);
      const scale = most ?? (binary ? niceBytes(greatest) : nice(greatest));
      points.forEach((p, i) => lines[i].setAttribute("d", path(p, scale)));
      area.setAttribute("d", closed(points[0], scale));
      const last = summary ? summary(samples) : points[0].at(-1)?.[1];
      number.textContent = last === null || last === undefined ? "–" : format(last);
      top.textContent = greatest > 0 ? format(scale) : "";
      picture.setAttribute("aria-label",
        `${title}: now ${number.textContent}, at most ${known.length ? format(greatest) : "nothing"} in ${long.textContent}`);
    },
  };
}

// nice rounds up to 1, 2 or 5 times a power of ten.
function nice(n) {
  if (n <= 0) return 1;
  const unit = 10 ** Math.floor(Math.log10(n));
  return [1, 2, 5, 10].map((k) => k * unit).find((v) => v >= n * 0.999);
}

// niceBytes rounds up to a power of two.
const niceBytes = (n) => 2 ** Math.ceil(Math.log2(Math.max(n, 1024)));

const at = ([x, y], scale) => `${x.toFixed(1)} ${(height - 1 - (height - 4) * y / scale).toFixed(1)}`;

// path joins points, and leaves gaps where there is no value.
function path(points, scale) {
  let d = "", pen = false;
  for (const p of points) {
    if (p[1] !== null) d += (pen ? "L" : "M") + at(p, scale);
    pen = p[1] !== null;
  }
  return d;
}

function closed(points, scale) {
  let d = "", run = [];
  const flush = () => {
    if (run.length > 1) d += `M${run[0][0].toFixed(1)} ${height}L` + run.map((p) => at(p, scale)).join("L") + `L${run.at(-1)[0].toFixed(1)} ${height}Z`;
    run = [];
  };
  for (const p of points) p[1] === null ? flush() : run.push(p);
  flush();
  return d;
}

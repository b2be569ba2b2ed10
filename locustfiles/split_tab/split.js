// Draws what live.json tells. Text from elsewhere only ever becomes textContent or an attribute, never markup.
"use strict";

const SVG = "http://www.w3.org/2000/svg";
const recorded = document.getElementById("recorded");
const frame = window.frameElement;
const byId = (id) => document.getElementById(id);
let asked = null;

function element(name, attributes = {}, ...children) {
  const svg = ["svg", "path", "line", "text", "rect", "circle", "title"].includes(name);
  const made = svg ? document.createElementNS(SVG, name) : document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

const percent = (share, digits = 1) => (share === null ? "–" : `${(100 * share).toFixed(digits)} %`);
const count = (number) => number.toLocaleString("en-US");
const clock = (seconds) => (seconds === null ? "–" : new Date(1000 * seconds).toLocaleTimeString("en-GB"));
const milliseconds = (value) => (value === null ? "–" : value < 100 ? value.toFixed(1) : value.toFixed(0));
const colour = (live, version) => {
  const at = live.versions.findIndex((one) => one.version === version);
  return at < 0 ? "var(--soft)" : `var(--v${at % 6})`;
};
const weightsOf = (weights) => Object.entries(weights).map(([version, weight]) => `${version}=${weight}`).join(",");

function draw(live) {
  const verdict = byId("verdict");
  verdict.className = live.outcome;
  verdict.textContent = live.outcome === "undecided" && live.requests ? "not yet certain" : live.outcome;
  byId("reason").textContent = live.reason;
  byId("facts").textContent = facts(live).join("  ·  ");
  byId("closing").replaceChildren(...live.versions.map((one) => closing(live, one)));
  timeline(live);
  versions(live);
  segments(live);
  changeForm(live);
}

function facts(live) {
  const told = [];
  if (live.forecast) told.push(live.forecast);
  told.push(`${count(live.pages)} pages, ${live.per_second.toFixed(0)} a second`);
  told.push(`± ${live.within} points, α ${percent(live.alpha, 0)}`);
  told.push(live.about.witness === "proxy" ? "judged by the proxies' own logs" : "pages are the only witness");
  return told;
}

// One version: its share and the band that closes on the weight, over the requests on a logarithmic scale.
function closing(live, one) {
  const [width, height, left, right, top, bottom] = [Math.min(420, innerWidth - 40), 190, 44, 8, 10, 24];
  const own = live.looks.map((look) => ({ n: look.requests, ...tell(look, one.version) })).filter((at) => at.share !== null);
  const margin = live.within / 100;
  const spread = Math.max(3 * margin, ...own.slice(-1).map((at) => 1.4 * Math.max(Math.abs(at.share - one.promised), at.high - one.promised, one.promised - at.low)));
  const [low, high] = [Math.max(0, one.promised - spread), Math.min(1, one.promised + spread)];
  const first = own.length ? 10 ** Math.floor(Math.log10(own[0].n)) : 1;
  const last = Math.max(10 * first, ...own.map((at) => at.n));
  const x = (n) => left + ((width - left - right) * Math.log(n / first)) / Math.log(last / first);
  const y = (share) => top + (height - top - bottom) * (1 - (Math.min(high, Math.max(low, share)) - low) / (high - low || 1));
  const svg = element("svg", { viewBox: `0 0 ${width} ${height}`, role: "img" });
  svg.append(element("title", {}, `${one.version}: ${percent(one.share)} of ${percent(one.promised)}, band ${percent(one.low)} to ${percent(one.high)}`));
  const span = [Math.max(low, one.promised - margin), Math.min(high, one.promised + margin)];
  svg.append(element("rect", { x: left, width: width - left - right, y: y(span[1]), height: y(span[0]) - y(span[1]), fill: "var(--zone)" }));
  svg.append(element("line", { x1: left, x2: width - right, y1: y(one.promised), y2: y(one.promised), stroke: "var(--ink)", opacity: 0.5 }));
  for (const share of [low, one.promised, high]) svg.append(element("text", { x: left - 6, y: y(share) + 4, "text-anchor": "end" }, percent(share, high - low < 0.1 ? 1 : 0)));
  for (let n = first; n <= last; n *= 10) svg.append(element("text", { x: x(n), y: height - 6, "text-anchor": n === first ? "start" : n > 0.9 * last ? "end" : "middle" }, count(n)));
  if (own.length) {
    const upper = own.map((at) => `${x(at.n)},${y(at.high)}`), lower = own.map((at) => `${x(at.n)},${y(at.low)}`).reverse();
    svg.append(element("path", { d: `M${upper.join("L")}L${lower.join("L")}Z`, fill: colour(live, one.version), opacity: 0.22, class: "band" }));
    svg.append(element("path", { d: `M${own.map((at) => `${x(at.n)},${y(at.share)}`).join("L")}`, fill: "none", stroke: colour(live, one.version), "stroke-width": 2 }));
  }
  const head = element("div", { class: "head" }, element("b", {}, one.version), element("span", {}, percent(one.share)));
  const below = element("p", { class: "soft" }, `promised ${percent(one.promised)}; band ${percent(one.low)} to ${percent(one.high)}; ${count(one.requests)} requests`);
  const card = element("section", { class: "card", "data-version": one.version }, head, svg, below);
  return card;
}

function tell(look, version) {
  const [, share, band] = look.shares.find(([name]) => name === version) || [version, null, { low: 0, high: 1 }];
  return { share, ...band };
}

// Shares within each stretch of time, stacked; the moments at which other weights were live are marked.
function timeline(live) {
  byId("timeline").hidden = live.slots.length < 2;
  if (live.slots.length < 2) return;
  const [width, height, left, bottom] = [Math.min(900, innerWidth - 40), 190, 38, 22];
  const begin = live.slots[0].at, end = live.slots.at(-1).at + live.slots.at(-1).seconds;
  const x = (at) => left + ((width - left) * (at - begin)) / (end - begin);
  const svg = element("svg", { viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": "Share of each version over time" });
  const seen = [...new Set([...live.versions.map((one) => one.version), ...live.slots.flatMap((slot) => Object.keys(slot.counts))])];
  for (const slot of live.slots) {
    const total = Object.values(slot.counts).reduce((sum, n) => sum + n, 0);
    let y = height - bottom;
    for (const version of seen) {
      const size = ((slot.counts[version] || 0) / total) * (height - bottom - 18);
      y -= size;
      if (size) svg.append(element("rect", { x: x(slot.at) + 0.3, width: Math.max(0.8, x(slot.at + slot.seconds) - x(slot.at) - 0.6), y, height: size, fill: colour(live, version), opacity: 0.8 }));
    }
  }
  for (const [share, words] of [[0, "0 %"], [0.5, "50 %"], [1, "100 %"]]) svg.append(element("text", { x: left - 5, y: height - bottom - share * (height - bottom - 18) + 4, "text-anchor": "end" }, words));
  for (const one of live.segments.slice(1)) {
    svg.append(element("line", { x1: x(one.live), x2: x(one.live), y1: 0, y2: height - bottom, stroke: "var(--ink)", "stroke-dasharray": "3 3" }));
    svg.append(element("text", { x: x(one.live) + (x(one.live) > 0.75 * width ? -4 : 4), y: 11, "text-anchor": x(one.live) > 0.75 * width ? "end" : "start" }, weightsOf(one.weights)));
  }
  svg.append(element("text", { x: left, y: height - 5 }, clock(begin)), element("text", { x: width, y: height - 5, "text-anchor": "end" }, clock(end)));
  byId("time").replaceChildren(svg);
  byId("legend").replaceChildren(...seen.map((version) => {
    const swatch = element("i", { class: "swatch" });
    swatch.style.background = colour(live, version);
    return element("span", {}, swatch, version);
  }));
}

function row(...cells) {
  return element("tr", {}, ...cells.map((cell) => (cell instanceof Node ? cell : element("td", {}, cell))));
}

function versions(live) {
  byId("table").hidden = !live.pages;
  byId("rows").replaceChildren(...live.versions.map((one) => row(
    one.version, count(one.weight), count(one.requests), percent(one.share), `${percent(one.low)} – ${percent(one.high)}`,
    count(one.pages), ...["p50", "p95", "p99", "max"].map((name) => milliseconds(one.latency[name] ?? null)))));
  const troubles = [];
  if (live.unlabelled) troubles.push(`${count(live.unlabelled)} without a version`);
  for (const [version, n] of Object.entries(live.strays)) troubles.push(`${count(n)} by ${version}, which has no weight`);
  for (const [name, n] of Object.entries(live.errors)) troubles.push(`${name}: ${count(n)}`);
  byId("troubles").textContent = troubles.length ? `Trouble: ${troubles.join(", ")}` : "No errors, and every answer names its version.";
}

function segments(live) {
  byId("sequence").hidden = !live.segments.length;
  byId("segments").replaceChildren(...[...live.segments].reverse().map((one) => {
    const shares = Object.entries(one.shares).map(([version, share]) => `${version} ${percent(share)}`).join(", ");
    const words = one.certain_after ? `${one.outcome} after ${count(one.certain_after)}` : one.outcome;
    return row(weightsOf(one.weights), clock(one.live), count(one.requests), shares, element("td", { class: one.outcome }, words));
  }));
}

function changeForm(live) {
  const form = byId("change"), names = live.about.versions;
  form.hidden = Boolean(recorded) || Boolean(live.about.fixed) || !names.length;
  if (form.hidden) return;
  const inputs = byId("inputs");
  if (inputs.childElementCount !== names.length) {
    const weights = live.segments.at(-1).weights;
    inputs.replaceChildren(...names.map((name) => element("label", {}, name, element("input", {
      type: "number", min: 0, step: 1, name, value: weights[name] ?? 0, inputmode: "numeric" }))));
  }
  if (asked !== null && live.answer.wish === asked) {
    byId("answer").textContent = live.answer.trouble || "In force at every proxy: a new verdict has begun.";
    byId("answer").className = live.answer.trouble ? "fail" : "pass";
    form.querySelector("button").disabled = false;
    asked = null;
  }
}

async function apply(event) {
  event.preventDefault();
  const weights = [...byId("inputs").querySelectorAll("input")].map((one) => [one.name, one.value.trim() || "0"]);
  // A version without a weight is not part of the promise: it must not answer at all.
  const text = weights.filter(([, weight]) => weight !== "0").map(([name, weight]) => `${name}=${weight}`).join(",");
  const token = document.querySelector('meta[name="weighbridge-token"]').content;
  const answer = byId("answer");
  answer.className = "soft";
  answer.textContent = "Asking the mesh …";
  byId("change").querySelector("button").disabled = true;
  const response = await fetch("weights", { method: "POST", body: JSON.stringify({ weights: text }),
    headers: { "Content-Type": "application/json", "X-Weighbridge-Token": token } }).catch(() => null);
  const told = response && (await response.json().catch(() => null));
  if (told && told.wish) {
    asked = told.wish;
  } else {
    answer.className = "fail";
    answer.textContent = told && told.error ? [told.error.message, told.error.hint].filter(Boolean).join("; ") : "Nobody answered.";
    byId("change").querySelector("button").disabled = false;
  }
}

async function refresh() {
  const response = await fetch("live.json").catch(() => null);
  const told = response && (await response.json().catch(() => null));
  if (told && told.error) byId("reason").textContent = `${told.error.message}; ${told.error.hint}`;
  else if (told) draw(told);
  setTimeout(refresh, 1000);
}

// Locust keeps its theme in localStorage and changes it while the page stands; a report says it in window.theme.
function theme() {
  let dark = matchMedia("(prefers-color-scheme: dark)").matches;
  try {
    const chosen = (frame && frame.ownerDocument.defaultView.theme) || localStorage.theme;
    if (chosen) dark = chosen === "dark";
  } catch { /* a page from a file may have no storage */ }
  document.documentElement.classList.toggle("dark", dark);
}

theme();
addEventListener("storage", theme);
if (frame) {
  const fit = () => { frame.style.height = `${document.documentElement.offsetHeight}px`; };
  new ResizeObserver(fit).observe(document.documentElement);
}
if (recorded) {
  draw(JSON.parse(recorded.textContent));
} else {
  byId("change").addEventListener("submit", apply);
  setInterval(theme, 1000);
  refresh();
}

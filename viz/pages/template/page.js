"use strict";
// Python wrote every number and every text of the page; this script decides which of them are visible.
//
// A state is one folding of the graph: its boxes in topological order, the last of them the root; its arrows as
// [tail, head]; and a picture in which the ids of nodes and edges end in these indices. The steps of its replay are the
// start, a forward step for each box that is computed, a backward step for each that has a gradient, and the end.

// Sizes of the picture's text, relative to the page's.
const MIN_LEGIBLE = 0.6;
const COMFORTABLE = 0.95; // what smaller text is enlarged to
const MIN_RECOGNISABLE = 0.2; // a graph that is smaller as a whole shows only its end

const MAX_SCALE = 4;
const MARGIN = 40; // pixels around what is brought into view
const GLIDE = 250; // milliseconds

const byId = (id) => document.getElementById(id);
const model = JSON.parse(byId("model").textContent);
const { names, keywords, states } = model; // of all Values; a box's members are indices into them
const [stage, slider, search] = [byId("stage"), byId("slider"), byId("search")];

let state; // the current folding
let [pinned, pointed, focused] = [null, null, null]; // indices of boxes
let matches = []; // indices of the boxes that the search finds

function make(tag, className, ...children) {
  const element = document.createElement(tag);
  element.className = className;
  element.append(...children);
  return element;
}

function button(text, action) {
  const element = make("button", "", text);
  element.type = "button";
  element.addEventListener("click", action);
  return element;
}

// ---- Folding

function prepare(state, picture) {
  [state.picture, state.nodes, state.edges] = [picture, [], []];
  for (const node of picture.querySelectorAll(".node")) state.nodes[node.id.split("-").at(-1)] = node;
  for (const edge of picture.querySelectorAll(".edge")) state.edges[edge.id.split("-").at(-1)] = edge;
  state.entering = state.boxes.map(() => []);
  state.leaving = state.boxes.map(() => []);
  state.arrows.forEach(([tail, head], k) => {
    state.entering[head].push(k);
    state.leaving[tail].push(k);
  });
  plan(state);
}

// A leaf gets its gradient right after the last of the nodes that it feeds, the one with the smallest index.
function plan(state) {
  const boxes = [...state.boxes.keys()];
  const computed = (i) => state.boxes[i].forward.length > 0;
  const due = boxes.map((i) => (computed(i) ? i : Math.min(...state.leaving[i].map((k) => state.arrows[k][1]))));
  const forward = boxes.filter(computed).map((box) => ({ pass: "Forward", box }));
  const backward = boxes.filter((i) => state.boxes[i].backward).map((box) => ({ pass: "Backward", box }));
  backward.sort((a, b) => due[b.box] - due[a.box] || computed(b.box) - computed(a.box) || a.box - b.box);
  state.steps = [{ pass: "Start" }, ...forward, ...backward, { pass: "End" }];
  state.count = { Forward: forward.length, Backward: backward.length };
  state.last = state.step = state.steps.length - 1;
  state.computed = state.boxes.map(() => 0); // the step that computes a value, and the one that computes a gradient
  state.differentiated = state.boxes.map(() => 0);
  state.steps.forEach(({ pass, box }, s) => {
    if (pass === "Forward") state.computed[box] = s;
    if (pass === "Backward") state.differentiated[box] = s;
  });
}

const owner = (member) => state.boxes.findIndex((box) => box.members.includes(member));

function foldTo(index) {
  const lastOf = (i) => (i === null ? null : state.boxes[i].members.at(-1));
  const moment = state?.steps[state.step];
  const [shown, kept] = [lastOf(moment?.box ?? null), lastOf(pinned)];
  if (state) leave();
  state = states[index];
  if (!state.picture) prepare(state, picture(index));
  stage.replaceChildren(state.picture);
  [...byId("foldings").children].forEach((choice, k) => choice.setAttribute("aria-pressed", String(k === index)));
  slider.max = state.last;
  const { Forward, Backward } = state.count;
  slider.parentElement.style.setProperty("--split", Forward / (Forward + Backward || 1));
  byId("backward").hidden = !Backward;
  measure();
  fit();
  go(moment ? stepOf(moment.pass, shown) : state.last);
  if (kept !== null) pin(owner(kept));
  findNodes();
}

function leave() {
  mark(false);
  pin(null);
  [pointed, focused] = [null, null];
  light();
}

function stepOf(pass, member) {
  const box = member === null ? undefined : owner(member);
  const found = state.steps.findIndex((step) => step.pass === pass && step.box === box);
  return found < 0 ? state.last : found;
}

function unfold(i) {
  const members = new Set(state.boxes[i].members);
  const index = states.indexOf(state);
  if (index === 0 || members.size === 1) return;
  foldTo(index - 1);
  bring(state.boxes.flatMap((box, k) => (box.members.some((member) => members.has(member)) ? [k] : [])));
}

// ---- Replay

function go(target) {
  const goal = Math.max(0, Math.min(state.last, target));
  mark(false);
  while (state.step < goal) reveal(++state.step, true);
  while (state.step > goal) reveal(state.step--, false);
  mark(true);
  const { pass, box } = state.steps[goal];
  slider.value = goal;
  slider.setAttribute("aria-valuetext", box === undefined ? pass : `${pass}, ${state.boxes[box].name}`);
  for (const id of ["first", "back"]) byId(id).setAttribute("aria-disabled", String(goal === 0));
  for (const id of ["next", "last"]) byId(id).setAttribute("aria-disabled", String(goal === state.last));
  writeStep();
  writePinned();
  follow();
}

function arrowsOf(s) {
  const { pass, box } = state.steps[s];
  return pass === "Forward" ? state.entering[box] : pass === "Backward" ? state.leaving[box] : [];
}

function reveal(s, on) {
  const { pass, box } = state.steps[s];
  if (box === undefined) return;
  const forward = pass === "Forward";
  state.nodes[box].classList.toggle(forward ? "no-value" : "no-gradient", !on);
  if (forward && state.count.Backward) return; // the arrows wait for the gradients
  for (const k of arrowsOf(s)) state.edges[k].classList.toggle("waiting", !on);
}

function mark(on) {
  const { box } = state.steps[state.step];
  if (box === undefined) return;
  state.nodes[box].classList.toggle("active", on);
  for (const k of arrowsOf(state.step)) state.edges[k].classList.toggle("active", on);
}

// ---- Text beside the graph

function writeStep() {
  const { pass, box } = state.steps[state.step];
  if (box === undefined) return byId("step").replaceChildren(byId(pass.toLowerCase()).content.cloneNode(true));
  const { forward, backward, delta } = state.boxes[box];
  const nth = pass === "Forward" ? state.step : state.step - state.count.Forward;
  byId("step").replaceChildren(
    make("p", "pass", `${pass} pass, step ${nth} of ${state.count[pass]}`),
    heading(box),
    ...(pass === "Forward" ? equations(forward) : [...chainRule(backward), ...deltaRule(delta)]),
  );
}

function heading(i) {
  const { name, kind } = state.boxes[i];
  return make("h2", "", name === kind ? "" : name, " ", make("span", "kind", kind));
}

const equations = (list) => list.map((sides) => equation(sides));

function equation([left, ...sides], look = "") {
  const lines = sides.flatMap((side) => [" ", make("span", "side", make("span", "sign", "="), " ", side)]);
  lines.at(-1).classList.add("last", ...(look && [look]));
  return make("p", "equation", make("span", "left", left), ...lines);
}

function chainRule({ of, terms, sum, note }) {
  if (!terms.length) return [equation([of, sum], sign(sum)), make("p", "note", note)];
  if (terms.length === 1) return [equation([of, ...terms[0].slice(0, 2), sum].filter(Boolean), sign(sum))];
  const rows = terms.flatMap((term, k) => [" ", row(k ? "+" : "=", ...term)]);
  return [make("p", "equation", make("span", "left", of), ...rows, " ", row("=", "", "", sum, "total"))];
}

const deltaRule = (delta) => (delta.length ? [equation(delta, sign(delta.at(-1)))] : []);

function row(operator, symbols, numbers, product, className = "") {
  const factors = numbers && product ? `${numbers} =` : numbers;
  const parts = [["sign", operator], ["symbols", symbols], ["numbers", factors], [`product ${sign(product)}`, product]];
  return make("span", `term ${className}`, ...parts.flatMap(([look, text]) => [" ", make("span", look, text)]));
}

const sign = (text) => (text.startsWith("−") ? "negative" : text.startsWith("+") ? "positive" : "zero");

// Rewrites nothing unchanged: a screen reader would repeat it, and a button inside would lose the focus.
function writePinned() {
  const [computed, differentiated] = [state.step >= state.computed[pinned], state.step >= state.differentiated[pinned]];
  const content = [states.indexOf(state), pinned, computed, differentiated].join();
  const section = byId("pinned");
  if (section.dataset.written === content) return;
  section.dataset.written = content;
  const hint = byId("hint").content.cloneNode(true);
  const parts = pinned === null ? [hint] : pinnedParts(pinned, computed, differentiated);
  section.replaceChildren(...parts);
}

function pinnedParts(i, computed, differentiated) {
  const { forward, backward, delta, members } = state.boxes[i];
  const parts = [make("p", "pass", "Pinned", button("Unpin", unpin)), heading(i), numbers(i, computed, differentiated)];
  if (computed) parts.push(...equations(forward));
  if (backward && differentiated) {
    parts.push(make("h3", "", "Terms of its gradient"), ...chainRule(backward), ...deltaRule(delta));
  }
  if (members.length > 1 && state !== states[0]) parts.push(button("Unfold", () => unfold(i)));
  return parts;
}

function numbers(i, computed, differentiated) {
  const { name, results, backward } = state.boxes[i];
  const value = (text) => (computed ? text : "not computed yet");
  const gradient = (text) => (differentiated ? text ?? "" : "not computed yet");
  const titles = backward ? ["name", "value", "gradient"] : ["name", "value"];
  const shown = results.map((x) => [x[0], value(x[1]), gradient(x[2])].slice(0, titles.length));
  if (shown.length > 1) return table([titles.map((title) => th(title, "col")), ...shown.map(tableRow)]);
  const [only] = shown;
  return table(titles.map((title, k) => tableRow([title, only[k]])).slice(only[0] === name ? 1 : 0));
}

const table = (rows) => make("table", "", ...rows.map((cells) => make("tr", "", ...cells)));
const tableRow = ([first, ...rest]) => [th(first, "row"), ...rest.map((text) => make("td", "", text))];
const th = (text, scope) => Object.assign(make("th", "", text), { scope });

// ---- Pointing, pinning, searching

function light() {
  const i = pointed ?? focused ?? pinned;
  for (const element of state.picture.querySelectorAll(".lit")) element.classList.remove("lit");
  state.picture.classList.toggle("lighting", i !== null);
  const found = new Set(i === null ? [] : [i]);
  for (const x of found) {
    state.nodes[x].classList.add("lit");
    for (const k of state.leaving[x]) {
      state.edges[k].classList.add("lit");
      found.add(state.arrows[k][1]);
    }
  }
}

function unpin() {
  const i = pinned;
  pin(null);
  focusNode(i);
}

function pin(i) {
  for (const k of [pinned, i]) state.nodes[k]?.setAttribute("aria-pressed", String(k === i && i !== null));
  pinned = i;
  light();
  writePinned();
}

// So w⁽¹⁾₂₃ is found by "w(1)23" and by "w123".
const plain = (text) => text.normalize("NFKC").toLowerCase().replace(/[[\]\s,_]/g, "");

// A box fits by its names and keywords; those that it has in full go before those that contain what is wanted.
function findNodes() {
  const wanted = plain(search.value);
  const words = ({ name, members }) => [name, ...members.map((x) => names[x])].map(plain);
  const roles = ({ members }) => members.flatMap((x) => keywords[x]).map(plain);
  const exact = (box) => [...words(box), ...roles(box)].includes(wanted);
  const has = (x) => x.includes(wanted) || x.replace(/[()]/g, "").includes(wanted);
  const close = (box) => words(box).some(has) || roles(box).some((x) => x.startsWith(wanted));
  const fitting = (fits) => [...state.boxes.keys()].filter((i) => fits(state.boxes[i]));
  const whole = wanted ? fitting(exact) : [];
  matches = whole.length || !wanted ? whole : fitting(close);
  const found = new Set(matches);
  state.nodes.forEach((node, i) => node.classList.toggle("found", found.has(i)));
  byId("found").textContent = !wanted ? "" : matches.length ? `${matches.length} found` : "none found";
}

function nextMatch() {
  if (!matches.length) return;
  const k = (matches.indexOf(pinned) + 1) % matches.length;
  byId("found").textContent = `${k + 1} of ${matches.length}`;
  pin(matches[k]);
  bring([matches[k]]);
}

const indexOf = (target) => {
  const node = target.closest?.(".node");
  return node ? state.nodes.indexOf(node) : null;
};

function focusNode(i) {
  if (i < 0 || i >= state.nodes.length) return;
  for (const node of state.picture.querySelectorAll('[tabindex="0"]')) node.tabIndex = -1;
  state.nodes[i].tabIndex = 0;
  state.nodes[i].focus({ preventScroll: true });
}

// ---- Camera: the corner of the picture at the stage's upper left, and pixels per unit

let camera = { x: 0, y: 0, scale: 1 };
let goal = camera; // where it glides to
let drawn; // the folding that it shows
let steered = false; // by hand, since the last fit

function measure() {
  if (state.places) return;
  const { width, height } = state.picture.viewBox.baseVal;
  state.size = { width, height };
  Object.assign(state.picture.style, { width: `${width}px`, height: `${height}px` });
  const { e, f } = state.picture.querySelector(".graph").transform.baseVal.consolidate().matrix;
  state.places = state.nodes.map((node) => {
    const { x, y, width, height } = node.getBBox();
    return { x: x + e, y: y + f, width, height };
  });
}

const picture = (k) => byId(`state-${k}`).content.firstElementChild;
const fitting = ({ width, height }) =>
  Math.min((stage.clientWidth - MARGIN) / width, (stage.clientHeight - MARGIN) / height, 2);

const textSize = (scale) => (12 * scale) / parseFloat(getComputedStyle(document.body).fontSize);

// The finest folding that is legible without zooming; if none is, the one with the largest text.
function legible() {
  const sizes = states.map((_, k) => textSize(fitting(picture(k).viewBox.baseVal)));
  const found = sizes.findIndex((size) => size >= MIN_LEGIBLE);
  return found < 0 ? sizes.indexOf(Math.max(...sizes)) : found;
}

function fit() {
  const { clientWidth: w, clientHeight: h } = stage;
  const { width, height } = state.size;
  const scale = fitting(state.size);
  steered = false;
  glide({ x: (width - w / scale) / 2, y: (height - h / scale) / 2, scale });
}

// The camera follows the replay.
function follow() {
  const { pass, box } = state.steps[state.step];
  if (box !== undefined) return bring([box, ...arrowsOf(state.step).flatMap((k) => state.arrows[k])]);
  if (steered) return;
  fit();
  if (textSize(goal.scale) < MIN_RECOGNISABLE) bring([pass === "Start" ? 0 : state.boxes.length - 1]);
}

function bring(indices) {
  const { clientWidth: w, clientHeight: h } = stage;
  const enough = steered || textSize(goal.scale) >= MIN_LEGIBLE;
  const scale = enough ? goal.scale : (COMFORTABLE * goal.scale) / textSize(goal.scale);
  const [first, all] = [state.places[indices[0]], bounds(indices.map((i) => state.places[i]))];
  const fits = all.width * scale < w - 2 * MARGIN && all.height * scale < h - 2 * MARGIN;
  const { x, y, width, height } = fits ? all : first;
  const along = (corner, size, start, length) => {
    const margin = MARGIN / scale;
    return Math.min(Math.max(corner, start + length + margin - size / scale), start - margin);
  };
  const widening = (1 / goal.scale - 1 / scale) / 2; // about the middle of the stage
  const [left, top] = [goal.x + w * widening, goal.y + h * widening];
  glide({ x: along(left, w, x, width), y: along(top, h, y, height), scale });
}

function bounds(places) {
  const [x, y] = [Math.min(...places.map((p) => p.x)), Math.min(...places.map((p) => p.y))];
  const right = Math.max(...places.map((p) => p.x + p.width));
  const lower = Math.max(...places.map((p) => p.y + p.height));
  return { x, y, width: right - x, height: lower - y };
}

function glide(to) {
  const [from, start] = [camera, performance.now()];
  goal = to;
  if (calm.matches || drawn !== state) return look(to);
  const frame = (now) => {
    if (goal !== to) return;
    const t = Math.min(1, Math.max(0, (now - start) / GLIDE));
    const mix = (key) => from[key] + (to[key] - from[key]) * t * (2 - t);
    look(t < 1 ? { x: mix("x"), y: mix("y"), scale: mix("scale") } : to);
    if (t < 1) requestAnimationFrame(frame);
  };
  requestAnimationFrame(frame);
}

function look(at) {
  [camera, drawn] = [at, state];
  state.picture.style.transform = `scale(${at.scale}) translate(${-at.x}px, ${-at.y}px)`; // needs no new layout
}

function steer(at) {
  steered = true;
  goal = at;
  look(at);
}

function zoom(factor, px = stage.clientWidth / 2, py = stage.clientHeight / 2) {
  const least = Math.min(1, stage.clientWidth / state.size.width / 2, stage.clientHeight / state.size.height / 2);
  const scale = Math.min(MAX_SCALE, Math.max(least, goal.scale * factor));
  const keep = (corner, p) => corner + p / goal.scale - p / scale;
  steer({ x: keep(goal.x, px), y: keep(goal.y, py), scale });
}

// ---- Mouse, fingers, keyboard

const fingers = new Map();
let dragged = false;

stage.addEventListener("pointerdown", (event) => {
  if (!fingers.size) dragged = false;
  fingers.set(event.pointerId, event);
});
stage.addEventListener("pointermove", (event) => {
  if (!event.buttons) fingers.delete(event.pointerId); // it was lifted outside the stage
  const before = fingers.get(event.pointerId);
  const [dx, dy] = before ? [event.clientX - before.clientX, event.clientY - before.clientY] : [0, 0];
  if (!before || (!dragged && Math.hypot(dx, dy) < 4)) return;
  dragged = true;
  stage.setPointerCapture(event.pointerId);
  const other = [...fingers.values()].find((finger) => finger.pointerId !== event.pointerId);
  if (other) pinch(before, event, other);
  else steer({ x: goal.x - dx / goal.scale, y: goal.y - dy / goal.scale, scale: goal.scale });
  fingers.set(event.pointerId, event);
});
stage.addEventListener("pointerup", (event) => fingers.delete(event.pointerId));
stage.addEventListener("pointercancel", (event) => fingers.delete(event.pointerId));

function pinch(before, now, other) {
  const distance = (finger) => Math.hypot(finger.clientX - other.clientX, finger.clientY - other.clientY) || 1;
  zoomAt((now.clientX + other.clientX) / 2, (now.clientY + other.clientY) / 2, distance(now) / distance(before));
}

function zoomAt(clientX, clientY, factor) {
  const { left, top } = stage.getBoundingClientRect();
  zoom(factor, clientX - left, clientY - top);
}

stage.addEventListener("wheel", (event) => {
  event.preventDefault();
  zoomAt(event.clientX, event.clientY, Math.exp(-event.deltaY * (event.deltaMode ? 0.05 : 0.0015)));
}, { passive: false });
stage.addEventListener("pointerover", (event) => {
  const i = indexOf(event.target);
  if (event.pointerType === "touch" || i === pointed) return;
  pointed = i;
  light();
});
stage.addEventListener("pointerleave", () => {
  pointed = null;
  light();
});
stage.addEventListener("click", (event) => {
  if (!dragged) toggle(indexOf(event.target));
});
stage.addEventListener("dblclick", (event) => {
  const i = indexOf(event.target);
  if (i !== null) unfold(i);
});
stage.addEventListener("focusin", (event) => {
  if (!event.target.matches(":focus-visible")) return;
  focused = indexOf(event.target);
  light();
  bring([focused]);
});
stage.addEventListener("focusout", () => {
  focused = null;
  light();
});

const everywhere = {
  ArrowLeft: () => go(state.step - 1),
  ArrowRight: () => go(state.step + 1),
  Home: () => go(0),
  End: () => go(state.last),
  Escape: () => pin(null),
};
const inGraph = { "+": () => zoom(1.25), "-": () => zoom(0.8), 0: fit };
const toggle = (i) => pin(i === pinned ? null : i);
const onNode = { ArrowUp: (i) => focusNode(i - 1), ArrowDown: (i) => focusNode(i + 1), Enter: toggle, " ": toggle };

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.target === search) return;
  const i = indexOf(event.target);
  const inside = byId("graph").contains(event.target);
  const action = (i !== null && onNode[event.key]) || (inside && inGraph[event.key]) || everywhere[event.key];
  if (!action) return;
  event.preventDefault();
  action(i);
});
search.addEventListener("input", findNodes);
search.addEventListener("keydown", (event) => {
  if (event.key === "Enter") nextMatch();
  if (event.key === "Escape") {
    search.value = "";
    findNodes();
  }
});
slider.addEventListener("input", () => go(Number(slider.value)));
const clicks = {
  first: everywhere.Home,
  back: everywhere.ArrowLeft,
  next: everywhere.ArrowRight,
  last: everywhere.End,
  "zoom-in": inGraph["+"],
  "zoom-out": inGraph["-"],
  fit,
  theme: () => paint(isDark() ? "light" : "dark"),
};
for (const [id, action] of Object.entries(clicks)) byId(id).addEventListener("click", action);

// ---- Light and dark, start

const calm = matchMedia("(prefers-reduced-motion: reduce)");
const night = matchMedia("(prefers-color-scheme: dark)");
const isDark = () => (document.documentElement.dataset.theme ?? (night.matches ? "dark" : "light")) === "dark";

const showTheme = () => byId("theme").setAttribute("aria-pressed", String(isDark()));

function paint(theme) {
  document.documentElement.dataset.theme = theme;
  showTheme();
}
night.addEventListener("change", showTheme);
showTheme();

[...byId("foldings").children].forEach((choice, k) => choice.addEventListener("click", () => foldTo(k)));
byId("foldings").hidden = states.length === 1;
foldTo(model.opening ?? legible());
new ResizeObserver(() => (steered ? look(goal) : follow())).observe(stage);

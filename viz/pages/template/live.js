// The page computes: once a number is changed, the graph computes all others anew, and the page shows them.
//
// Before that, the page computes Python's numbers again and compares them; where they part, it stays a replay.

const RTOL = 1e-9; // up to this fraction, two numbers are the same
const ATOL = 1e-12; // and up to this fraction of the numbers around them, which may cancel
const { widths, ratio } = model.look;
const WIDE_LETTER = 7.5; // pixels
const LINE = 8; // pixels of a box that its lines leave free
let graph;

const lost = () => graph.missing.has(graph.root);

function wake() {
  graph = new Graph({ ...model, data: numbers.values });
  const reason = parting();
  if (reason) return sleep(reason);
  live = { draw: drawNumbers, limit: practiceLimit, pinnedParts: leafButtons, leave: leavePractice };
  buildLive();
  for (const section of document.querySelectorAll(".live")) section.hidden = false;
}

function sleep(reason) {
  byId("reason").textContent = reason;
  byId("why").hidden = false;
}

// What the browser computes otherwise than Python did; nothing where they agree.
function parting() {
  const [refused] = [...graph.errors].filter(([i]) => !graph.missing.has(i) || !Number.isNaN(numbers.values[i]));
  if (refused) return `the browser refuses ${refused[1]}`;
  const sizes = graph.values.map((z, i) => Math.max(Math.abs(z), ...graph.numbers(i).map(Math.abs)));
  const largest = Math.max(0, ...graph.gradients.map(Math.abs).filter(Number.isFinite));
  for (const i of graph.values.keys()) {
    const called = names[i] || `n-${i}`;
    const [value, gradient] = [numbers.values[i], numbers.gradients[i]];
    if (!same(graph.values[i], value, sizes[i])) {
      return `${called} is ${graph.values[i]} here, and was ${value} in Python`;
    }
    if (!graph.constants.has(i) && !same(graph.gradients[i], gradient, largest)) {
      return `the gradient of ${called} is ${graph.gradients[i]} here, and was ${gradient} in Python`;
    }
  }
  return "";
}

function same(x, y, size) {
  if (x === y || (x !== x && y !== y)) return true;
  return Math.abs(x - y) <= RTOL * Math.max(Math.abs(x), Math.abs(y)) + ATOL * (Number.isFinite(size) ? size : 0);
}

// ---- After a change: the picture, the text beside it and the fields follow

function showNumbers() {
  const { values, gradients, partials, missing, unknown } = graph;
  const without = lost() ? new Set(graph.values.keys()) : unknown;
  numbers = { version: numbers.version + 1, values, gradients, partials, missing, unknown: without };
  drawNumbers();
  writeFields();
  writeStep();
  writePinned();
  writeTrouble();
  forgetCheck();
}

function recompute() {
  graph.compute();
  showNumbers();
}

function writeTrouble() {
  const [error] = graph.errors.values();
  const text = error ? `No number for ${error}` : "";
  if (byId("trouble").textContent !== text) byId("trouble").textContent = text;
  byId("root").textContent = lost() ? "" : `${nameOfRoot} = ${number(graph.values[graph.root])}`;
}

// Writes the numbers of the current folding into its picture: texts, and the signs and widths of arrows.
function drawNumbers() {
  if (numbers.version === (state.drawnVersion ?? 0)) return;
  state.drawnVersion = numbers.version;
  const { flows } = flowing(state);
  state.texts ??= state.nodes.map((node) => [...node.querySelectorAll("text")].slice(1));
  state.labels ??= state.edges.map((edge) => edge.querySelector("text"));
  state.boxes.forEach(drawBox);
  const largest = Math.max(0, ...flows.flat().map(Math.abs).filter(Number.isFinite));
  state.edges.forEach((edge, k) => drawArrow(edge, k, largest));
}

function drawBox({ lines, outputs, delta, members }, i) {
  const refused = members.find((z) => graph.errors.has(z));
  lines.forEach((line, k) => {
    const text = k === 0 && refused !== undefined && graph.missing.has(refused) ? refusal(refused) : lineOf(line);
    writeLine(state.texts[i][k], text, state.places[i].width - LINE);
  });
  const receiving = outputs.filter((z) => !graph.constants.has(z));
  const look = state.nodes[i].classList;
  look.toggle("refused", refused !== undefined);
  if (receiving.length) replaceClass(look, "sign", signOf(receiving.map(gradientOf)), state.nodes[i]);
  if (delta.length) replaceClass(look, "delta", `delta-${signOf(deltasOf(lines.at(-1)))}`, state.nodes[i]);
}

const gradientOf = (z) => (numbers.unknown.has(z) ? 0 : numbers.gradients[z]);
const deltasOf = (line) => quantitiesIn(line, state).map((x) => x ?? 0);

// A line none of whose numbers is known is empty.
const lineOf = (line) => (quantitiesIn(line, state).some((x) => x !== undefined) ? fill(line, state) : "");

const refusal = (z) => `✗ ${graph.operations[z]}(${graph.numbers(z).map(number).join(", ")})`;

function writeLine(element, line, room) {
  const text = line.replaceAll("  ", "\u00A0\u00A0"); // SVG makes one space of two
  if (!element || element.textContent === text) return;
  rewrite(element, text);
  element.removeAttribute("textLength");
  if (text.length * WIDE_LETTER > room && element.getComputedTextLength() > room) {
    element.setAttribute("textLength", room);
    element.setAttribute("lengthAdjust", "spacingAndGlyphs");
  }
}

// Keeps the text node, which takes the browser less time.
function rewrite(element, text) {
  if (element.firstChild) element.firstChild.data = text;
  else element.textContent = text;
}

function drawArrow(edge, k, largest) {
  const [tail, head] = state.arrows[k];
  const [{ outputs }, z] = [state.boxes[tail], state.boxes[head].outputs.at(-1)];
  if (outputs.every((x) => graph.constants.has(x))) return;
  const single = outputs.length === 1 && state.boxes[head].outputs.length === 1;
  const p = state.derivatives[k];
  const text = numbers.missing.has(z) ? "" : `× ${written(p, "d")}`;
  if (state.labels[k] && single && state.labels[k].textContent !== text) rewrite(state.labels[k], text);
  const flows = numbers.unknown.has(z) ? [0] : state.flows[k];
  const width = strength(flows, largest);
  replaceClass(edge.classList, "sign", signOf(flows), edge);
  if (edge.dataset.width === width) return;
  replaceClass(edge.classList, "width", width, edge);
  for (const line of edge.querySelectorAll("path, polygon")) line.setAttribute("stroke-width", widths[width]);
}

// Gives an element another class of a kind in the place of its present one.
function replaceClass(look, kind, wanted, element) {
  const kinds = { sign: /^(positive|negative|zero|mixed|undefined)$/, delta: /^delta-/, width: /^g\d$/ };
  const present = (element.dataset[kind] ??= [...look].find((x) => kinds[kind].test(x)) ?? "");
  if (present === wanted) return;
  if (present) look.remove(present);
  look.add(wanted);
  element.dataset[kind] = wanted;
}

// As style.sign_of and the widths in viz/graphs/dot.py.
function signOf(list) {
  const sign = (x) => (x !== x ? "undefined" : x > 0 ? "positive" : "negative");
  const signs = new Set(list.filter((x) => x !== 0).map(sign));
  if (signs.has("undefined")) return "undefined";
  return signs.size > 1 ? "mixed" : ([...signs][0] ?? "zero");
}

function strength(flows, largest) {
  const flow = Math.max(...flows.map(Math.abs));
  if (!Number.isFinite(flow)) return "g4";
  const steps = flow ? (Math.log(largest) - Math.log(flow)) / Math.log(ratio) : Infinity;
  return `g${4 - Math.floor(Math.min(steps, 3))}`;
}

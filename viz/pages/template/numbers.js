// The numbers that show now, Python's or, once one of them is changed, those of the graph that computes; and the places
// for them in the texts of the page, as viz/pages/places.py leaves them.

const PLACE = /\uE000(.)(.)([^\uE001]*)\uE001/g;

const { operands } = model;
const constants = new Set(model.constants);
const none = new Set();
const decoded = (list) => Float64Array.from(list); // JSON has no NaN and no infinity: they are texts
let numbers = {
  version: 0,
  values: decoded(model.values),
  gradients: decoded(model.gradients),
  partials: model.partials.map(decoded),
  missing: none, // the Values that have no number because Python would refuse to compute them
  unknown: none, // those without a gradient
};

// What the arrows of a state pass back, for each result of the box at the tail, and their local derivatives.
function flowing(state) {
  if (state.version === numbers.version) return state;
  state.version = numbers.version;
  state.flows = [];
  state.derivatives = [];
  for (const [k, [tail, head, operand]] of state.arrows.entries()) {
    const { members } = state.boxes[head];
    const { outputs } = state.boxes[tail];
    if (operand !== undefined) {
      state.derivatives[k] = numbers.partials[members[0]][operand];
      state.flows[k] = [passedBack(members[0], operand)];
      continue;
    }
    state.flows[k] = outputs.map((x) => {
      const terms = members.flatMap((z) => operands[z].flatMap((y, place) => (y === x ? [passedBack(z, place)] : [])));
      return terms.reduce((sum, term) => sum + term, 0);
    });
    state.derivatives[k] = acrossBox(state.boxes[head], outputs[0]);
  }
  return state;
}

function passedBack(z, place) {
  const g = numbers.gradients[z];
  return g === 0 || constants.has(operands[z][place]) ? 0 : numbers.partials[z][place] * g;
}

// The local derivative of the last result of a box with respect to what enters it, by the chain rule inside the box.
function acrossBox({ members, outputs }, x) {
  const adjoints = new Map([[outputs.at(-1), 1]]);
  for (const z of members.toReversed()) {
    const g = adjoints.get(z);
    if (g) operands[z].forEach((y, k) => adjoints.set(y, (adjoints.get(y) ?? 0) + g * numbers.partials[z][k]));
  }
  return adjoints.get(x) ?? 0;
}

// The number for a place; undefined where there is none.
function quantity(what, [i, k], state) {
  const { values, gradients, partials, missing, unknown } = numbers;
  if (what === "v") return missing.has(i) ? undefined : values[i];
  if (what === "g" || what === "m") return unknown.has(i) ? undefined : what === "m" ? -gradients[i] : gradients[i];
  if (what === "p") return missing.has(i) ? undefined : partials[i][k];
  const [tail, head] = state.arrows[i];
  const [[x], z] = [state.boxes[tail].outputs, state.boxes[head].outputs.at(-1)];
  if (what === "d") return missing.has(z) ? undefined : flowing(state).derivatives[i];
  return unknown.has(z) || unknown.has(x) ? undefined : flowing(state).flows[i][0];
}

// A text as pieces of text and, between them, places: form, quantity and where.
const pieces = new Map();

function piecesOf(text) {
  if (!pieces.has(text)) {
    pieces.set(text, text.split(PLACE).map((piece, k) => (k % 4 === 3 ? piece.split(",").map(Number) : piece)));
  }
  return pieces.get(text);
}

function quantitiesIn(text, state) {
  const parts = piecesOf(text);
  const found = [];
  for (let k = 1; k < parts.length; k += 4) found.push(quantity(parts[k + 1], parts[k + 2], state));
  return found;
}

function fill(text, state) {
  const parts = piecesOf(text);
  const found = quantitiesIn(text, state);
  const filled = found.map((x, k) => (x === undefined ? "—" : written(x, parts[4 * k + 1])) + parts[4 * k + 4]);
  return parts[0] + filled.join("");
}

// Numbers as text, exactly as viz/text/labels.py writes them, and the places for them in the texts of the page, as
// viz/pages/places.py leaves them.

const DIGITS = 4;
const PLACE = /\uE000(.)(.)([^\uE001]*)\uE001/g;

// The digits of a positive number, rounded as Python rounds, halves to even, and the exponent of the first.
function significant(x, count) {
  let [digits, exponent] = x.toExponential(count - 1).split("e");
  const longer = x.toExponential(count);
  if (longer.split("e")[0].endsWith("5") && Number(longer) === x) {
    const [all, first] = x.toExponential(60).split("e"); // where it is exact, a half shows
    const kept = all.slice(0, digits.length);
    if (/^50*$/.test(all.slice(digits.length)) && "02468".includes(kept.at(-1))) [digits, exponent] = [kept, first];
  }
  return [digits.replace(".", ""), Number(exponent)];
}

function positional(digits, exponent) {
  if (exponent < 0) return `0.${"0".repeat(-exponent - 1)}${digits}`;
  const whole = digits.slice(0, exponent + 1).padEnd(exponent + 1, "0");
  return digits.length > exponent + 1 ? `${whole}.${digits.slice(exponent + 1)}` : whole;
}

const scientific = (digits, power) => `${digits[0]}${digits.length > 1 ? "." : ""}${digits.slice(1)}e${power}`;
const minus = (x) => (x < 0 || Object.is(x, -0) ? "−" : "");

function number(x) {
  if (x !== x) return "NaN";
  if (Math.abs(x) === Infinity) return `${minus(x)}∞`;
  if (Number.isInteger(x) && Math.abs(x) < 1e6) return x < 0 ? `−${-x}` : String(x);
  const [all, exponent] = significant(Math.abs(x), DIGITS);
  const digits = all.replace(/0+$/, "");
  if (exponent >= -4 && exponent < DIGITS) return minus(x) + positional(digits, exponent);
  return minus(x) + scientific(digits, `${minus(exponent)}${Math.abs(exponent)}`);
}

const signed = (x) => (x > 0 ? "+" : "") + number(x);

// Every digit that a number has, as Python's repr writes it.
function exact(x) {
  if (x !== x) return "nan";
  if (Math.abs(x) === Infinity) return `${minus(x)}inf`;
  const [mantissa, power] = Math.abs(x).toExponential().split("e");
  const [digits, exponent] = [mantissa.replace(".", ""), Number(power)];
  if (exponent >= -4 && exponent < 16) {
    const text = positional(digits, exponent);
    return minus(x) + text + (text.includes(".") ? "" : ".0");
  }
  const padded = String(Math.abs(exponent)).padStart(2, "0");
  return minus(x) + scientific(digits, `${exponent < 0 ? "−" : "+"}${padded}`);
}

function written(x, form) {
  if (form === "s") return signed(x);
  if (form === "x" || form === "g") return (form === "g" && x > 0 ? "+" : "") + exact(x);
  const text = "dD".includes(form) && x !== x ? "undefined" : number(x);
  return "ND".includes(form) && x < 0 ? `(${text})` : text;
}

// ---- The numbers that show now: Python's, and those of the graph that computes once one of them is changed

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

function fill(text, state, blank = "—") {
  return text.replace(PLACE, (_, form, what, where) => {
    const x = quantity(what, where.split(",").map(Number), state);
    return x === undefined ? blank : written(x, form);
  });
}

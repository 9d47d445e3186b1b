// A field for the number of each leaf: type it, step it with the arrow keys, or drag its name to and fro.

// Of each leaf its index, name and kind, whether its field shows, and whether descent moves it.
const leaves = model.live.leaves.map(([i, name, kind, open, learns]) => ({ i, name, kind, open, learns }));
const nameOfRoot = model.live.root;
const PIXELS = 4; // of a drag, for one step
const fields = new Map(); // by index

function buildFields() {
  for (const leaf of leaves) byId("fields").append(fieldOf(leaf));
  byId("constants").parentElement.hidden = leaves.every((leaf) => leaf.open);
  byId("constants").addEventListener("change", () => {
    for (const leaf of leaves) leaf.row.hidden = !leaf.open && !byId("constants").checked;
  });
  writeTrouble();
}

function fieldOf(leaf) {
  const { i, name, kind } = leaf;
  const input = make("input", "");
  const label = make("label", "scrub", name, " ", make("span", "kind", kind === "leaf" ? "" : kind));
  const problem = make("p", "problem");
  const tick = make("input", "");
  Object.assign(tick, { type: "checkbox", checked: leaf.learns, ariaLabel: `${name} learns` });
  tick.title = "moved by gradient descent";
  tick.addEventListener("change", () => (leaf.learns = tick.checked));
  Object.assign(input, { id: `f-${i}`, type: "text", inputMode: "decimal", autocomplete: "off", spellcheck: false });
  input.setAttribute("aria-describedby", `problem-${i}`);
  input.value = asTyped(graph.values[i]);
  problem.id = `problem-${i}`;
  Object.assign(label, { htmlFor: input.id, title: "Drag to change the number" });
  input.addEventListener("input", () => typed(i, input));
  input.addEventListener("change", () => commit());
  input.addEventListener("keydown", (event) => fieldKey(event, i));
  scrub(label, i);
  fields.set(i, input);
  const learns = make("span", "learns", tick);
  leaf.row = make("div", "field", label, input, constants.has(i) ? "" : learns, problem);
  leaf.row.hidden = !leaf.open;
  return leaf.row;
}

function typed(i, input) {
  const x = readField(input);
  if (x === null) return;
  graph.values[i] = x;
  forgetPath();
  recompute();
}

// Puts the number back in the place of what is none.
function restore(i) {
  const input = fields.get(i);
  tellProblem(input, "");
  input.value = asTyped(graph.values[i]);
}

function fieldKey(event, i) {
  const direction = { ArrowUp: 1, ArrowDown: -1 }[event.key];
  if (event.key === "Escape") return restore(i);
  if (event.key === "Enter") return commit();
  if (!direction || event.ctrlKey || event.metaKey || event.altKey) return;
  event.preventDefault();
  put(i, stepped(graph.values[i], direction * (event.shiftKey ? 10 : 1)));
  commit();
}

function put(i, x) {
  graph.values[i] = x;
  tellProblem(fields.get(i), "");
  fields.get(i).value = asTyped(x);
  forgetPath();
  recompute();
}

function scrub(label, i) {
  let start = null;
  label.addEventListener("pointerdown", (event) => {
    start = { at: event.clientX, x: graph.values[i], moved: false };
    label.setPointerCapture(event.pointerId);
  });
  label.addEventListener("pointermove", (event) => {
    const steps = start ? Math.round((event.clientX - start.at) / PIXELS) : 0;
    if (!start || (!steps && !start.moved)) return;
    start.moved = true;
    put(i, stepped(start.x, steps));
  });
  const end = () => {
    if (start?.moved) commit();
    start = null;
  };
  label.addEventListener("pointerup", end);
  label.addEventListener("pointercancel", end);
}

// Writes the numbers into the fields, but not over what is being typed, nor over what is no number and says so.
function writeFields() {
  for (const [i, input] of fields) {
    if (input.getAttribute("aria-invalid") === "true") continue;
    if (input === document.activeElement && readNumber(input.value).number === graph.values[i]) continue;
    const text = asTyped(graph.values[i]);
    if (input.value !== text) input.value = text;
  }
}

// Of a pinned box: its leaves can be changed.
function leafButtons(box) {
  const [i, ...more] = state.boxes[box].members;
  const own = leaves.find((leaf) => leaf.i === i);
  return own && !more.length ? [button("Change the number", () => focusField(own))] : [];
}

function focusField(leaf) {
  leaf.row.hidden = false;
  fields.get(leaf.i).focus();
  fields.get(leaf.i).select();
}

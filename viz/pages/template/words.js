// The text beside the graph: how the step's number is computed, and all numbers of the pinned box.

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
  const [name, { kind }] = [nameOf(i), state.boxes[i]];
  return make("h2", "", name === kind ? "" : name, " ", make("span", "kind", kind));
}

const equations = (list) => list.map((sides) => equation(sides, false));

// Sides that read alike, as 2 and 2 do in y = 2 = 2, are written once.
function equation(open, signOf) {
  const [left, ...sides] = open.map((side) => fill(side, state)).filter((side, k, all) => side !== all[k - 1]);
  const look = signOf ? sign(sides.at(-1)) : "";
  const lines = sides.flatMap((side) => [" ", make("span", "side", make("span", "sign", "="), " ", side)]);
  lines.at(-1).classList.add("last", ...(look && [look]));
  return make("p", "equation", make("span", "left", left), ...lines);
}

function chainRule({ of, terms, sum, note }) {
  if (!terms.length) return [equation([of, sum], true), make("p", "note", note)];
  if (terms.length === 1) return [equation([of, ...terms[0].slice(0, 2), sum].filter(Boolean), true)];
  const rows = terms.flatMap((term, k) => [" ", row(k ? "+" : "=", ...term)]);
  const left = make("span", "left", fill(of, state));
  return [make("p", "equation", left, ...rows, " ", row("=", "", "", sum, "total"))];
}

const deltaRule = (delta) => (delta.length ? [equation(delta, true)] : []);

function row(operator, ...open) {
  const [symbols, numbers, product, className = ""] = open.map((text) => fill(text, state));
  const factors = make("span", "numbers", numbers, numbers && product ? make("span", "gives", " =") : "");
  const [first, last] = [make("span", "sign", operator), make("span", `product ${sign(product)}`, product)];
  return make("span", `term ${className}`, " ", first, " ", make("span", "symbols", symbols), " ", factors, " ", last);
}

const sign = (text) => (text.startsWith("−") ? "negative" : text.startsWith("+") ? "positive" : "zero");

// Rewrites nothing unchanged: a screen reader would repeat it, and a button inside would lose the focus.
function writePinned() {
  const [computed, differentiated] = [state.step >= state.computed[pinned], state.step >= state.differentiated[pinned]];
  const content = [states.indexOf(state), pinned, computed, differentiated, numbers.version].join();
  const section = byId("pinned");
  if (section.dataset.written === content) return;
  section.dataset.written = content;
  const hint = byId("hint").content.cloneNode(true);
  const parts = pinned === null ? [hint] : pinnedParts(pinned, computed, differentiated);
  section.replaceChildren(...parts);
}

function pinnedParts(i, computed, differentiated) {
  const { forward, backward, delta, members } = state.boxes[i];
  const parts = [make("p", "pass", "Pinned", button("Unpin", unpin)), heading(i), results(i, computed, differentiated)];
  if (computed) parts.push(...equations(forward));
  if (backward && differentiated) {
    parts.push(make("h3", "", "Terms of its gradient"), ...chainRule(backward), ...deltaRule(delta));
  }
  parts.push(...(live?.pinnedParts(i) ?? []));
  if (members.length > 1 && state !== states[0]) parts.push(button("Unfold", () => unfold(i)));
  return parts;
}

function results(i, computed, differentiated) {
  const { results: listed, backward } = state.boxes[i];
  const value = (text) => (computed ? text : "not computed yet");
  const gradient = (text) => (differentiated ? text ?? "" : "not computed yet");
  const titles = backward ? ["name", "value", "gradient"] : ["name", "value"];
  const all = listed.map((x) => [x[0], value(x[1]), gradient(x[2])].slice(0, titles.length));
  const shown = all.map((texts) => texts.map((text) => fill(text, state)));
  if (shown.length > 1) return table([titles.map((title) => th(title, "col")), ...shown.map(tableRow)]);
  const [only] = shown;
  return table(titles.map((title, k) => tableRow([title, only[k]])).slice(only[0] === nameOf(i) ? 1 : 0));
}

const table = (rows) => make("table", "", ...rows.map((cells) => make("tr", "", ...cells)));
const tableRow = ([first, ...rest]) => [th(first, "row"), ...rest.map((text) => make("td", "", text))];
const th = (text, scope) => Object.assign(make("th", "", text), { scope });

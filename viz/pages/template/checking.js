// Compares the gradients of the leaves with finite differences, and lets others drive the page: window.handgrad.

const NEAR = 1e-6; // up to this fraction, a gradient is the slope that finite differences find

async function check() {
  const cells = [];
  const { version } = numbers;
  for (const { i, name } of leaves.filter((leaf) => !constants.has(leaf.i))) {
    const [g, { slope, error }] = [graph.gradients[i], graph.difference(i)];
    const near = Math.abs(g - slope) <= Math.max(NEAR * Math.max(Math.abs(g), 1), 2 * error);
    cells.push([name, signed(g), signed(slope), near ? "agrees" : graph.kinked(i) ? "a kink" : "differs"]);
    await new Promise((done) => setTimeout(done)); // so that the page stays alive
    if (numbers.version !== version) return;
  }
  const agreeing = cells.filter((row) => row[3] === "agrees").length;
  byId("checked").replaceChildren(
    make("p", "", `${agreeing} of ${cells.length} gradients agree with finite differences.`),
    table([["leaf", "gradient", "difference", ""].map((title) => th(title, "col")), ...cells.map(tableRow)]),
  );
}

function forgetCheck() {
  if (byId("checked").childElementCount) byId("checked").replaceChildren();
}

// ---- For scripts: a Value by its name, or by its id in the picture of all Values, "n-…"

function leafOf(name) {
  const found = leaves.filter(({ i }) => name === `n-${i}` || names[i] === name);
  if (found.length === 1) return found[0].i;
  const ids = found.map(({ i }) => `n-${i}`).join(", ");
  throw new Error(found.length ? `several leaves are called ${name}: use one of ${ids}` : `no leaf is called ${name}`);
}

function finiteNumber(x) {
  if (typeof x !== "number" || !Number.isFinite(x)) throw new Error(`${x} is not a finite number`);
  return x;
}

const byNode = (list, without) => Object.fromEntries([...list].map((x, i) => [`n-${i}`, without.has(i) ? null : x]));

const scripting = {
  set(name, x) {
    put(leafOf(String(name)), finiteNumber(x));
    commit();
  },
  values: () => byNode(graph.values, numbers.missing),
  gradients: () => byNode(graph.gradients, numbers.unknown),
  loss: () => (lost() ? null : graph.values[graph.root]),
  step(rate) {
    const problem = descend(learners(), finiteNumber(rate));
    showDescent();
    commit();
    if (problem) throw new Error(untaken(problem));
  },
  undo: () => void undo(),
  reset,
  error: () => [...graph.errors.values()][0] ?? null,
};

function buildLive() {
  buildFields();
  buildLearning();
  buildPractice();
  for (const action of [undo, redo, reset, share, check]) byId(action.name).addEventListener("click", action);
  document.addEventListener("keydown", (event) => {
    if (!(event.ctrlKey || event.metaKey) || event.altKey || event.target.matches(TYPING)) return;
    const action = { z: event.shiftKey ? redo : undo, y: redo }[event.key.toLowerCase()];
    if (!action) return;
    event.preventDefault();
    action();
  });
  window.handgrad = Object.freeze(scripting);
  window.addEventListener("hashchange", readLink);
}

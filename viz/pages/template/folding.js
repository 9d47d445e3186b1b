// Foldings: the same graph with a box for each Value, neuron or layer.

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
  live?.leave();
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
  live?.draw();
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

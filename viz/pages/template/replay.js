// The replay: which step it stands at, what shows there, and playing it like a film.

function go(target) {
  const goal = Math.max(0, Math.min(live?.limit() ?? state.last, target));
  mark(false);
  while (state.step < goal) reveal(++state.step, true);
  while (state.step > goal) reveal(state.step--, false);
  mark(true);
  const { pass, box } = state.steps[goal];
  slider.value = goal;
  slider.setAttribute("aria-valuetext", box === undefined ? pass : `${pass}, ${nameOf(box)}`);
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

// ---- Playing

let ticking; // the timer of the next step

const isPlaying = () => ticking !== undefined;

function play() {
  if (state.step === state.last) go(0);
  ticking = setTimeout(tick, pace());
  showPlaying();
}

function pause() {
  clearTimeout(ticking);
  ticking = undefined;
  showPlaying();
}

function tick() {
  const before = state.step;
  go(before + 1);
  if (state.step === state.last || state.step === before) return pause();
  ticking = setTimeout(tick, pace());
}

const pace = () => SECOND / Number(byId("speed").value); // between two steps

function showPlaying() {
  const word = isPlaying() ? "Pause" : "Play";
  byId("play").textContent = isPlaying() ? "❚❚" : "▶";
  Object.assign(byId("play"), { ariaLabel: word, title: `${word} (Space)` });
}

// Pointing at boxes, pinning them, searching for them.

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
  const words = ({ name, members }) => [fill(name, state), ...members.map((x) => names[x])].map(plain);
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

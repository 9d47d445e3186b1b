// Mouse, fingers, keyboard, buttons.

const TYPING = "input:not(#slider), select, textarea"; // keys are theirs
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
  Escape: () => (isPresenting() ? present(false) : pin(null)),
  " ": () => (isPlaying() ? pause() : play()),
  p: () => present(!isPresenting()),
};
const inGraph = { "+": () => zoom(1.25), "-": () => zoom(0.8), 0: fit };
const toggle = (i) => pin(i === pinned ? null : i);
const onNode = { ArrowUp: (i) => focusNode(i - 1), ArrowDown: (i) => focusNode(i + 1), Enter: toggle, " ": toggle };

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.matches(TYPING)) return;
  if (event.key === " " && event.target.matches("button, summary, a")) return; // Space presses it
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

// ---- For a projector: the graph and one line in large type, and nothing else

const isPresenting = () => document.body.classList.contains("present");

function present(on) {
  document.body.classList.toggle("present", on);
  byId("present").setAttribute("aria-pressed", String(on));
}

const clicks = {
  first: everywhere.Home,
  back: everywhere.ArrowLeft,
  next: everywhere.ArrowRight,
  last: everywhere.End,
  "zoom-in": inGraph["+"],
  "zoom-out": inGraph["-"],
  fit,
  play: everywhere[" "],
  present: everywhere.p,
  theme: () => paint(isDark() ? "light" : "dark"),
};
for (const [id, action] of Object.entries(clicks)) byId(id).addEventListener("click", action);

// The camera: the corner of the picture at the stage's upper left, and pixels per unit

let camera = { x: 0, y: 0, scale: 1 };
let goal = camera; // where it glides to
let drawn; // the folding that it shows
let steered = false; // by hand, since the last fit

function measure() {
  if (state.places) return;
  const { width, height } = state.picture.viewBox.baseVal;
  state.size = { width, height };
  Object.assign(state.picture.style, { width: `${width}px`, height: `${height}px` });
  const { e, f } = state.picture.querySelector(".graph").transform.baseVal.consolidate().matrix;
  state.places = state.nodes.map((node) => {
    const { x, y, width, height } = node.getBBox();
    return { x: x + e, y: y + f, width, height };
  });
}

const picture = (k) => byId(`state-${k}`).content.firstElementChild;
const fitting = ({ width, height }) =>
  Math.min((stage.clientWidth - MARGIN) / width, (stage.clientHeight - MARGIN) / height, 2);

const textSize = (scale) => (12 * scale) / parseFloat(getComputedStyle(document.body).fontSize);

// The finest folding that is legible without zooming; if none is, the one with the largest text.
function legible() {
  const sizes = states.map((_, k) => textSize(fitting(picture(k).viewBox.baseVal)));
  const found = sizes.findIndex((size) => size >= MIN_LEGIBLE);
  return found < 0 ? sizes.indexOf(Math.max(...sizes)) : found;
}

function fit() {
  const { clientWidth: w, clientHeight: h } = stage;
  const { width, height } = state.size;
  const scale = fitting(state.size);
  steered = false;
  glide({ x: (width - w / scale) / 2, y: (height - h / scale) / 2, scale });
}

// The camera follows the replay.
function follow() {
  const { pass, box } = state.steps[state.step];
  if (box !== undefined) return bring([box, ...arrowsOf(state.step).flatMap((k) => state.arrows[k])]);
  if (steered) return;
  fit();
  if (textSize(goal.scale) < MIN_RECOGNISABLE) bring([pass === "Start" ? 0 : state.boxes.length - 1]);
}

function bring(indices) {
  const { clientWidth: w, clientHeight: h } = stage;
  const enough = steered || textSize(goal.scale) >= MIN_LEGIBLE;
  const scale = enough ? goal.scale : (COMFORTABLE * goal.scale) / textSize(goal.scale);
  const [first, all] = [state.places[indices[0]], bounds(indices.map((i) => state.places[i]))];
  const fits = all.width * scale < w - 2 * MARGIN && all.height * scale < h - 2 * MARGIN;
  const { x, y, width, height } = fits ? all : first;
  const along = (corner, size, start, length) => {
    const margin = MARGIN / scale;
    return Math.min(Math.max(corner, start + length + margin - size / scale), start - margin);
  };
  const widening = (1 / goal.scale - 1 / scale) / 2; // about the middle of the stage
  const [left, top] = [goal.x + w * widening, goal.y + h * widening];
  glide({ x: along(left, w, x, width), y: along(top, h, y, height), scale });
}

function bounds(places) {
  const [x, y] = [Math.min(...places.map((p) => p.x)), Math.min(...places.map((p) => p.y))];
  const right = Math.max(...places.map((p) => p.x + p.width));
  const lower = Math.max(...places.map((p) => p.y + p.height));
  return { x, y, width: right - x, height: lower - y };
}

function glide(to) {
  const [from, start] = [camera, performance.now()];
  goal = to;
  if (calm.matches || drawn !== state) return look(to);
  const frame = (now) => {
    if (goal !== to) return;
    const t = Math.min(1, Math.max(0, (now - start) / GLIDE));
    const mix = (key) => from[key] + (to[key] - from[key]) * t * (2 - t);
    look(t < 1 ? { x: mix("x"), y: mix("y"), scale: mix("scale") } : to);
    if (t < 1) requestAnimationFrame(frame);
  };
  requestAnimationFrame(frame);
}

function look(at) {
  [camera, drawn] = [at, state];
  state.picture.style.transform = `scale(${at.scale}) translate(${-at.x}px, ${-at.y}px)`; // needs no new layout
}

function steer(at) {
  steered = true;
  goal = at;
  look(at);
}

function zoom(factor, px = stage.clientWidth / 2, py = stage.clientHeight / 2) {
  const least = Math.min(1, stage.clientWidth / state.size.width / 2, stage.clientHeight / state.size.height / 2);
  const scale = Math.min(MAX_SCALE, Math.max(least, goal.scale * factor));
  const keep = (corner, p) => corner + p / goal.scale - p / scale;
  steer({ x: keep(goal.x, px), y: keep(goal.y, py), scale });
}

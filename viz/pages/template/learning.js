// Gradient descent in the page: a step or a run of them, the loss as a curve, and the path back by a slider.

const MAX_STEPS = 1_000_000;
const SLICE = 12; // milliseconds of steps before the page shows where they lead
const [RATE, STEPS] = ["rate", "steps"].map(byId);
const data = model.live.data ?? undefined; // leaves and the samples to put there; else the graph's own numbers
let path = []; // where the descent has been: { numbers, loss }
let running = false;

const learners = () => leaves.filter((leaf) => leaf.learns).map(({ i }) => i);
function forgetPath() {
  running = false;
  path = [];
  drawCurve();
}

// Takes one step, or none where it leads to no finite number; returns what kept it from being taken.
function descend(parameters, rate) {
  if (!path.length) path.push({ numbers: all(), loss: graph.mean(parameters, data).loss });
  path.length = Number(byId("path").value) + 1; // a step from an earlier place leaves what came after
  let problem = graph.descend(parameters, rate, data) ? "" : "try a smaller rate";
  const { loss, refused } = graph.mean(parameters, data);
  if (refused >= 0) problem = data ? `sample ${refused + 1} is refused` : [...graph.errors.values()][0];
  else if (!Number.isFinite(loss)) problem = "try a smaller rate";
  if (problem) leaves.forEach(({ i }, k) => (graph.values[i] = path.at(-1).numbers[k]));
  else path.push({ numbers: all(), loss });
  graph.compute();
  byId("path").max = path.length - 1;
  byId("path").value = path.length - 1;
  return problem;
}

// Takes steps and lets the page follow; the numbers that they lead to are one step of undo.
async function run(count) {
  const [rate, parameters] = [readField(RATE), learners()];
  tell("");
  if (rate === null || running) return;
  if (!parameters.length) return tell("Tick at least one number that learns.");
  showRunning(true);
  let [taken, problem, since] = [0, "", performance.now()];
  for (; running && taken < count && !problem; taken += problem ? 0 : 1) {
    problem = descend(parameters, rate);
    if (performance.now() - since < SLICE) continue;
    showDescent();
    await new Promise((done) => setTimeout(done));
    since = performance.now();
  }
  showRunning(false);
  showDescent();
  if (problem) tell(untaken(problem));
  commit();
}

const untaken = (problem) => `A step was not taken, because it leads to no finite number: ${problem}.`;

function showDescent() {
  showNumbers();
  drawCurve();
}

function showRunning(on) {
  running = on;
  byId("run").textContent = on ? "Stop" : "Run";
}

function toggleRun() {
  if (running) return void (running = false);
  const count = readField(STEPS);
  if (count === null) return;
  if (Number.isInteger(count) && count >= 1 && count <= MAX_STEPS) run(count);
  else tellProblem(STEPS, `Enter a whole number from 1 to ${MAX_STEPS}.`);
}

function backTo(k) {
  leaves.forEach(({ i }, n) => (graph.values[i] = path[k].numbers[n]));
  graph.compute();
  showDescent();
}

// ---- The curve

const [WIDE, HIGH] = [300, 90];

function drawCurve() {
  const slider = byId("path");
  byId("descent").hidden = path.length < 2;
  slider.max = Math.max(path.length - 1, 0);
  if (path.length < 2) return void (slider.value = 0);
  const losses = path.map(({ loss }) => loss);
  const [most, least] = [Math.max(...losses), Math.min(...losses)];
  const x = (k) => (k / (losses.length - 1)) * WIDE;
  const y = (loss) => HIGH - ((loss - least) / (most - least || 1)) * HIGH;
  byId("line").setAttribute("points", losses.map((loss, k) => `${x(k).toFixed(1)},${y(loss).toFixed(1)}`).join(" "));
  const k = Number(slider.value);
  byId("here").setAttribute("cx", x(k).toFixed(1));
  byId("here").setAttribute("cy", y(losses[k]).toFixed(1));
  const what = data ? `mean ${nameOfRoot} over ${data.samples.length} samples` : nameOfRoot;
  byId("learned").textContent = `Step ${k} of ${losses.length - 1}: ${what} = ${number(losses[k])}`;
  byId("most").textContent = `top ${number(most)}`;
  byId("least").textContent = `bottom ${number(least)}`;
}

function buildLearning() {
  byId("sample").parentElement.hidden = !data;
  data?.samples.forEach((_, k) => byId("sample").append(new Option(`sample ${k + 1}`, k)));
  byId("sample").addEventListener("change", () => {
    graph.put(data.inputs, data.samples[byId("sample").value]);
    recompute();
    commit();
  });
  byId("descend").addEventListener("click", () => run(1));
  byId("run").addEventListener("click", toggleRun);
  byId("path").addEventListener("input", () => backTo(Number(byId("path").value)));
  byId("path").addEventListener("change", () => commit());
  for (const field of [RATE, STEPS]) field.addEventListener("input", () => readField(field));
  byId("learning").addEventListener("toggle", () => document.body.classList.toggle("learning", byId("learning").open));
}

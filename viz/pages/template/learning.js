// Gradient descent in the page: a step or a run of them, the loss as a curve, and the path back by a slider.

const MAX_STEPS = 1_000_000;
const SLICE = 12; // milliseconds of steps before the page shows where they lead
const [RATE, STEPS] = ["rate", "steps"].map(byId);
const { data } = model.live; // leaves and the samples to put there; null: the graph's own numbers are the only one
let path = []; // where the descent has been: { numbers, loss }
let running = false;

const learners = () => leaves.filter((leaf) => leaf.learns).map(({ i }) => i);
const lossOf = (parameters) => graph.mean(parameters, data ?? undefined).loss;

function forgetPath() {
  running = false;
  path = [];
  drawCurve();
}

// Takes one step and returns whether it could be taken.
function descend(parameters, rate) {
  if (!path.length) path.push({ numbers: all(), loss: lossOf(parameters) });
  path.length = Number(byId("path").value) + 1; // a step from an earlier place leaves what came after
  if (!graph.descend(parameters, rate, data ?? undefined)) return false;
  path.push({ numbers: all(), loss: lossOf(parameters) });
  byId("path").max = path.length - 1;
  byId("path").value = path.length - 1;
  return true;
}

// Takes steps and lets the page follow; the numbers that they lead to are one step of undo.
async function run(count) {
  const [rate, parameters] = [readField(RATE), learners()];
  if (rate === null || running) return;
  if (!parameters.length) return tell("Tick at least one number that learns.");
  running = true;
  showRunning();
  let taken = 0;
  for (; running && taken < count; taken += 1) {
    if (!descend(parameters, rate)) break;
    const slice = (run.since ??= performance.now());
    if (performance.now() - slice < SLICE) continue;
    showDescent();
    await new Promise((done) => setTimeout(done));
    run.since = performance.now();
  }
  run.since = undefined;
  const stopped = running && taken < count;
  running = false;
  showDescent();
  showRunning();
  if (stopped) tell(`Step ${taken + 1} was not taken, because it leads to no finite number${troubleOf(parameters)}.`);
  commit();
}

function troubleOf(parameters) {
  const { refused } = graph.mean(parameters, data ?? undefined);
  const [error] = graph.errors.values();
  if (error) return `: ${error}`;
  return refused < 0 ? "; try a smaller rate" : `: sample ${refused + 1} is refused`;
}

function showDescent() {
  showNumbers();
  drawCurve();
}

function showRunning() {
  byId("run").textContent = running ? "Stop" : "Run";
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

// Practice: the numbers are blank, and the reader works them out in the order of the pass. What is typed is compared at
// its digits, and a known mistake is named. Nothing leaves the page.

const MIN_DIGITS = 2; // of an answer, unless it is exact
const ENOUGH = 1e-6; // up to this fraction, an answer is exact
let practice = null; // { pass, asked: the step that is asked for, hints, tries, log }

const practiceLimit = () => (practice ? practice.asked - 1 : undefined);

function startPractice(pass) {
  pause();
  practice = { pass, asked: 0, hints: 0, tries: 0, log: [] };
  askNext(pass === "Backward" ? state.count.Forward : 0);
}

function leavePractice() {
  if (!practice) return;
  practice = null;
  writePractice();
}

function stopPractice() {
  leavePractice();
  go(state.last);
}

// Goes on to the next step with a question; what needs no thought or has no single number is shown.
function askNext(from) {
  const { pass } = practice;
  let asked = from + 1;
  while (asked < state.last && !(state.steps[asked].pass === pass && isQuestion(state.steps[asked]))) asked += 1;
  Object.assign(practice, { asked, hints: 0, tries: 0 });
  go(asked - 1);
  const over = asked >= state.last || state.steps[asked].pass !== pass;
  if (over) practice.asked = state.last + 1;
  writePractice(over);
}

function isQuestion({ pass, box }) {
  const { outputs, backward } = state.boxes[box];
  if (outputs.length !== 1 || answerOf(pass, outputs[0]) === undefined) return false;
  return pass === "Forward" || backward.terms.length > 0;
}

const answerOf = (pass, z) => quantity(pass === "Forward" ? "v" : "g", [z], state);

function asked() {
  const { pass, box } = state.steps[practice.asked];
  const { outputs, backward, forward } = state.boxes[box];
  const z = outputs[0];
  const symbol = pass === "Forward" ? forward.at(-1)[0] : backward.of;
  return { pass, box, z, backward, forward: forward.at(-1), symbol: fill(symbol, state), right: answerOf(pass, z) };
}

function answer() {
  const field = byId("answer");
  const { number: x, half, digits, problem = "" } = readNumber(field.value);
  tellProblem(field, problem);
  if (problem) return;
  const { right } = asked();
  const exactly = (y) => Math.abs(x - y) <= ENOUGH * Math.abs(y);
  const nearly = (y) => exactly(y) || Math.abs(x - y) <= half * (1 + RTOL);
  const agrees = digits < MIN_DIGITS ? exactly : nearly;
  if (!agrees(right) && nearly(right)) return say(`Right so far: give at least ${MIN_DIGITS} digits.`, "");
  practice.tries += 1;
  if (!agrees(right)) return say(mistake(agrees, right), "wrong");
  const { hints, tries } = practice;
  goOn(hints ? "with a hint" : tries > 1 ? `at try ${tries}` : "at once", " is right");
}

function goOn(how, verdict) {
  const { symbol, right } = asked();
  practice.log.push({ symbol, right, how });
  say(`${symbol} = ${written(right, "s")}${verdict}.`, verdict ? "right" : "");
  askNext(practice.asked);
}

// ---- Known mistakes: what a wrong number would be, had it been made

function mistake(agrees, right) {
  const known = asked().pass === "Forward" ? forwardMistakes() : backwardMistakes();
  const all = [[-right, "The sign is the opposite."], ...known];
  const found = all.find(([y]) => y !== false && y !== right && agrees(y));
  return found ? found[1] : "Not yet. Try again, or ask for a hint.";
}

function forwardMistakes() {
  const { z } = asked();
  return graph.numbers(z).map((x) => [x, "That is an operand itself: the operation is missing."]);
}

function backwardMistakes() {
  const { box, right } = asked();
  const terms = state.leaving[box].map((k) => {
    const head = state.boxes[state.arrows[k][1]];
    const g = numbers.gradients[head.outputs.at(-1)];
    const [p, product] = [flowing(state).derivatives[k], state.flows[k][0]];
    return { p, g, product, name: fill(head.name, state) };
  });
  const instead = (term, y) => right - term.product + y;
  const several = terms.length > 1;
  const sum = "the gradient is a sum over all arrows that leave the box.";
  const known = terms.flatMap((term) => {
    const { p, g, product, name } = term;
    const of = several ? ` in the term through ${name}` : "";
    return [
      [instead(term, p), `That is the local derivative alone${of}: the gradient of ${name} is missing as a factor.`],
      [instead(term, g), `The local derivative is missing as a factor${of}.`],
      [several && instead(term, 0), `The term through ${name} is missing: ${sum}`],
      [several && product, `That is the term through ${name} alone: ${sum}`],
      [several && instead(term, -product), `The sign of the term through ${name} is the opposite.`],
    ];
  });
  return [...known, [2 * right, "There is a factor 2 too much."], [right / 2, "A factor 2 is missing."]];
}

// ---- What shows

const say = (text, look) => Object.assign(byId("said"), { textContent: text, className: look });

function writePractice(over = false) {
  byId("asking").hidden = !practice || over;
  byId("starting").hidden = Boolean(practice);
  byId("ending").hidden = !practice;
  byId("summary").hidden = !practice || !practice.log.length;
  document.body.classList.toggle("practising", Boolean(practice));
  byId("hinted").replaceChildren();
  if (!practice) return say("", "");
  byId("summary-text").value = summary();
  if (over) return say("That was the last one.", "right");
  byId("question").textContent = `${asked().symbol} =`;
  byId("answer").value = "";
  tellProblem(byId("answer"), "");
  if (byId("practice").open) byId("answer").focus({ preventScroll: true });
}

// First the chain rule with blanks for the numbers, then with the numbers.
function hint() {
  practice.hints += 1;
  const { pass, backward, forward } = asked();
  const open = (text) => (practice.hints > 1 ? text : text.replace(PLACE, "▢"));
  if (pass === "Forward") {
    const [left, symbols, factors = ""] = forward.slice(0, -1);
    return byId("hinted").replaceChildren(equation([left, symbols, open(factors), "?"].filter(Boolean), false));
  }
  const terms = backward.terms.map(([symbols, factors]) => [symbols, open(factors), ""]);
  byId("hinted").replaceChildren(...chainRule({ ...backward, terms, sum: "?" }));
}

function summary() {
  const { log, pass } = practice;
  const count = (how) => log.filter((entry) => entry.how === how).length;
  const [form, what] = pass === "Forward" ? ["n", "values"] : ["s", "gradients"];
  const lines = log.map(({ symbol, right, how }) => `${symbol} = ${written(right, form)}: ${how}`);
  return [`Practice on ${nameOfRoot}: ${log.length} ${what}, ${count("at once")} right at once`, ...lines].join("\n");
}

function buildPractice() {
  byId("answer").addEventListener("keydown", (event) => event.key === "Enter" && answer());
  const clicks = {
    "ask-gradients": () => startPractice("Backward"),
    "ask-values": () => startPractice("Forward"),
    "answer-button": answer,
    "hint-button": hint,
    "show-answer": () => goOn("shown", ""),
    "stop-practice": stopPractice,
    "copy-summary": () => copy(byId("summary-text").value, "The summary is copied.", "Copy the summary from its box."),
  };
  for (const [id, action] of Object.entries(clicks)) byId(id).addEventListener("click", action);
}

// Undo, redo, reset; and the numbers in the address of the page, so that a link leads to them: #w=name:number,…

const MAX_LINK = 1_000_000; // characters
const REST = 300; // milliseconds without a change before the address is written
const all = () => leaves.map(({ i }) => graph.values[i]);
const original = model.live ? leaves.map(({ i }) => numbers.values[i]) : [];
let past = [original];
let future = [];
let resting;

// Keeps the present numbers as one step of undo.
function commit() {
  const present = all();
  if (equal(present, past.at(-1))) return;
  past.push(present);
  future = [];
  afterCommit();
}

function afterCommit() {
  byId("undo").setAttribute("aria-disabled", String(past.length === 1));
  byId("redo").setAttribute("aria-disabled", String(!future.length));
  byId("reset").setAttribute("aria-disabled", String(equal(past.at(-1), original)));
  clearTimeout(resting);
  resting = setTimeout(() => history.replaceState(null, "", link()), REST);
}

const equal = (xs, ys) => xs.every((x, k) => Object.is(x, ys[k]));

function putAll(list) {
  leaves.forEach(({ i }, k) => (graph.values[i] = list[k]));
  for (const { i } of leaves) restore(i);
  forgetPath();
  recompute();
}

const undo = () => past.length > 1 && travel(future, past);
const redo = () => future.length && travel(past, future);

function travel(to, from) {
  to.push(from.pop());
  putAll(past.at(-1));
  afterCommit();
}

function reset() {
  putAll(original);
  commit();
}

// ---- The link

const namesakes = ({ i }) => leaves.filter((leaf) => names[leaf.i] === names[i]);
const key = (leaf) => (names[leaf.i] && namesakes(leaf).length === 1 ? names[leaf.i] : `n-${leaf.i}`);

function link() {
  const moved = leaves.filter(({ i }, k) => !Object.is(graph.values[i], original[k]));
  const pairs = moved.map((leaf) => `${encodeURIComponent(key(leaf))}:${graph.values[leaf.i]}`);
  return location.href.split("#")[0] + (pairs.length ? `#w=${pairs.join(",")}` : "");
}

// Takes the numbers of the address, all of them or, where one is not right, none.
function readLink() {
  if (!location.hash.startsWith("#w=")) return;
  const found = numbersOf(location.hash.slice(3));
  if (found.problem) return tell(`The numbers in the link were ignored: ${found.problem}`);
  putAll(leaves.map(({ i }, k) => found.get(i) ?? original[k]));
  commit();
}

function numbersOf(text) {
  if (text.length > MAX_LINK) return { problem: "it is too long." };
  const byKey = new Map(leaves.flatMap((leaf) => [[`n-${leaf.i}`, leaf.i], [key(leaf), leaf.i]]));
  const found = new Map();
  for (const pair of text.split(",").filter(Boolean)) {
    const [name, ...rest] = pair.split(":").map(unescaped);
    if (!byKey.has(name)) return { problem: `no number of this graph is called “${shortened(name)}”.` };
    const { number, problem } = readNumber(rest.join(":"));
    if (problem) return { problem };
    found.set(byKey.get(name), number);
  }
  return found;
}

function unescaped(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

async function share() {
  clearTimeout(resting);
  history.replaceState(null, "", link());
  await copy(location.href, "The link is copied.", "The address of this page is the link.");
}

async function copy(text, done, failed) {
  try {
    await navigator.clipboard.writeText(text);
    tell(done);
  } catch {
    tell(failed); // the browser lets no page write to the clipboard
  }
}

const tell = (text) => (byId("told").textContent = text);

// A graph that computes: values forward, gradients backward by the chain rule, as autograd/backward.py does.
//
// `rows` is the table of operations in JavaScript (viz/pages/javascript.py). A graph has its nodes in topological order,
// the root last: `operations` are names of rows, a node is [the index of its operation, its operands …], and [] if it is
// a leaf, `data` are the numbers of the leaves, null for the other nodes, `constants` the indices of those leaves that
// have no gradient, and `names` what errors call the nodes, "" for one without a name.
//
// What Python refuses has no number: its error stands in `errors` under the node's index, and what depends on it is NaN
// and `missing`. As in Python, only the chosen side of a where counts.
//
// Letters: z a node's result, xs its operands, g an adjoint, p a local derivative; i, j indices of nodes.

class Graph {
  constructor({ operations, nodes, data, constants, names }) {
    this.operations = nodes.map(([k]) => operations[k]); // undefined for a leaf
    this.operands = nodes.map(([, ...operands]) => operands);
    this.names = names;
    this.constants = new Set(constants);
    this.values = Float64Array.from(data); // null is 0, and computed below
    this.gradients = new Float64Array(nodes.length);
    this.partials = nodes.map(() => []); // of each node, with respect to its operands
    this.root = nodes.length - 1;
    this.compute();
  }

  isLeaf(i) {
    return this.operations[i] === undefined;
  }

  row(i) {
    return rows[this.operations[i]];
  }

  // Computes every value and every gradient of the root.
  compute() {
    this.errors = new Map();
    this.missing = new Set(); // nodes without a value
    this.unknown = new Set(); // nodes without a gradient
    this.forward();
    this.backward();
  }

  forward() {
    for (const [i, operands] of this.operands.entries()) {
      if (this.isLeaf(i)) continue;
      this.values[i] = NaN;
      if (operands.some((j, k) => this.missing.has(j) && this.counts(i, k))) this.missing.add(i);
      else if (!this.attempt(i, "", () => (this.values[i] = this.row(i).rule(...this.numbers(i))))) this.missing.add(i);
    }
  }

  backward() {
    const lost = this.missing.has(this.root);
    const reached = new Set(lost ? [] : [this.root]);
    this.gradients.fill(lost ? NaN : 0);
    if (!lost) this.gradients[this.root] = 1;
    for (let i = this.root; i >= 0; i -= 1) {
      if (this.isLeaf(i)) continue;
      const wanted = this.operands[i].map((j, k) => !this.constants.has(j) && this.receives(i, k));
      const differentiate = () => (this.partials[i] = this.localDerivatives(i, wanted));
      this.partials[i] = wanted.map(() => NaN);
      if (!reached.has(i)) {
        if (!this.missing.has(i)) this.attempt(i, null, differentiate); // to be shown on the arrows
        continue;
      }
      const known = !this.unknown.has(i) && this.attempt(i, "the derivative of ", differentiate);
      this.operands[i].forEach((j, k) => {
        if (!wanted[k]) return;
        reached.add(j);
        if (!known) this.unknown.add(j);
        this.gradients[j] += known ? this.gradients[i] * this.partials[i][k] : NaN;
      });
    }
  }

  // Whether an operand counts: of a where only the condition and the side that it chooses.
  counts(i, k) {
    if (!this.row(i).chooses || k === 0) return true;
    const condition = this.values[this.operands[i][0]];
    return condition !== condition || k === (condition !== 0 ? 1 : 2);
  }

  // Whether an operand gets a part of the gradient: a condition gets none.
  receives(i, k) {
    return this.counts(i, k) && !(this.row(i).chooses && k === 0);
  }

  localDerivatives(i, wanted) {
    const { partials } = this.row(i);
    const [z, xs] = [this.values[i], this.numbers(i)];
    if (typeof partials === "function") return partials(z, ...xs);
    return partials.map((p, k) => (!wanted[k] ? 0 : typeof p === "function" ? p(z, ...xs) : p));
  }

  numbers(i) {
    return this.operands[i].map((j) => this.values[j]);
  }

  // Does what may be refused, and returns whether it was done; notes the error, unless `what` is null.
  attempt(i, what, action) {
    try {
      action();
      return true;
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      if (what === null) return false;
      const name = this.operations[i];
      const operands = this.operands[i].map((j) => (this.names[j] ? `${this.names[j]} = ` : "") + this.values[j]);
      const reason = error.message || `${name} needs ${rows[name].domain ?? "other numbers"}`;
      this.errors.set(i, `${what}${name}(${operands.join(", ")}): ${reason}`);
      return false;
    }
  }

  // ---- Learning: samples are rows of numbers for the leaves `inputs`; without any, the graph's own numbers are the one

  put(leaves, numbers) {
    leaves.forEach((i, k) => (this.values[i] = numbers[k]));
  }

  // The mean over the samples of the root, and of its derivatives with respect to some leaves; `refused` is the first
  // sample in which one of them has no number, or −1. The inputs are put back.
  mean(parameters, { inputs = [], samples = [[]] } = {}) {
    const before = inputs.map((i) => this.values[i]);
    const total = { loss: 0, slopes: parameters.map(() => 0) };
    const refusals = samples.map((sample) => {
      this.put(inputs, sample);
      this.compute();
      total.loss += this.values[this.root] / samples.length;
      parameters.forEach((i, k) => (total.slopes[k] += this.gradients[i] / samples.length));
      return this.missing.has(this.root) || parameters.some((i) => this.unknown.has(i));
    });
    this.put(inputs, before);
    this.compute();
    return { ...total, refused: refusals.findIndex(Boolean) };
  }

  // One step of gradient descent, taken whole or, where it meets a number that is not finite, not at all.
  descend(parameters, rate, data) {
    const before = parameters.map((i) => this.values[i]);
    const { slopes } = this.mean(parameters, data);
    const after = before.map((x, k) => x - rate * slopes[k]);
    if (!after.every(Number.isFinite)) return false;
    this.put(parameters, after);
    this.compute();
    return true;
  }

  // Whether the root has a kink along a leaf: its slopes to the right and to the left stay apart in shorter steps.
  kinked(leaf) {
    const x = this.values[leaf];
    const at = (moved) => {
      this.values[leaf] = moved;
      this.forward();
      return this.values[this.root];
    };
    const middle = at(x);
    const apart = (h) => Math.abs((at(x + h) - middle) / h - (middle - at(x - h)) / h);
    const [far, near] = [1e-4, 1e-6].map((h) => apart(h * Math.max(1, Math.abs(x))));
    at(x);
    this.compute();
    return near > far / 2 && near > 1e-6;
  }

  // The slope of the root along one leaf by finite differences, and how far it may be off: central differences over
  // shorter and shorter steps, extrapolated to none (Ridders 1982).
  difference(leaf) {
    const x = this.values[leaf];
    const at = (moved) => {
      this.values[leaf] = moved;
      this.forward();
      return this.missing.has(this.root) ? NaN : this.values[this.root];
    };
    let best = { slope: NaN, error: Infinity };
    let before = [];
    for (let h = 0.1 * Math.max(1, Math.abs(x)), k = 0; k < 14; h /= 4, k += 1) {
      const [right, left] = [x + h, x - h];
      const row = [(at(right) - at(left)) / (right - left)];
      const rounding = (Number.EPSILON * Math.abs(this.values[this.root])) / h;
      for (const [m, earlier] of before.slice(0, 6).entries()) {
        row.push(row[m] + (row[m] - earlier) / (16 ** (m + 1) - 1));
        const error = Math.max(Math.abs(row[m + 1] - row[m]), Math.abs(row[m + 1] - earlier)) + rounding;
        if (error < best.error) best = { slope: row[m + 1], error };
      }
      before = row;
    }
    at(x);
    this.compute();
    return best;
  }
}

// Numbers as text, exactly as viz/text/labels.py writes them, in the forms of viz/pages/places.py.

const DIGITS = 4;

// The digits of a positive number, rounded as Python rounds, halves to even, and the exponent of the first.
function significant(x, count) {
  let [digits, exponent] = x.toExponential(count - 1).split("e");
  const longer = x.toExponential(count);
  if (longer.split("e")[0].endsWith("5") && Number(longer) === x) {
    const [all, first] = x.toExponential(60).split("e"); // where it is exact, a half shows
    const kept = all.slice(0, digits.length);
    if (/^50*$/.test(all.slice(digits.length)) && "02468".includes(kept.at(-1))) [digits, exponent] = [kept, first];
  }
  return [digits.replace(".", ""), Number(exponent)];
}

function positional(digits, exponent) {
  if (exponent < 0) return `0.${"0".repeat(-exponent - 1)}${digits}`;
  const whole = digits.slice(0, exponent + 1).padEnd(exponent + 1, "0");
  return digits.length > exponent + 1 ? `${whole}.${digits.slice(exponent + 1)}` : whole;
}

const scientific = (digits, power) => `${digits[0]}${digits.length > 1 ? "." : ""}${digits.slice(1)}e${power}`;
const minus = (x) => (x < 0 || Object.is(x, -0) ? "−" : "");

function number(x) {
  if (x !== x) return "NaN";
  if (Math.abs(x) === Infinity) return `${minus(x)}∞`;
  if (Number.isInteger(x) && Math.abs(x) < 1e6) return x < 0 ? `−${-x}` : String(x);
  const [all, exponent] = significant(Math.abs(x), DIGITS);
  const digits = all.replace(/0+$/, "");
  if (exponent >= -4 && exponent < DIGITS) return minus(x) + positional(digits, exponent);
  return minus(x) + scientific(digits, `${minus(exponent)}${Math.abs(exponent)}`);
}

const signed = (x) => (x > 0 ? "+" : "") + number(x);

// Every digit that a number has, as Python's repr writes it.
function exact(x) {
  if (x !== x) return "nan";
  if (Math.abs(x) === Infinity) return `${minus(x)}inf`;
  const [mantissa, power] = Math.abs(x).toExponential().split("e");
  const [digits, exponent] = [mantissa.replace(".", ""), Number(power)];
  if (exponent >= -4 && exponent < 16) {
    const text = positional(digits, exponent);
    return minus(x) + text + (text.includes(".") ? "" : ".0");
  }
  const padded = String(Math.abs(exponent)).padStart(2, "0");
  return minus(x) + scientific(digits, `${exponent < 0 ? "−" : "+"}${padded}`);
}

function written(x, form) {
  if (form === "s") return signed(x);
  if (form === "x" || form === "g") return (form === "g" && x > 0 ? "+" : "") + exact(x);
  const text = "dD".includes(form) && x !== x ? "undefined" : number(x);
  return "ND".includes(form) && x < 0 ? `(${text})` : text;
}

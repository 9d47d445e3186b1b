// Reads a number as people write it: with a comma or a point, a true minus or a hyphen; as precise as its last digit.

const NUMBER = /^[+-]?(\d+[.,]?\d*|[.,]\d+)(e[+-]?\d+)?$/i;

// Returns the number, half a unit of its last digit and how many digits it has; or what is wrong with the text.
function readNumber(text) {
  const plain = text.trim().replace(/[−–]/g, "-");
  if (!plain) return { problem: "Enter a number, such as −0.5." };
  if (!NUMBER.test(plain)) return { problem: `“${shortened(plain)}” is no number: enter one, such as −0.5.` };
  if (/^[+-]?[1-9]\d{0,2},\d{3}$/.test(plain)) {
    return { problem: `${plain} may be ${plain.replace(",", "")} or ${plain.replace(",", ".")}: enter one of these.` };
  }
  const [mantissa, power = "0"] = plain.replace(",", ".").toLowerCase().split("e");
  const number = Number(`${mantissa}e${power}`);
  const digits = mantissa.replace(/^[+-]?0*\.?0*|\./g, "").length;
  if (!Number.isFinite(number)) return { problem: `${shortened(plain)} is beyond the largest number, 1.8e308.` };
  if (number === 0 && digits) return { problem: `${shortened(plain)} is too small: the smallest number is 5e−324.` };
  const decimals = mantissa.split(".")[1]?.length ?? 0;
  return { number, half: 0.5 * 10 ** (Number(power) - decimals), digits };
}

const shortened = (text) => (text.length > 24 ? `${text.slice(0, 23)}…` : text);

// Shows beside a field what is wrong with its text; returns the number that it holds, or null.
function readField(field) {
  const { number = null, problem = "" } = readNumber(field.value);
  tellProblem(field, problem);
  return number;
}

function tellProblem(field, problem) {
  const place = byId(field.getAttribute("aria-describedby"));
  if (place.textContent !== problem) place.textContent = problem;
  field.setAttribute("aria-invalid", String(problem !== ""));
}

// A number as a field shows it: all its digits, with a true minus.
const asTyped = (x) => String(x).replaceAll("-", "−");

// Steps of a field by the arrow keys or by dragging: a tenth of the number's size, a power of ten.
function stepped(x, steps) {
  const size = x === 0 ? 0.1 : 10 ** Math.min(300, Math.max(-300, Math.floor(Math.log10(Math.abs(x))) - 1));
  const moved = Number((x + steps * size).toPrecision(12));
  return Number.isFinite(moved) ? moved : x;
}

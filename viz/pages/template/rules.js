// The float rules of the table of operations: for each row a function of its name, as in autograd/rules, which gives
// the same number to twelve digits, and refuses what Python refuses. The local derivatives are not here, but for those of
// the rows of any number of operands: viz/pages/javascript.py traces them from the table, and writes into a page what
// its graph needs of all this, with the constants in capitals, which are those of autograd/rules.
//
// Every declaration begins at the start of a line, after an empty line or a comment.
//
// Letters: x, y operands; z result; c a condition or a factor.

class Refused extends Error {}

function refuse(reason = "") {
  throw new Refused(reason);
}

// What Python calls an overflow: an infinite result of finite operands.
function finite(z, ...xs) {
  return Number.isFinite(z) || z !== z || !xs.every(Number.isFinite) ? z : refuse("the result is beyond the largest float, 1.8e308");
}

// ---- Arithmetic

function add(x, y) {
  return x + y;
}

function sub(x, y) {
  return x - y;
}

function mul(x, y) {
  return x * y;
}

function div(x, y) {
  return y === 0 ? refuse() : x / y;
}

// As Python divides: by steps from the remainder, because x / y may round up to the next whole number.
function floordiv(x, y) {
  if (y === 0) refuse();
  const rest = x % y;
  const quotient = (x - rest) / y - (rest !== 0 && y < 0 !== rest < 0 ? 1 : 0);
  if (quotient === 0) return copysign(0, x / y);
  const whole = Math.floor(quotient);
  return quotient - whole > 0.5 ? whole + 1 : whole;
}

function mod(x, y) {
  if (y === 0) refuse();
  const rest = x % y;
  return rest === 0 ? copysign(0, y) : y < 0 !== rest < 0 ? rest + y : rest;
}

function fmod(x, y) {
  return (Math.abs(x) === Infinity && y === y) || (y === 0 && x === x) ? refuse() : x % y;
}

function neg(x) {
  return -x;
}

function identity(x) {
  return x;
}

function abs(x) {
  return Math.abs(x);
}

function sign(x) {
  return Math.sign(x);
}

function copysign(x, y) {
  return y < 0 || Object.is(y, -0) ? -Math.abs(x) : Math.abs(x);
}

function square(x) {
  return x * x;
}

function reciprocal(x) {
  return div(1, x);
}

// ---- Powers, and the plane, where x² + y² may overflow or underflow on the way

// x ** y, which JavaScript gives no number where x is ±1 and y is not finite.
function raised(x, y) {
  return x === 1 || (x === -1 && Math.abs(y) === Infinity) ? 1 : x ** y;
}

function pow(x, y) {
  if (x === 0 && y < 0 && y > -Infinity) refuse();
  if (x < 0 && x > -Infinity && Number.isFinite(y) && !Number.isInteger(y)) refuse();
  return finite(raised(x, y), x, y);
}

// c · x ** y, also where x ** y alone is beyond the floats, or too small to have all its digits.
function times_power(c, x, y) {
  const z = Math.abs(c) < 1 && x !== 0 && (x > 0 || Number.isInteger(y)) ? raised(x, y) : pow(x, y);
  if ((MIN_PRECISE < Math.abs(z) && Math.abs(z) < Infinity) || z !== z) return c * z;
  const half = copysign(finite(Math.abs(x) ** (0.5 * y), x, y), z);
  return half !== 0 || Math.abs(c) !== Infinity ? c * Math.abs(half) * half : copysign(half, c);
}

function power_slope(c, x, y) {
  if (c === 0) return 0;
  const less = y - 1;
  const slope = times_power(c, x, less);
  const shift = less - y;
  const lost = y - (less - shift) - (1 + shift);
  return lost !== 0 && x > 0 && x < Infinity && Number.isFinite(slope * lost) ? slope + slope * (lost * Math.log(x)) : slope;
}

function power_log(x, y) {
  if (x !== 0) return times_power(log(x), x, y);
  return y === 0 ? refuse("the derivative of 0 ** y at y = 0 is infinite") : 0 * pow(x, y);
}

function ldexp(x, e) {
  const half = Math.trunc(e / 2);
  return Math.abs(e) < 900 ? finite(x * 2 ** e, x) : ldexp(ldexp(x, half), e - half);
}

// The exponent of a power of two near the larger of two numbers.
function exponent(x, y) {
  const largest = Math.max(Math.abs(x), Math.abs(y));
  return largest > 0 && largest < Infinity ? Math.floor(Math.log2(largest)) + 1 : 0;
}

// x, seen from so far that what is finite is 0.
function at_infinity(x) {
  return Math.abs(x) === Infinity ? Math.sign(x) : 0 * x;
}

function direction(x, y) {
  if (Math.abs(x) === Infinity || Math.abs(y) === Infinity) [x, y] = [at_infinity(x), at_infinity(y)];
  const e = exponent(x, y);
  [x, y] = [ldexp(x, -e), ldexp(y, -e)];
  return x !== 0 || y !== 0 ? x / Math.hypot(x, y) : 0;
}

function inversion(x, y) {
  if (Math.abs(x) === Infinity || Math.abs(y) === Infinity) return 0 * (at_infinity(x) + at_infinity(y));
  const e = exponent(x, y);
  const [a, b] = [ldexp(x, -e), ldexp(y, -e)];
  return ldexp(div(ldexp(x, 600 - e), a * a + b * b), -600 - e);
}

function hypot(x, y) {
  return Math.hypot(x, y);
}

// ---- Exponentials, logarithms and roots

function exp(x) {
  return finite(Math.exp(x), x);
}

function exp2(x) {
  return finite(2 ** x, x);
}

function expm1(x) {
  return finite(Math.expm1(x), x);
}

function log(x) {
  return x <= 0 ? refuse() : Math.log(x);
}

function log2(x) {
  return x <= 0 ? refuse() : Math.log2(x);
}

function log10(x) {
  return x <= 0 ? refuse() : Math.log10(x);
}

function log1p(x) {
  return x <= -1 ? refuse() : Math.log1p(x);
}

function sqrt(x) {
  return x < 0 ? refuse() : Math.sqrt(x);
}

function cbrt(x) {
  return Math.cbrt(x);
}

function logaddexp(x, y) {
  if (x === y) return x + LN2;
  return x < y || x > y ? Math.max(x, y) + Math.log1p(Math.exp(-Math.abs(x - y))) : x + y;
}

function softmax_share(x, y) {
  if (x === y) return 0.5;
  const d = x - y;
  const part = sigmoid(d);
  if (!(Math.abs(d) < 1e3)) return part;
  const v = d - x;
  return part + part * (1 - part) * (x - (d - v) - (y + v));
}

// ---- Trigonometry and its hyperbolic kin

function sin(x) {
  return Math.abs(x) === Infinity ? refuse() : Math.sin(x);
}

function cos(x) {
  return Math.abs(x) === Infinity ? refuse() : Math.cos(x);
}

function tan(x) {
  return Math.abs(x) === Infinity ? refuse() : Math.tan(x);
}

function asin(x) {
  return Math.abs(x) > 1 ? refuse() : Math.asin(x);
}

function acos(x) {
  return Math.abs(x) > 1 ? refuse() : Math.acos(x);
}

function atan(x) {
  return Math.atan(x);
}

function atan2(x, y) {
  return Math.atan2(x, y);
}

function sinh(x) {
  return finite(Math.sinh(x), x);
}

function cosh(x) {
  return finite(Math.cosh(x), x);
}

function tanh(x) {
  return Math.tanh(x);
}

function sech_squared(x) {
  const e = Math.exp(-2 * Math.abs(x));
  return (4 * e) / ((1 + e) * (1 + e));
}

function asinh(x) {
  return Math.asinh(x);
}

function acosh(x) {
  return x < 1 ? refuse() : Math.acosh(x);
}

function atanh(x) {
  return Math.abs(x) >= 1 ? refuse() : Math.atanh(x);
}

function degrees(x) {
  return x * (180 / Math.PI);
}

function radians(x) {
  return x * (Math.PI / 180);
}

function sin_pi(x) {
  let r = x % 2;
  if (Math.abs(r) > 1) r -= 2 * Math.sign(r);
  return Math.sin(Math.PI * (Math.abs(r) <= 0.5 ? r : Math.sign(r) - r));
}

function cos_pi(x) {
  return sin_pi(0.5 - Math.abs(x % 2));
}

function sinc(x) {
  if (Math.abs(x) === Infinity) refuse();
  return x === 0 ? 1 : sin_pi(x) / (Math.PI * x);
}

function spherical_bessel(x, n) {
  if (!(n >= 0)) return 0 * n * x;
  if (n > 1000 || n !== Math.trunc(n)) refuse();
  const t = Math.PI * x;
  if (Math.abs(t) < n + 1.5) {
    let series = 1;
    for (let k = 20 + Math.trunc(n); k > 0; k -= 1) series = 1 - (t * t * series) / (2 * k * (2 * (n + k) + 1));
    for (let k = 1; k <= n; k += 1) series *= t / (2 * k + 1);
    return series;
  }
  let [before, here] = [cos_pi(x) / Math.PI / x, sinc(x)];
  for (let k = 0; k < Math.trunc(n); k += 1) [before, here] = [here, ((2 * k + 1) * here) / Math.PI / x - before];
  return here;
}

// ---- The normal distribution

// c₀ + c₁t + c₂t² + …
function polynomial(coefficients, t) {
  return coefficients.reduceRight((total, c) => c + t * total, 0);
}

// y · exp(−scale · x²), with the rounding error of x² put back.
function bell(x, y, scale) {
  if (Math.abs(x) > 54) return y === y ? 0 : y;
  const product = x * x;
  const rest = 1 - scale * product_error(x, x);
  const square = scale * product;
  if (square <= 700) return y * Math.exp(-square) * rest;
  return y * Math.exp(-700) * rest * Math.exp(700 - square);
}

// The rounding error of x · y, exactly (Dekker 1971).
function product_error(x, y) {
  const head = (v) => 134217729 * v - (134217729 * v - v);
  const [x_hi, y_hi] = [head(x), head(y)];
  const [x_lo, y_lo] = [x - x_hi, y - y_hi];
  return x_hi * y_hi - x * y + x_hi * y_lo + x_lo * y_hi + x_lo * y_lo;
}

// e^(x²/2) · Φ(−x) for x ≥ 0.
function tail(x) {
  return polynomial(TAIL, (x - 5.25) / (x + 5.25)) / (x + 0.875);
}

function gaussian(x, y) {
  return bell(x, y, 1);
}

function normal_pdf(x, y) {
  return bell(x, INVERSE_SQRT_2PI * y, 0.5);
}

function erfc(x) {
  const size = Math.min(Math.abs(x), 64);
  const z = bell(size, 2 * tail(Math.SQRT2 * size), 1);
  return x < 0 ? 2 - z : z;
}

function erf(x) {
  const size = Math.min(Math.abs(x), 64);
  return copysign(size < 0.5 ? size * polynomial(ERF, size * size) : 1 - erfc(size), x);
}

function normal_cdf(x) {
  const size = Math.min(Math.abs(x), 64);
  const z = bell(size, tail(size), 0.5);
  return x > 0 ? 1 - z : z;
}

// 1 − 1/x² + 3/x⁴ − … (Abramowitz and Stegun 1964, 26.2.12).
function mills_series(x) {
  let series = 1;
  for (let k = 13; k > 0; k -= 2) series = 1 - (k * series) / x / x;
  return series;
}

function log_normal_cdf(x) {
  if (x >= 0) return Math.log1p(-normal_cdf(-x));
  if (x > -37) return Math.log(normal_cdf(x));
  return x === x ? -0.5 * x * x - (LOG_SQRT_2PI + Math.log(-x)) + Math.log(mills_series(x)) : x;
}

function inverse_mills(x) {
  return x > -37 ? bell(x, INVERSE_SQRT_2PI, 0.5) / normal_cdf(x) : -x / mills_series(x);
}

function inverse_mills_slope(x) {
  if (x > -1 || x !== x) return -bell(x, INVERSE_SQRT_2PI * (x + inverse_mills(x)), 0.5) / normal_cdf(x);
  const t = Math.min(-x, 1e100);
  const terms = 10 + Math.trunc(400 / (t * t));
  let below = 0.5 * (t + Math.sqrt(t * t + 4 * terms));
  for (let k = terms - 1; k > 1; k -= 1) below = t + k / below;
  return -(t + 1 / below) / below;
}

// The z of which x = erf(z), for 0 ≤ x < 1, and how much too large it is: Winitzki's (2008), by Halley's steps.
function erfinv_and_error(x) {
  const rest = 1 - x;
  const half = 0.5 * Math.log(rest * (1 + x));
  const b = 2 / (Math.PI * 0.147) + half;
  let z = Math.sqrt(Math.sqrt(b * b - (2 * half) / 0.147) - b);
  let [best, error] = [z, 0];
  for (let k = 0; k < 4; k += 1) {
    error = ((x < 0.5 ? erf(z) - x : rest - erfc(z)) * Math.exp(z * z)) / TWO_OVER_SQRT_PI;
    [best, z] = [z, z - error / (1 + z * error)];
  }
  return [best, error];
}

function erfinv(x) {
  if (Math.abs(x) >= 1) refuse();
  if (!(Math.abs(x) > 1e-8)) return x / TWO_OVER_SQRT_PI;
  const [z, error] = erfinv_and_error(Math.abs(x));
  return copysign(z - error, x);
}

function erfinv_slope(x) {
  if (Math.abs(x) >= 1) refuse();
  if (!(Math.abs(x) > 1e-8)) return 1 / TWO_OVER_SQRT_PI + 0 * x;
  const [z, error] = erfinv_and_error(Math.abs(x));
  const slope = Math.exp(z * z) / TWO_OVER_SQRT_PI;
  return slope + slope * (product_error(z, z) - 2 * z * error);
}

// ---- Activations

function sigmoid(x) {
  return x >= 0 ? 1 / (1 + Math.exp(-x)) : Math.exp(x) / (1 + Math.exp(x));
}

function log_sigmoid(x) {
  return -softplus(-x);
}

function logit(x) {
  if (x <= 0 || x >= 1) refuse();
  return x >= 0.25 && x <= 0.75 ? 2 * Math.atanh(2 * x - 1) : Math.log(x) - Math.log1p(-x);
}

function relu(x) {
  return x <= 0 ? 0 : x;
}

function leaky_relu(x, slope) {
  return x <= 0 ? slope * x : x;
}

function elu(x) {
  return x <= 0 ? Math.expm1(x) : x;
}

function selu(x) {
  return SELU_SCALE * (x <= 0 ? SELU_ALPHA * Math.expm1(x) : x);
}

function gelu(x) {
  const size = Math.min(Math.abs(x), 64);
  return (x > 0 ? x : 0 * size) - bell(size, size * tail(size), 0.5);
}

function silu(x) {
  if (x > -40) return x / (1 + Math.exp(-x));
  const half = Math.exp(0.5 * x);
  return half === 0 ? -half : x * half * half;
}

function softplus(x) {
  return Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));
}

function softsign(x) {
  return x / (1 + Math.abs(x));
}

function hard_sigmoid(x) {
  return clip(x + 3, 0, 6) / 6;
}

// ---- Steps and ties

function step(x) {
  return x > 0 ? 1 : x === x ? 0 : x;
}

function equal(x, y) {
  return x === y ? 1 : x < y || x > y ? 0 : NaN;
}

function greater(x, y) {
  return x > y ? 1 : x === y ? 0.5 : x < y ? 0 : NaN;
}

function maximum(...xs) {
  return Math.max(...xs);
}

function minimum(...xs) {
  return Math.min(...xs);
}

function peak(...xs) {
  return Math.max(...xs);
}

// The operands that tie for it share 1 equally.
function maximum_partials(z, ...xs) {
  return shares(xs.map((x) => equal(x, z)));
}

function minimum_partials(z, ...xs) {
  return maximum_partials(z, ...xs);
}

function peak_partials(z, ...xs) {
  return xs.map(() => 0);
}

function clip(x, low, high) {
  return Math.min(Math.max(x, low), high);
}

function where(c, x, y) {
  return c !== c ? c : c !== 0 ? x : y;
}

function branch_taken(c) {
  return c === 0 ? refuse("the other side of a where is needed, but was given as a function and not called") : c;
}

// ---- Rounding

function floor(x) {
  return Math.floor(x);
}

function ceil(x) {
  return Math.ceil(x);
}

function trunc(x) {
  return Math.trunc(x);
}

// To a number of decimals, exactly, ties to the even digit: as a fraction of whole numbers.
function round(x, digits) {
  if (!Number.isInteger(digits)) return digits === digits ? refuse() : digits;
  if (!Number.isFinite(x) || x === 0) return x;
  const decimals = Math.max(-400, Math.min(400, digits));
  const e = exponent(x, 0) - 55; // two bits more than a float has: the exponent may be one too large
  const ten = 10n ** BigInt(Math.abs(decimals));
  const [above, below] = decimals > 0 ? [ten, 1n] : [1n, ten];
  const top = BigInt(ldexp(Math.abs(x), -e)) * above * (e > 0 ? 2n ** BigInt(e) : 1n);
  const bottom = below * (e < 0 ? 2n ** BigInt(-e) : 1n);
  let whole = top / bottom;
  const twice = 2n * (top % bottom);
  if (twice > bottom || (twice === bottom && whole % 2n === 1n)) whole += 1n;
  return copysign(finite(Number(`${whole}e${-decimals}`), x), x);
}

// ---- Of many operands

function sum(...xs) {
  return xs.length ? xs.reduce((total, x) => total + x) : 0;
}

function sum_partials(z, ...xs) {
  return xs.map(() => 1);
}

// The operands are w₁ … wₙ, x₁ … xₙ and, where they are odd, a bias.
function dot(...operands) {
  const n = Math.floor(operands.length / 2);
  return sum(...operands.slice(2 * n), ...operands.slice(0, n).map((w, k) => w * operands[n + k]));
}

function dot_partials(z, ...operands) {
  const n = Math.floor(operands.length / 2);
  return [...operands.slice(n, 2 * n), ...operands.slice(0, n), ...operands.slice(2 * n).map(() => 1)];
}

function logsumexp(...xs) {
  const top = Math.max(...xs);
  if (!Number.isFinite(top)) return top;
  return top + Math.log(sum(...xs.map((x) => Math.exp(x - top))));
}

function shares(weights) {
  return weights.map((weight) => div(weight, sum(...weights)));
}

function logsumexp_partials(z, ...xs) {
  return shares(xs.map((x) => (Math.abs(z) === Infinity ? equal(x, z) : exp(x - z))));
}

function norm(...xs) {
  return Math.hypot(...xs);
}

function norm_partials(z, ...xs) {
  return xs.map((x) => (z === 0 ? 0 * x : x / z));
}

// ---- The gamma function: formulas by their numbers in Abramowitz and Stegun (1964), as in autograd/rules/gamma.py

// The distance of x from the nearest whole number, and m where that is −m.
function from_pole(x) {
  const whole = round(x, 0);
  return x === whole && x <= 0 ? refuse() : [x - whole, -whole];
}

function lgamma(x) {
  if (Math.abs(x) === Infinity || x !== x) return x * x;
  if (x < 0) {
    const [e, m] = from_pole(x);
    return -Math.log(Math.abs(sin_pi(e)) / Math.PI) - lgamma(m + 1 - e);
  }
  if (x >= MIN_ASYMPTOTIC) {
    const far = LOG_SQRT_2PI - 0.5 + polynomial(LGAMMA_FAR, 1 / x / x) / x;
    return finite((x - 0.5) * (Math.log(x) - 1) + far, x);
  }
  if (x < 0.5) return from_pole(x) && x * polynomial(LGAMMA_AT_TWO, x) - Math.log1p(x) - Math.log(x);
  if (BASIN[0] <= x && x <= BASIN[1]) {
    const t = x - ROOT - ROOT_LO;
    return LEAST + t * polynomial(LGAMMA_AT_ROOT, t);
  }
  if (x < 1.5) return (x - 1) * polynomial(LGAMMA_AT_TWO, x - 1) - Math.log1p(x - 1);
  let product = 1;
  while (x > 2.5) product *= x -= 1;
  return (x - 2) * polynomial(LGAMMA_AT_TWO, x - 2) + Math.log(product);
}

function digamma(x) {
  if (x === -Infinity) refuse();
  if (x < 0) {
    const [e, m] = from_pole(x);
    return digamma(m + 1 - e) + 2 * (e / (1 - e * e) + e * polynomial(ODD_AT_ONE, e * e)) - 1 / e;
  }
  if (x >= MIN_ASYMPTOTIC) return Math.log(x) - (0.5 + polynomial(DIGAMMA_FAR, 1 / x / x) / x) / x;
  if (BASIN[0] <= x && x <= BASIN[1]) {
    const t = x - ROOT - ROOT_LO;
    return t * polynomial(AT_ROOT, t);
  }
  if (x < 0.5) return from_pole(x) && polynomial(DIGAMMA_AT_TWO, x) - 1 / (1 + x) - 1 / x;
  if (x < 1.5) return polynomial(DIGAMMA_AT_TWO, x - 1) - 1 / x;
  let total = 0;
  while (x > 2.5) total += 1 / (x -= 1);
  return total + polynomial(DIGAMMA_AT_TWO, x - 2);
}

function polygamma(n, x) {
  if (n !== n || x !== x) return n + x;
  if (!(n >= 0 && n <= MAX_ORDER && Number.isInteger(n))) refuse();
  if (n === 0) return digamma(x);
  const [s, even] = [n + 1, n % 2 ? 1 : -1];
  if (Math.abs(x) === Infinity) return x < 0 ? refuse() : even * 0;
  if (x >= 0.5) return even * times_zeta(s, x);
  const [e, m] = from_pole(x);
  const near = factorial_over_power(1, s, e) + times_zeta(s, 1 + e);
  return even * (m ? near + even * (times_zeta(s, 1 - e) - times_zeta(s, m + 1 - e)) : near);
}

// A factor times (s − 1)! / xˢ, each of which may be beyond the floats: as a mantissa and an exponent.
function factorial_over_power(factor, s, x) {
  let [z, e] = [ldexp(factor, -exponent(factor, 0)), exponent(factor, 0)];
  const [scaled, f] = [ldexp(x, -exponent(x, 0)), exponent(x, 0)];
  for (let k = 0; k < s; k += 1) {
    z = (z * Math.max(k, 1)) / scaled;
    const shift = exponent(z, 0);
    [z, e] = [ldexp(z, -shift), e + shift - f];
  }
  return ldexp(z, Math.max(-2200, Math.min(2200, e)));
}

// (s − 1)! Σ 1/(x + k)ˢ for x ≥ ½: the first terms, and the others by Euler and Maclaurin (3.6.28, 23.2.9).
function times_zeta(s, x) {
  const count = Math.max(0, Math.ceil(MIN_ASYMPTOTIC + s - x));
  const y = x + count;
  let rest = 0;
  for (let j = BERNOULLI.length; j > 0; j -= 1) {
    const ratio = (s + 2 * j - 2) / (2 * j - 1) / (2 * j) / y;
    rest = ratio * (BERNOULLI[j - 1] + ((s + 2 * j - 1) / y) * rest);
  }
  let total = Math.exp(-s * Math.log1p(count / x)) * (y / (s - 1) + 0.5 + rest);
  for (let k = count - 1; k >= 0; k -= 1) total += Math.exp(-s * Math.log1p(k / x));
  return factorial_over_power(total, s, x);
}

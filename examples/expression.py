"""Two expressions and their gradients: the one that micrograd made known, and one with an operation of your own.

The second is a diode in series with a resistor. Its current is a Lambert W function of the voltage, which is not in the
table of operations: so it is entered as a row, with its derivative, and is then differentiated, checked and drawn like
any other.

    python examples/expression.py [folder for the drawings]

Letters: V voltage, R resistance, I current, I_s saturation current, V_t thermal voltage.
"""

from __future__ import annotations

import math
import sys
from pathlib import Path

from autograd import Value, check_gradients, exp, grad, operation, relu
from nn.console import use_utf8
from viz import save

R, I_S, V_T = 1000.0, 1e-12, 0.02585  # ohm, ampere, volt


def known(a: Value, b: Value) -> Value:
    """Return the expression of micrograd's README, whose += are written out here."""
    s = a + b
    c = 4 * s - a + 3
    d = 12 * (a * b + b**3) + 4 * relu(s) + relu(b - a)
    f = (c - d) ** 2
    return f / 2 + 10 / f


def lambert_w_of(x: float) -> float:
    """Return w ≥ 0 with w·eʷ = x ≥ 0, by Newton's method on w + log w = log x."""
    if x < 0.0:
        raise ValueError("x is negative")
    w = math.log1p(x)
    for _ in range(50):
        if w == 0.0 or w == (w := w * (1.0 + math.log(x / w)) / (1.0 + w)):
            break
    return w


def print_known() -> Value:
    """Print the known expression's value and gradients beside the engine's, and return it."""
    a, b = Value(-4.0, name="a"), Value(2.0, name="b")
    g = known(a, b).named("g")
    g.backward()
    print("micrograd's expression        known       engine")
    for name, printed, number in [("g", 24.7041, g.data), ("∂g/∂a", 138.8338, a.grad), ("∂g/∂b", 645.5773, b.grad)]:
        print(f"  {name:20}{printed:12.4f}{number:13.4f}")
    return g


def print_diode() -> Value:
    """Print the diode's current and its derivatives, and return the current at 0.6 V."""
    lambert_w = operation("lambert_w", lambert_w_of, [lambda w, x: w / (x * (1.0 + w))], glyph="W", formula="W(x)")

    def current(V: Value) -> Value:
        return V_T / R * lambert_w(R * I_S / V_T * exp((V + R * I_S) / V_T)) - I_S

    print("\nDiode and 1 kΩ in series, the slope by the engine and by the circuit")
    print("       V         I, mA     dI/dV, mS   1/(R + V_t/I)       d²I/dV²")
    for V in (0.4, 0.5, 0.6, 0.8, 1.0, 2.0, 5.0):
        I = current(Value(V)).data  # noqa: E741  (the letter of a current)
        by_circuit = 1e3 / (R + V_T / (I + I_S))
        slope, curvature = grad(current)(V), grad(grad(current))(V)
        print(f"{V:6.1f} V{1e3 * I:14.8f}{1e3 * slope:14.8f}{by_circuit:16.8f}{curvature:14.4e}")
    print("\nAt 0.6 V, against finite differences")
    print(check_gradients(current, 0.6))

    at_point_six = current(Value(0.6, name="V")).named("I")
    at_point_six.backward()
    return at_point_six


def main(folder: Path = Path(__file__).parent / "output") -> None:
    """Print both expressions' values and gradients, and draw both graphs into the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    save(print_known(), folder / "expression.svg")
    save(print_diode(), folder / "diode.svg")
    print(f"\nDrawn into {folder}: expression.svg, diode.svg")


if __name__ == "__main__":
    use_utf8()
    main(*map(Path, sys.argv[1:2]))

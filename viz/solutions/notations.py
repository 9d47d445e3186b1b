# ruff: noqa: D102  (the docstring of an overridden method holds for the override)
"""The notations of a worked solution, by name: their letters, signs, factors, order of indices and of products.

The project's own is "gradient". The others are those of four courses: "handout" (Hansen, handout 2022 and blog post
2021), which writes δ for −∂C/∂z and adds; "arnold" (his blog post); "misley" (2023); and "nielsen" (*Neural Networks
and Deep Learning*, 2015, chapter 2), whose weights have the receiver's index first and whose layer 1 is the input.

Letters: n layer, i sender, j receiver, k output, all counted from 1; d a delta, x the output of a sender.
"""

from __future__ import annotations

from collections.abc import Sequence

from autograd import Value
from nn.architecture import SUPERSCRIPTS, subscript
from viz.solutions.equations import Formula, unevaluated


def symbol(letter: str, *indices: int, above: str = "", text: str = "") -> Formula:
    r"""Return a letter with indices.

    Args:
        letter: In LaTeX.
        indices: Its subscripts, separated by commas where one has two digits.
        above: Its superscript.
        text: The letter as text, where LaTeX writes it in another way.

    >>> symbol("z", 1, 2, above="(1)")
    Formula(latex='z_{12}^{(1)}', text='z⁽¹⁾₁₂')
    """
    comma = "," if any(i > 9 for i in indices) and len(indices) > 1 else ""
    latex = letter + (f"_{{{comma.join(map(str, indices))}}}" if indices else "") + (f"^{{{above}}}" if above else "")
    raised = above.replace("(", "⁽").replace(")", "⁾").translate(SUPERSCRIPTS)
    return Formula(latex, (text or letter) + raised + subscript(*indices))


def under(letter: str, *parts: Formula, text: str = "") -> Formula:
    """Return a letter with symbols as its subscript, such as w_{h₁o}; `text` is the letter as text."""
    latex = f"{letter}_{{{' '.join(part.latex for part in parts)}}}"
    return Formula(latex, f"{text or letter}_{''.join(part.text for part in parts)}")


class Convention:
    """The project's own: z, a, δ = ∂C/∂z, and w with the sender's index first.

    Args:
        sizes: The number of inputs, then of neurons in each layer.
    """

    name = "gradient"
    reading = (
        "$z$ net input, $a$ activation, $C$ loss, $y$ target, $δ = ∂C/∂z$, $η$ learning rate; $w⁽ˡ⁾ᵢⱼ$ is the weight "
        "of layer $l$ from sender $i$ to receiver $j$."
    )
    sign = 1.0  #: δ is this times ∂C/∂z
    C = Formula("C", "C")
    eta = Formula(r"\eta", "η")
    rate = eta  #: the factor of a gradient in an update
    rule = "From each weight and bias, $η$ times its derivative is subtracted."
    input_first = False  #: whether a term of a net input is written x·w
    delta_first = False  #: whether a term of a hidden delta is written δ·w
    sender_first = False  #: whether the derivative with respect to a weight is written x·δ
    target_first = False  #: whether an error is written y − a
    receiver_first = False  #: whether a weight's first index is its receiver's, so that a layer computes W·a, not a·W
    label: Formula | None = None  #: the number of the right class, where the course has a letter for it
    first = 1  #: the number of the layer after the inputs

    def __init__(self, sizes: Sequence[int]) -> None:
        self.sizes = sizes
        self.depth = len(sizes) - 1

    def x(self, i: int) -> Formula:
        """Return an input."""
        return symbol("x", i)

    def z(self, n: int, j: int) -> Formula:
        """Return a net input."""
        return symbol("z", j, above=f"({n})")

    def a(self, n: int, j: int) -> Formula:
        """Return an activation."""
        return symbol("a", j, above=f"({n})")

    def w(self, n: int, i: int, j: int) -> Formula:
        """Return a weight."""
        return symbol("w", i, j, above=f"({n})")

    def b(self, n: int, j: int) -> Formula:
        """Return a bias."""
        return symbol("b", j, above=f"({n})")

    def y(self, k: int) -> Formula:
        """Return a target."""
        return symbol("y", k) if self.sizes[-1] > 1 else Formula("y", "y")

    def in_class(self, k: int) -> Formula:
        """Return 1 if the right class is k, else 0."""
        return self.y(k)

    def p(self, k: int) -> Formula:
        """Return the probability of a class, where it is not an activation."""
        return symbol("p", k)

    def loss(self, k: int) -> Formula:
        """Return the loss of one output."""
        return symbol(self.C.latex, k)

    def delta(self, n: int, j: int) -> Formula:
        """Return a delta."""
        return symbol(r"\delta", j, above=f"({n})", text="δ")

    def sent(self, n: int, i: int) -> Formula:
        """Return the output of sender i, which layer n receives."""
        return self.a(n - 1, i) if n > 1 else self.x(i)

    def slope(self, n: int, j: int) -> Formula:
        """Return an activation's derivative."""
        return derivative(self.a(n, j), self.z(n, j))

    def activation_gradient(self, n: int, j: int) -> Formula:
        """Return the derivative of the loss with respect to an activation, with the sign of a delta."""
        return self._of_loss(self.a(n, j))

    def weight_gradient(self, n: int, i: int, j: int) -> Formula:
        """Return the derivative of the loss with respect to a weight, with the sign of a delta."""
        return self._of_loss(self.w(n, i, j))

    def bias_gradient(self, n: int, j: int) -> Formula:
        """Return the derivative of the loss with respect to a bias, with the sign of a delta."""
        return self._of_loss(self.b(n, j))

    def _of_loss(self, x: Formula) -> Formula:
        latex, text = derivative(self.C, x)
        return Formula(latex, text) if self.sign > 0.0 else Formula(f"-{latex}", f"−{text}")

    def forward_term(self, w: Value, x: Value) -> Value:
        """Return one term of a net input."""
        return unevaluated("mul", *((x, w) if self.input_first else (w, x)))

    def backward_term(self, w: Value, d: Value) -> Value:
        """Return one receiver's term of the derivative with respect to an activation."""
        return unevaluated("mul", *((d, w) if self.delta_first else (w, d)))

    def gradient(self, d: Value, x: Value) -> Value:
        """Return the derivative with respect to a weight."""
        return unevaluated("mul", *((x, d) if self.sender_first else (d, x)))


class Handout(Convention):
    """Hansen (2021, 2022): δ = −∂C/∂z, added; nodes h₁ and o, and a weight named after the two nodes it connects."""

    name = "handout"
    reading = (
        "$net$ is a node's net input, $h$ the activation of a hidden node, $ŷ$ that of an output node, $C$ loss, "
        "$y$ label, $η$ learning rate. Here $δ = −∂C/∂net$, so changes are added. All deltas are computed with the "
        "weights from before the update."
    )
    sign = -1.0
    input_first = True
    rule = "Each weight change, $η · δ ·$ activation of the sender, is added."
    target_first = True

    def node(self, n: int, j: int) -> Formula:
        """Return a node's own name."""
        if n == 0:
            return self.x(j)
        if n == self.depth:
            return symbol("o", j) if self.sizes[-1] > 1 else Formula("o", "o")
        return symbol("h", j, above=f"({n})" if self.depth > 2 else "")

    def z(self, n: int, j: int) -> Formula:
        return under(r"\mathrm{net}", self.node(n, j), text="net")

    def a(self, n: int, j: int) -> Formula:
        if n < self.depth:
            return self.node(n, j)
        return symbol(r"\hat{y}", *([j] if self.sizes[-1] > 1 else []), text="ŷ")

    def w(self, n: int, i: int, j: int) -> Formula:
        return under("w", self.node(n - 1, i), self.node(n, j))

    def b(self, n: int, j: int) -> Formula:
        return under("b", self.node(n, j))

    def delta(self, n: int, j: int) -> Formula:
        return under(r"\delta", self.node(n, j), text="δ")


class Arnold(Convention):
    """Arnold: r and h of a hidden layer, score and y of the output, ŷ the label, dr for ∂L/∂r."""

    name = "arnold"
    reading = (
        "$r$ net input and $h$ activation of a hidden layer, $score$ and $y$ those of the output, $ŷ$ label, $L$ loss, "
        "$η$ learning rate (lr); $dr$ is $∂L/∂r$, and $W1ᵢⱼ$ is the weight from unit $i$ to unit $j$."
    )
    C = Formula("L", "L")
    input_first = delta_first = sender_first = True
    label = Formula(r"\hat{y}", "ŷ")

    def _layer(self, letter: str, n: int) -> str:
        return letter if self.depth == 2 else f"{letter}{n}"

    def z(self, n: int, j: int) -> Formula:
        return symbol(r"\mathrm{score}", j, text="score") if n == self.depth else symbol(self._layer("r", n), j)

    def a(self, n: int, j: int) -> Formula:
        return symbol("y", j) if n == self.depth else symbol(self._layer("h", n), j)

    def w(self, n: int, i: int, j: int) -> Formula:
        return symbol(f"W{n}", i, j)

    def b(self, n: int, j: int) -> Formula:
        return symbol(f"b{n}", j)

    def y(self, k: int) -> Formula:
        return symbol(r"\hat{y}", *([k] if self.sizes[-1] > 1 else []), text="ŷ")

    def in_class(self, k: int) -> Formula:
        return Formula(rf"1(\hat{{y}}={k})", f"1(ŷ={k})")

    def delta(self, n: int, j: int) -> Formula:
        return _d(self.z(n, j))

    def _of_loss(self, x: Formula) -> Formula:
        return _d(x)


class Misley(Convention):
    """Misley (2023): h the net input and a the activation of a layer, E the error, and every derivative in full."""

    name = "misley"
    reading = (
        "$h$ net input, $a$ activation, $E$ error, $y$ actual value, $η$ learning rate; $w⁽ˡ⁾ᵢⱼ$ is the weight of "
        "layer $l$ from $i$ to $j$. What others call $δ$ is $∂E/∂h$."
    )
    C = Formula("E", "E")
    input_first = delta_first = True

    def z(self, n: int, j: int) -> Formula:
        return symbol("h", j, above=f"({n})")

    def delta(self, n: int, j: int) -> Formula:
        return derivative(self.C, self.z(n, j))


class Nielsen(Convention):
    """Nielsen (2015): layer 1 is the input, and wˡⱼₖ is the weight from neuron k to neuron j of layer l."""

    name = "nielsen"
    reading = (
        "$zˡ$ weighted input, $aˡ$ activation, $C$ cost, $y$ desired output, $δ = ∂C/∂z$, $η$ learning rate; layer 1 "
        "is the input, and $wˡⱼₖ$ is the weight from neuron $k$ of layer $l − 1$ to neuron $j$ of layer $l$. "
        "Superscripts number layers; they are not exponents."
    )
    rate = Formula(r"\frac{\eta}{m}", "(η/m)")
    rule = "The rate is $η/m$ for a batch of $m$ examples; here $m = 1$."
    target_first = receiver_first = True
    first = 2

    def z(self, n: int, j: int) -> Formula:
        return symbol("z", j, above=f"{n + 1}")

    def a(self, n: int, j: int) -> Formula:
        return symbol("a", j, above=f"{n + 1}")

    def w(self, n: int, i: int, j: int) -> Formula:
        return symbol("w", j, i, above=f"{n + 1}")

    def b(self, n: int, j: int) -> Formula:
        return symbol("b", j, above=f"{n + 1}")

    def x(self, i: int) -> Formula:
        return symbol("a", i, above="1")

    def y(self, k: int) -> Formula:
        return symbol("y", k)

    def delta(self, n: int, j: int) -> Formula:
        return symbol(r"\delta", j, above=f"{n + 1}", text="δ")


CONVENTIONS = {convention.name: convention for convention in (Convention, Handout, Arnold, Misley, Nielsen)}


def convention_of(name: str, sizes: Sequence[int]) -> Convention:
    """Return a convention by its name, for a network of these sizes; raise ValueError if there is none."""
    if name not in CONVENTIONS:
        raise ValueError(f"convention is {name!r}; choose one of {', '.join(CONVENTIONS)}")
    return CONVENTIONS[name](sizes)


def derivative(of: Formula, to: Formula) -> Formula:
    """Return the partial derivative of one symbol with respect to another."""
    return Formula(rf"\frac{{\partial {of.latex}}}{{\partial {to.latex}}}", f"∂{of.text}/∂{to.text}")


def _d(x: Formula) -> Formula:
    """Return the differential of x, as Arnold writes ∂L/∂x."""
    return Formula(
        x.latex.replace(r"\mathrm{", r"\mathrm{d") if x.latex.startswith(r"\mathrm") else f"d{x.latex}", f"d{x.text}"
    )

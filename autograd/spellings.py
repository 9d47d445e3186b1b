"""How books and other programs write what `parse` writes differently, and the remedies that its messages give."""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Collection, Mapping

# fmt: off
# Functions that are called by names which are not close to those here.
OTHER_NAMES = {
    "ln": "log", "lg": "log10", "ld": "log2", "lb": "log2", "tg": "tan", "sgn": "sign", "signum": "sign",
    "arcsin": "asin", "arccos": "acos", "arctan": "atan", "arctan2": "atan2", "arctg": "atan",
    "arsinh": "asinh", "arcosh": "acosh", "artanh": "atanh", "arcsinh": "asinh", "arccosh": "acosh", "arctanh": "atanh",
    "sh": "sinh", "ch": "cosh", "th": "tanh", "fabs": "abs", "absolute": "abs", "max": "maximum", "min": "minimum",
    "power": "pow", "sqr": "square", "heaviside": "step", "swish": "silu", "logistic": "sigmoid", "expit": "sigmoid",
    "σ": "sigmoid", "Φ": "normal_cdf", "ψ": "digamma", "gammaln": "lgamma", "lse": "logsumexp",
}
# Functions that are short expressions here.
EXPRESSIONS = {
    "cot": "1/tan(x)", "sec": "1/cos(x)", "csc": "1/sin(x)", "cosec": "1/sin(x)", "exp10": "10**x",
    "gamma": "exp(lgamma(x))", "factorial": "exp(lgamma(x + 1))", "root": "x**(1/3)",
}
NAMES_OF_NUMBERS = {
    "e": "write exp(x) for e**x, and exp(1) for the number e",
    "π": "write pi",
    "Pi": "write pi",
    "PI": "write pi",
}
REMEDIES_OF_SIGNS = {
    "^": "write ** for a power",
    "×·⋅∙∗": "write * for a product",
    "÷∕": "write / for a quotient",
    "−–—": "write - for a minus",
    "|": "write abs(x) for |x|",
    "√": "write sqrt(x) for √x",
    "∛": "write cbrt(x) for ∛x",
    "∑": "write sum([x, y])",
    "⁻⁺⁽": "write ** for a power, as in x**-1",
    "°": "write radians(x) for x°",
    "∞": "a number is finite",
    "@": "write dot([v, w], [x, y]) for a scalar product",
    ".": "attributes and methods are refused: write f(x) for x.f()",
    "=<>:≤≥≠": "assignments, comparisons and keyword arguments are refused: write one formula",
    "'\"‘’“”": "strings are refused: write one formula of numbers, names and functions",
    "{}": "write ( and ) around a part",
    ";": "write , between the arguments of a function, and a decimal point in a number",
    "\\": "LaTeX is not read: write sqrt(x) for \\sqrt{x}",
}
# fmt: on
COMMON = "exp, log, sqrt, sin, cos, tanh, sigmoid, relu, maximum"
FROM_SUPERSCRIPTS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹", "0123456789")


def remedy_of_function(name: str, functions: Collection[str]) -> str:
    """Return what to write for a function that there is not.

    >>> remedy_of_function("ReLU", ["exp", "relu"]), remedy_of_function("cot", ["exp"])
    ('did you mean relu?', 'write 1/tan(x)')
    """
    if name in EXPRESSIONS:
        return f"write {EXPRESSIONS[name]}"
    meant = OTHER_NAMES.get(name, name.lower())
    if meant in functions:
        return f"did you mean {meant}?"
    return did_you_mean(name, functions) or f"choose one such as {COMMON}; print(*autograd.TABLE) shows all"


def remedy_of_name(name: str, functions: Collection[str]) -> str:
    """Return what to write for a name that is none, because it has a superscript or a fraction in it.

    >>> remedy_of_name("x²", []), remedy_of_name("sin²", ["sin"]), remedy_of_name("½x", [])
    ('write x**2', 'write sin(x)**2', 'write 0.5*x')
    """
    if power := re.fullmatch("(.*?)([⁰¹²³⁴⁵⁶⁷⁸⁹]+)", name):
        base, digits = power.groups()
        return f"write {f'{base}(x)' if base in functions else base or 'x'}**{digits.translate(FROM_SUPERSCRIPTS)}"
    first = unicodedata.numeric(name[0], None)
    if first is not None:
        return f"write {first:.4g}{f'*{name[1:]}' if name[1:] else ''}"
    return "write x**2 for x², and 0.5*x for ½x"


def remedy_of_sign(after: str, before: str, functions: Collection[str]) -> str:
    """Return what to write for a sign that a formula does not have.

    Args:
        after: The text from the sign on.
        before: The number, name or symbol before it.
        functions: The functions that there are.

    >>> remedy_of_sign("^2(x)", "sin", ["sin"]), remedy_of_sign(".exp(x)", "np", ["exp"])
    ('write sin(x)**2 for sin^2(x)', 'attributes and methods are refused: write exp(x)')
    """
    if after.startswith("^-1") and f"a{before}" in functions:
        return f"write a{before}(x) for {before}^-1(x)"
    if after[0] == "^" and before in functions:
        return f"write {before}(x)**2 for {before}^2(x)"
    if after[0] == "^" and before == "e":
        return "write exp(x) for e^x"
    if after[0] == "!":
        remedy = "write exp(lgamma(x + 1)) for x!"
        return REMEDIES_OF_SIGNS["=<>:≤≥≠"] if after[1:2] == "=" else remedy
    called = re.match(r"\.(\w+)", after)
    if called and called[1] in functions:
        return f"attributes and methods are refused: write {called[1]}(x)"
    return next((remedy for signs, remedy in REMEDIES_OF_SIGNS.items() if after[0] in signs), "leave it out")


def did_you_mean(name: str, candidates: Collection[str] | Mapping[str, object]) -> str:
    """Return the question that lists the candidates close to a name, or ''."""
    close = difflib.get_close_matches(name.lower(), candidates) or difflib.get_close_matches(name, candidates)
    return f"did you mean {', '.join(close)}?" if close else ""

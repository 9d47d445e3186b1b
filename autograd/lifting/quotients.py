"""Quotients: a · (1 / b) becomes a / b, one statement instead of two, where nothing else reads 1 / b.

The derivative of a logarithm, say, is a reciprocal, and the chain rule multiplies with it.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from autograd.lifting.writer import Array, Statement

RECIPROCAL = "divide(1.0, {}, out={})"
PRODUCT = re.compile(r"multiply\((.+), (.+), out=\{\}\)")


def quotients(statements: Sequence[Statement | str], kept: Sequence[Array]) -> list[Statement | str]:
    """Return statements with such products as quotients, in the comments too; `kept` is read when all is done."""
    lines = [x for x in statements if isinstance(x, Statement)]
    divisors = {x.target: x.arrays[0] for x in lines if x.form == RECIPROCAL}  # a reciprocal -> what it is that of
    if not divisors:
        return list(statements)
    reads = Counter([array.root for array in kept])
    reads.update([array.root for x in lines for array in x.reads])
    writes = Counter([x.target.root for x in lines if x.target])
    found: list[Statement | str] = []
    for x in statements:
        found.append(x)
        product = PRODUCT.fullmatch(x.form) if isinstance(x, Statement) else None
        if not isinstance(x, Statement) or not product:
            continue
        for reciprocal in x.reads:
            if reciprocal in divisors and (reads[reciprocal.root], writes[reciprocal.root]) == (1, 1):
                found[-1] = quotient(x, product.groups(), reciprocal, divisors[reciprocal])
                rename(found, reciprocal.name, f"1 / {divisors[reciprocal].name}")
                break
    return found


def quotient(product: Statement, factors: Sequence[str], reciprocal: Array, divisor: Array) -> Statement:
    """Return what a product with a reciprocal is, as a quotient."""
    reads = (*[array for array in product.reads if array is not reciprocal], divisor)
    dividend = next((factor for factor in factors if factor != "{}"), "{}")  # a number, or the other gap
    form = f"divide({dividend}, {{}}, out={{}})"
    return Statement(product.target, form, (*reads, product.arrays[-1]), reads, product.elementwise)


def rename(statements: list[Statement | str], name: str, new: str) -> None:
    """Change a name in the comments on the last statement."""
    k = len(statements) - 2
    while k >= 0 and isinstance(comment := statements[k], str):
        statements[k] = re.sub(rf"\b{name}\b", new, comment)
        k -= 1

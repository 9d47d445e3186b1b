"""Quotients: a · (1 / b) becomes a / b, one statement instead of two, where nothing else reads 1 / b.

The derivative of a logarithm, say, is a reciprocal, and the chain rule multiplies with it.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from autograd.lifting.writer import Array, Statement

RECIPROCAL = "divide(1.0, "
PRODUCT = re.compile(r"multiply\((.+), (.+), out=(\w+)\)")


def quotients(statements: Sequence[Statement | str], kept: Sequence[Array]) -> list[Statement | str]:
    """Return statements with such products as quotients, in the comments too; `kept` is read when all is done."""
    lines = [x for x in statements if isinstance(x, Statement)]
    reads = Counter([array.root for array in kept])
    reads.update([array.root for line in lines for array in line.reads])
    writes = Counter([line.target.root for line in lines if line.target])
    divisors: dict[Array, Array] = {}  # a reciprocal -> what it is the reciprocal of
    found: list[Statement | str] = []
    for x in statements:
        if isinstance(x, str):
            found.append(x)
            continue
        reciprocal = next((array for array in x.reads if array in divisors), None)
        product = PRODUCT.fullmatch(x.text)
        if reciprocal and product:
            a, b, out = product.groups()
            divisor = divisors[reciprocal]
            dividend = b if a == reciprocal.name else a
            k = len(found)
            while k and isinstance(comment := found[k - 1], str):
                k -= 1
                found[k] = re.sub(rf"\b{reciprocal.name}\b", f"1 / {divisor.name}", comment)
            others = [array for array in x.reads if array is not reciprocal]
            x = replace(x, text=f"divide({dividend}, {divisor.name}, out={out})", reads=(*others, divisor))
        elif x.target and x.text.startswith(RECIPROCAL) and (reads[x.target.root], writes[x.target.root]) == (1, 1):
            divisors[x.target] = x.reads[0]
        found.append(x)
    return found

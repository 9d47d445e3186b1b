"""Data of other libraries, made NumPy's own, and nothing lost on the way without a word.

NumPy itself reads the hidden numbers of a masked array, and a sparse matrix as one object.
"""

from __future__ import annotations

from typing import Any

import numpy as np


def as_numpy(data: Any, name: str) -> Any:
    """Return the data so that NumPy reads them right: PyTorch's tensors as arrays, all else as it is.

    name: what a message calls the data.
    Raises ValueError for masked entries, naming the first, and for a sparse matrix.

    >>> as_numpy(np.ma.array([1.0, 2.0], mask=[False, True]), "x")
    Traceback (most recent call last):
    ValueError: x[1] is masked; leave its row out, or fill it in with filled(0.0)
    """
    if isinstance(data, np.ma.MaskedArray):
        for place in np.argwhere(np.ma.getmaskarray(data)):
            at = f"[{', '.join(map(str, place))}]" if len(place) else ""
            raise ValueError(f"{name}{at} is masked; leave its row out, or fill it in with filled(0.0)")
        return data.data
    if isinstance(data, (list, tuple)):
        if any([_is_foreign(kind) for kind in set(map(type, data))]):
            return [as_numpy(row, f"{name}[{i}]") for i, row in enumerate(data)]
        return data
    if not _is_foreign(type(data)):
        return data
    if hasattr(data, "toarray"):
        raise ValueError(f"{name} is a sparse {type(data).__name__}; give {name}.toarray()")
    return data.detach().cpu().numpy()  # a tensor that asks for a gradient, or lies on a GPU, is no array by itself


def as_number(x: Any, name: str) -> Any:
    """Return the element of an array or tensor that has one; anything else as it is."""
    plain = as_numpy(x, name)
    return plain.reshape(-1)[0] if isinstance(plain, np.ndarray) and plain.size == 1 else plain


def _is_foreign(kind: type) -> bool:
    """Whether it is a masked array, a sparse matrix or a tensor; the libraries need not be there to know."""
    if issubclass(kind, np.ma.MaskedArray):
        return True
    return (hasattr(kind, "toarray") and hasattr(kind, "nnz")) or (hasattr(kind, "detach") and hasattr(kind, "numpy"))

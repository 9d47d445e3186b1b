"""Draws the README's picture, the hidden node h₁ of document 000, for a light page and for a dark one."""

from pathlib import Path

from nn import MLP, sse
from viz import save

FOLDER = Path(__file__).parent
THEME = "(prefers-color-scheme:dark)"  # the style sheet asks the reader's system; a page of its own theme must not


def main() -> None:
    """Write docs/neuron-light.svg and docs/neuron-dark.svg."""
    record = MLP.from_weights([[[0.5], [1.2], [-0.3]]]).forward([1, 3, 5])
    loss = sse(record.output, [0]).named("loss")
    loss.backward()
    for theme, media in {"light": "not all", "dark": "all"}.items():
        path = FOLDER / f"neuron-{theme}.svg"
        save(loss, path, record)
        path.write_text(path.read_text(encoding="utf-8").replace(THEME, media), encoding="utf-8")


if __name__ == "__main__":
    main()

"""What the pages in docs/ show is what runs."""

import re
from pathlib import Path
from typing import Any


def test_the_page_on_lifting_shows_the_program_that_runs():
    page = (Path(__file__).parent.parent / "docs" / "lifting.md").read_text()
    example, source = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    names: dict[str, Any] = {}
    exec(example.replace("print(program.source)", ""), names)  # noqa: S102  (the page's own code is what is tested)
    assert source.strip() == names["program"].source.strip()


def test_the_gallery_shows_every_picture_and_no_other():
    docs = Path(__file__).parent.parent / "docs"
    shown = re.findall(r'(?:src|srcset)="([^"]*)"', (docs / "gallery.md").read_text(encoding="utf-8"))
    assert all((docs / name).is_file() for name in shown)
    assert {path.name for path in (docs / "gallery").iterdir()} <= {name.removeprefix("gallery/") for name in shown}
    assert all(name.replace("-light.", "-dark.") in shown for name in shown)
    assert sum((docs / name).stat().st_size for name in shown) < 1_000_000

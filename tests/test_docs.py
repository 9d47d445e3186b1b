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

"""What the pages in docs/ show is what runs."""

import io
import re
import runpy
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

DOCS = Path(__file__).parent.parent / "docs"


def test_the_page_of_worked_solutions_is_what_its_script_writes():
    page = DOCS / "worked.md"
    script = runpy.run_path(str(page.with_suffix(".py")))
    assert page.read_text(encoding="utf-8") == script["page"]()
    (example,) = re.findall(r"```python\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)
    with redirect_stdout(io.StringIO()) as printed:
        exec(example, {})  # noqa: S102  (the page's own code is what is tested)
    assert "δ_o = −∂C/∂ŷ·∂ŷ/∂net_o = 0.8082·0.2408 = 0.1946" in printed.getvalue()


def test_the_page_on_lifting_shows_the_program_that_runs():
    page = (DOCS / "lifting.md").read_text()
    example, source = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    names: dict[str, Any] = {}
    exec(example.replace("print(program.source)", ""), names)  # noqa: S102  (the page's own code is what is tested)
    assert source.strip() == names["program"].source.strip()

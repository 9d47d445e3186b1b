"""What the tests of exercises share: answers as a student writes them, and their marks."""

from __future__ import annotations

import json
from typing import Any

import pytest

OPTIONS = ["--sizes", "3,4,1", "--seed", "7"]


@pytest.fixture
def check(tmp_path, capsys):
    from viz.exercise.__main__ import main

    def run(answers: Any, options: list[str] = OPTIONS) -> tuple[int, str]:
        """The exit status, and what is printed."""
        path = tmp_path / "answers.json"
        path.write_text(answers if isinstance(answers, str) else json.dumps(answers), encoding="utf-8")
        status = main([*options, "--check", str(path)])
        out, err = capsys.readouterr()
        return status, out or err

    return run

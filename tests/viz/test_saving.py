"""Files of every kind: whole or absent, where a link leads, with the permissions that they had."""

import errno
import os
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from autograd import Value
from autograd import files as autograd_files
from autograd.files import write
from nn import MLP
from nn import load as load_run
from nn import save as save_run
from viz import page
from viz import save as save_picture

ROOT = Path(__file__).parents[2]
SAVED = {
    "run.npz": lambda path: save_run(MLP(2, [1], rng=0), path),
    "graph.dot": lambda path: save_picture(Value(2.0, "x") * 3, path),
    "plain": lambda path: write(path, b"whole"),
}
needs_posix = pytest.mark.skipif(os.name != "posix", reason="there are no such files")


@pytest.mark.parametrize("name", SAVED)
@pytest.mark.parametrize("mode", [0o600, 0o640, 0o666, 0o755])
@needs_posix
def test_a_file_that_is_replaced_keeps_its_permissions(name, mode, tmp_path):
    path = tmp_path / name
    path.touch()
    path.chmod(mode)
    SAVED[name](path)
    assert stat.S_IMODE(path.stat().st_mode) == mode
    assert path.stat().st_size
    assert os.listdir(tmp_path) == [name]


@pytest.mark.parametrize("name", SAVED)
@pytest.mark.parametrize("umask", [0o022, 0o077, 0o002])
@needs_posix
def test_a_new_file_has_the_permissions_that_the_umask_leaves(name, umask, tmp_path):
    before = os.umask(umask)
    try:
        SAVED[name](tmp_path / name)
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / name).stat().st_mode) == 0o666 & ~umask


@pytest.mark.parametrize("name", SAVED)
@pytest.mark.parametrize("there", [True, False])
@needs_posix
def test_a_symbolic_link_is_written_through(name, there, tmp_path):
    """A relative link to a link, whose target is there or not yet."""
    (tmp_path / "store").mkdir()
    target, path = tmp_path / "store" / "target", tmp_path / name
    path.symlink_to("second")
    (tmp_path / "second").symlink_to(Path("store", "target"))
    if there:
        target.touch(0o600)
    SAVED[name](path)
    assert path.is_symlink()
    assert (tmp_path / "second").is_symlink()
    assert target.stat().st_size
    assert os.listdir(target.parent) == ["target"]


def fifo(path):
    os.mkfifo(path)


def circle(path):
    path.symlink_to(path.name)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (fifo, "is not a file but a pipe, a device or the like; choose another path"),
        (circle, "is not a file but a pipe, a device or the like; choose another path"),
        (lambda path: path.symlink_to(os.devnull), "is not a file but a pipe, a device or the like"),
        (lambda path: path.mkdir(), "is a folder; give the path of a file in it"),
    ],
    ids=["pipe", "circular link", "device", "folder"],
)
@pytest.mark.parametrize("name", SAVED)
@needs_posix
def test_what_is_no_file_is_refused_by_its_name_and_stays(name, make, message, tmp_path):
    path = tmp_path / name
    make(path)
    before = path.lstat().st_mode
    with pytest.raises(OSError, match=f"{name} {message}"):
        SAVED[name](path)
    assert path.lstat().st_mode == before
    assert os.listdir(tmp_path) == [name]


@pytest.mark.parametrize("name", SAVED)
def test_a_missing_folder_is_named(name, tmp_path):
    with pytest.raises(FileNotFoundError, match=f"{name}: there is no folder .*nowhere; create it first"):
        SAVED[name](tmp_path / "nowhere" / name)


def test_a_page_is_refused_before_it_is_drawn(tmp_path):
    with pytest.raises(IsADirectoryError, match="is a folder"):
        page(Value(2.0, "x") * 3, tmp_path)


@pytest.mark.parametrize("name", SAVED)
@pytest.mark.parametrize("what", ["file", "folder"])
def test_what_may_not_be_written_is_refused(what, name, tmp_path, monkeypatch):
    path = tmp_path / name
    SAVED[name](path)
    before = path.read_bytes()

    def refuse(*arguments):
        raise PermissionError(errno.EACCES, "Permission denied", arguments[0])

    if what == "file":  # the superuser may write any, so the answer is put in its place
        monkeypatch.setattr(os, "access", lambda *arguments: False)
    else:
        monkeypatch.setattr(os, "open", refuse)
    with pytest.raises(PermissionError, match=name):
        SAVED[name](path)
    assert path.read_bytes() == before


FULL = """
import resource, sys
from autograd.files import write
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))  # as a disk with so little room
try:
    write(sys.argv[1], bytes(100_000))
except OSError as error:
    print(error)
"""


@needs_posix
def test_a_file_for_which_there_is_no_room_leaves_the_old_one(tmp_path):
    path = tmp_path / "plain"
    path.write_bytes(b"before")
    done = subprocess.run([sys.executable, "-c", FULL, str(path)], capture_output=True, text=True, check=True, cwd=ROOT)
    assert "it was not written, and what was there is unchanged" in done.stdout
    assert str(path) in done.stdout
    assert path.read_bytes() == b"before"
    assert os.listdir(tmp_path) == ["plain"]


@needs_posix
def test_what_a_killed_process_left_is_cleared_away(tmp_path):
    program = (
        "import os, sys, autograd.files as f\n"
        "f.os = type('os', (), {**vars(os), 'replace': lambda *a: os._exit(9)})\n"
        "f.write(sys.argv[1], b'half')"
    )
    for _ in range(3):
        subprocess.run([sys.executable, "-c", program, str(tmp_path / "plain")], check=False, cwd=ROOT)
        assert len(os.listdir(tmp_path)) == 1  # never more than one
    write(tmp_path / "plain", b"whole")
    assert os.listdir(tmp_path) == ["plain"]


@pytest.mark.parametrize("locks", [True, False])
def test_writers_at_once_each_write_a_whole_file(locks, tmp_path, monkeypatch):
    if not locks:
        monkeypatch.setattr(autograd_files, "_locked", lambda file: False)
    path, broken = tmp_path / "plain", []

    def write_many(k):
        for _ in range(30):
            write(path, bytes([k]) * 5000)
            content = path.read_bytes()
            if len(content) != 5000 or len(set(content)) != 1:
                broken.append(content)

    threads = [threading.Thread(target=write_many, args=(k,)) for k in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not broken
    assert os.listdir(tmp_path) == ["plain"]


def test_the_longest_name_can_be_saved(tmp_path):
    path = tmp_path / ("n" * 251 + ".npz")
    SAVED["run.npz"](path)
    assert load_run(path).mlp.sizes == (2, 1)


def test_text_is_no_content_of_a_file(tmp_path):
    with pytest.raises(TypeError):
        write(tmp_path / "plain", "text")
    assert not os.listdir(tmp_path)

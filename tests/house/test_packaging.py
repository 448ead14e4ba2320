"""What people install is complete, and runs with nothing but what it declares."""

import re
import subprocess
import sys
import tomllib
import venv
import zipfile
from email import message_from_bytes
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
PROJECT = PYPROJECT["project"]
RUNTIME = PROJECT["dependencies"]
TESTING = PROJECT["optional-dependencies"]["testing"]
POSTGRES = PROJECT["optional-dependencies"]["postgres"]
DEV = PYPROJECT["dependency-groups"]["dev"]


def locked(name: str) -> dict[str, tuple[Requirement, int]]:
    """The pins of a lock file by canonical name, each with the number of its hashes."""
    text = (ROOT / name).read_text(encoding="utf-8").replace("\\\n", " ")
    pins = {}
    for line in text.splitlines():
        if line and not line.lstrip().startswith("#"):
            requirement, *hashes = line.split(" --hash=sha256:")
            assert all(re.fullmatch(r"[0-9a-f]{64}\s*", h) for h in hashes), line
            pin = Requirement(requirement.strip())
            pins[canonicalize_name(pin.name)] = pin, len(hashes)
    return pins


def run(*command: object, **options: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*map(str, command)], capture_output=True, text=True, **options)


def pip(python: Path, *command: object) -> subprocess.CompletedProcess[str]:
    return run(sys.executable, "-m", "pip", "--python", python, *command)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    built = run(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder, cwd=ROOT)
    assert built.returncode == 0, built.stderr
    (file,) = folder.glob("*.whl")
    return file


@pytest.mark.parametrize(
    ("lock", "declared"),
    [
        ("requirements.txt", RUNTIME),
        ("requirements-dev.txt", [*RUNTIME, *TESTING, *POSTGRES, *DEV]),
    ],
)
def test_a_lock_pins_all_that_is_declared_by_hash_and_names_no_place(lock, declared):
    pins = locked(lock)
    for requirement in map(Requirement, declared):
        pin, _ = pins[canonicalize_name(requirement.name)]
        (exactly,) = pin.specifier
        assert exactly.operator == "=="
        assert requirement.specifier.contains(exactly.version), f"{pin}: run ./dev lock"
    assert all(hashes for _, hashes in pins.values())
    text = (ROOT / lock).read_text(encoding="utf-8")
    for place in (r"://", r"index-url", r"find-links", r"trusted-host", r"(^|\s)[/~]"):
        assert not re.search(place, text, re.MULTILINE)


def test_the_small_lock_is_a_part_of_the_large_one():
    small, large = locked("requirements.txt"), locked("requirements-dev.txt")
    assert {name: large.get(name) for name in small} == small


def test_the_wheel_carries_every_file_of_the_package_the_seeds_and_nothing_else(wheel):
    names = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    package = {
        file.relative_to(ROOT).as_posix()
        for file in (ROOT / "postmortem").rglob("*")
        if file.is_file() and file.suffix != ".pyc"
    }
    seeds = {f"postmortem/seeds/{file.name}" for file in (ROOT / "seeds").glob("*.yaml")}
    assert "postmortem/py.typed" in names
    assert seeds
    assert package | seeds <= names
    assert all(name in package or name.startswith("postmortem/seeds/") for name in names)


def test_the_wheel_says_what_the_project_says(wheel):
    with zipfile.ZipFile(wheel) as archive:
        (info,) = {name.split("/")[0] for name in archive.namelist() if ".dist-info/" in name}
        said = message_from_bytes(archive.read(f"{info}/METADATA"))
        entry_points = archive.read(f"{info}/entry_points.txt").decode()
        assert archive.read(f"{info}/licenses/LICENSE") == (ROOT / "LICENSE").read_bytes()
    assert said["Name"] == "postmortem-record"
    assert said["License-Expression"] == "MIT"
    assert said["Requires-Python"] == ">=3.11"
    needs = {r for r in map(Requirement, said.get_all("Requires-Dist")) if not r.marker}
    assert needs == set(map(Requirement, RUNTIME))
    assert "postmortem = postmortem.cli:main" in entry_points


@pytest.fixture(scope="module")
def installed(wheel, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The programs of an environment that has the wheel and its run-time dependencies alone.

    Nothing is fetched: the distributions that requirements.txt names, and no others, are linked
    from where these tests run.
    """
    folder = tmp_path_factory.mktemp("installed")
    venv.create(folder, symlinks=True)
    (site,) = folder.glob("lib/python*/site-packages")
    for pin, _ in locked("requirements.txt").values():
        if pin.marker is None or pin.marker.evaluate():
            files = metadata.distribution(pin.name).files or []
            for top in {file.parts[0] for file in files} - {"..", "__pycache__"}:
                (site / top).symlink_to(Path(metadata.distribution(pin.name).locate_file(top)))
    done = pip(folder / "bin" / "python", "install", "--no-deps", "--no-index", wheel)
    assert done.returncode == 0, done.stderr
    return folder / "bin"


def at_home(home: Path, *command: object) -> subprocess.CompletedProcess[str]:
    """Runs a program as somebody does who has just installed it: no store yet, nothing set."""
    return run(*command, cwd=home, env={"HOME": str(home), "PATH": "/usr/bin:/bin"})


def test_no_module_needs_what_is_not_declared(installed, tmp_path):
    """All but what is an extra, and the file that runs when it is imported."""
    every_module = """
import importlib, pkgutil, postmortem
drivers = ("copying_servers", "follower", "postgres", "postgres_log", "server")
extras = {f"postmortem.store.{name}" for name in drivers}
for module in pkgutil.walk_packages(postmortem.__path__, "postmortem."):
    if module.name in {*extras, "postmortem.store.notifications"}:
        continue
    if not module.name.startswith(("postmortem.testing", "postmortem.__main__")):
        importlib.import_module(module.name)
"""
    done = at_home(tmp_path, installed / "python", "-W", "error", "-c", every_module)
    assert done.returncode == 0, done.stderr


def test_the_installed_packages_satisfy_each_other(installed):
    done = pip(installed / "python", "check")
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("words", [["--help"], ["--version"], ["demo"]], ids=" ".join)
def test_the_command_runs_where_only_the_wheel_is(installed, tmp_path, words):
    done = at_home(tmp_path, installed / "postmortem", *words)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip()
    assert not done.stderr

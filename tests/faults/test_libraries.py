"""Two SQLite libraries in one process are refused before either touches a file."""

import sys
from importlib.machinery import ModuleSpec

import pytest
from cli.books import HEAD
from cli.door import complaint, run


@pytest.mark.parametrize("name", ["pysqlite3", "sqlean"])
@pytest.mark.parametrize("how", ["installed", "loaded"])
def test_they_are_refused(tmp_path, monkeypatch, name, how):
    if how == "loaded":
        monkeypatch.setitem(sys.modules, name, sys)
    else:

        class Finder:
            @staticmethod
            def find_spec(asked, path=None, target=None):
                return ModuleSpec(asked, None) if asked == name else None

        monkeypatch.setattr(sys, "meta_path", [Finder, *sys.meta_path])
    (tmp_path / "book.yaml").write_text(HEAD)
    store = tmp_path / "store.db"
    said = complaint(run("--db", store, "import", tmp_path / "book.yaml"), 3)
    assert f"another SQLite library ({name}) is installed" in said
    assert "uninstall it" in said
    assert not store.exists()
    said = complaint(
        run("--db", "postgresql://nobody@/x?host=/nowhere", "import", tmp_path / "book.yaml"), 3
    )
    assert "another SQLite library" in said

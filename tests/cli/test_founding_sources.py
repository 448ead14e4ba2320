"""The founding case's citations: bound to recorded snapshots, and checked where the texts are.

The two articles are under copyright and no part of the project. PARLER_ARTICLES names a folder that
has them, as leafandcore.txt and nextpit.txt.
"""

import os
from pathlib import Path

import pytest
from cli.door import FOUNDING, run

from postmortem.core.citations import parse
from postmortem.tracker import Tracker

ARTICLES = ("leafandcore", "nextpit")


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    path = tmp_path_factory.mktemp("founding") / "parler.db"
    assert run("--db", path, "import", FOUNDING).status == 0
    return path


def citations(store):
    rows = run("--db", store, "verify-sources", "--json").json["citations"]
    return [parse(each["citation"]) for each in rows]


def test_every_place_is_bound_to_a_recorded_snapshot_and_lies_within_it(store):
    from postmortem.store.sources import sources

    with Tracker(str(store)) as tracker:
        known = sources(tracker.view, "parler")
    bound = [each for each in citations(store) if each.source in ARTICLES]
    assert len(bound) > 60
    for each in bound:
        assert each.is_bound, each
        (snapshot,) = known[each.source].snapshots
        assert snapshot.text_sha256.startswith(each.snapshot)
        assert 0 <= each.place.start < each.place.end <= snapshot.text_length


def test_none_of_the_articles_words_are_kept(store):
    assert "quotes:" not in FOUNDING.read_text("utf-8")
    counts = run("--db", store, "verify-sources", "--json").json["counts"]
    assert counts["not at hand"] > 60
    assert counts["unchecked"] == 4  # the embedded posts, which nobody has before him


def test_outlets_that_tell_of_the_same_posts_are_one_origin(store):
    found = {
        each["fact"]: each for each in run("--db", store, "coverage", "--json").json["by_fact"]
    }
    assert found["okta-cut-off"]["independent"] == 1  # the article and the post that it embeds
    assert found["app-store-removal"]["independent"] == 1  # the other article dates it only
    assert found["aws-cut-off"]["independent"] == 2
    assert run("--db", store, "check").out.count("C16") == 0


def test_the_articles_still_say_what_is_cited_of_them(store):
    folder = os.environ.get("PARLER_ARTICLES")
    files = [Path(folder or "") / f"{name}.txt" for name in ARTICLES]
    if folder is None or not all(file.is_file() for file in files):
        pytest.skip("the articles are not here: PARLER_ARTICLES names no folder that has them")
    found = run("--db", store, "verify-sources", *files, "--json").json
    assert {word: n for word, n in found["counts"].items() if n} == {"holds": 66, "unchecked": 4}
    assert run("--db", store, "coverage", *files, "--json").json["verified"]["none"] == 0

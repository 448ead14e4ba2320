"""`source`, `cite`, `verify-sources`, `coverage` as they are typed, with articles of our own."""

import json
import shutil

import pytest
from cli.door import FIXTURES, complaint, run
from jsonschema import Draft202012Validator

from postmortem.cli.schema import FILE, answer
from postmortem.core.citations import parse
from postmortem.core.passages import normalised
from postmortem.core.source_text import text_of

POST = FIXTURES / "sources" / "harbour-post.html"
BOTE = FIXTURES / "sources" / "kuestenbote.txt"
FERRY = FIXTURES / "sources" / "ferry.yaml"
POST_TEXT = text_of(POST.read_bytes(), "text/html")
BOTE_TEXT = text_of(BOTE.read_bytes(), "text/plain")


@pytest.fixture
def ask(tmp_path):
    """Runs a command on a store that holds the ferry line's casebook."""
    store = tmp_path / "ferry.db"
    assert run("--db", store, "import", FERRY).status == 0
    return lambda *words, **more: run("--db", store, *words, **more)


def cited(ask, file, passage, *options) -> str:
    ran = ask("cite", file, passage, *options)
    assert ran.status == 0, ran.err
    return ran.out.strip()


def noted(ask, id, *cites):
    options = [word for cite in cites for word in ("--cites", cite)]
    ran = ask("record", "note", "--id", id, "--text", "So.", "--at", "2024-03-11", *options)
    assert ran.status == 0, ran.err


def verified(ask, *files) -> dict[str, str]:
    """What became of each citation, by its plain form."""
    ran = ask("verify-sources", *files, "--json")
    assert ran.status in (0, 1), ran.err
    document = json.loads(ran.out)
    assert ran.status == int(any(document["counts"][word] for word in ("changed", "missing")))
    return {parse(each["citation"]).plain: each["status"] for each in document["citations"]}


# --- source -----------------------------------------------------------------------------------


def test_a_snapshot_is_recorded_once_and_a_changed_source_is_a_new_one(ask, tmp_path):
    first = ask("source", "add", POST, "--source", "post", "--json").json
    assert (first["recorded"], first["kept"], first["media_type"]) == (True, None, "text/html")
    assert first["length"] == len(POST.read_bytes())
    assert first["text_length"] == len(POST_TEXT)
    again = ask("source", "add", POST, "--source", "post", "--json").json
    assert again == {**first, "recorded": False}
    changed = tmp_path / "today.html"
    changed.write_bytes(POST.read_bytes() + b"<p>Updated.</p>")
    assert ask("source", "add", changed, "--source", "post", "--json").json["recorded"]
    shown = ask("source", "show", "post", "--json").json
    assert shown["snapshots"][0]["sha256"] == first["sha256"]
    assert len(shown["snapshots"]) == 2
    assert shown["roots"] == ["letter"]
    assert shown["archived"]


def test_the_same_bytes_may_be_of_two_sources(ask):
    for id in ("post", "bote"):
        assert ask("source", "add", BOTE, "--source", id, "--json").json["recorded"]
    assert "several sources: post, bote" in complaint(ask("cite", BOTE, "Karten"))


def test_kept_bytes_are_verified_without_the_file(ask, tmp_path):
    copy = tmp_path / "copy.txt"
    shutil.copy(BOTE, copy)
    citation = cited(ask, copy, "gezahlt habe man pünktlich", "--source", "bote")
    noted(ask, "paid", citation)
    assert verified(ask)[parse(citation).plain] == "not at hand"
    told = ask("source", "add", copy, "--source", "bote", "--keep")
    assert "kept as" in told.out
    copy.unlink()
    assert verified(ask)[parse(citation).plain] == "holds"
    listed = ask("source", "list", "--json").json
    assert {each["id"]: each["kept"] for each in listed}["bote"] == 1


def test_keeping_later_what_was_recorded_before_records_nothing(ask):
    assert ask("source", "add", BOTE, "--source", "bote", "--json").json["kept"] is None
    again = ask("source", "add", BOTE, "--source", "bote", "--keep", "--json").json
    assert (again["recorded"], bool(again["kept"])) == (False, True)


def test_what_is_known_of_a_snapshot_stands_with_it(ask):
    more = ("--retrieved-at", "2024-03-11 13:00 CET", "--archive-url", "https://archive.example/1")
    assert ask("source", "add", POST, "--source", "post", *more).status == 0
    (taken,) = ask("source", "show", "post", "--json").json["snapshots"]
    assert (taken["retrieved_at"], taken["archive_url"]) == (more[1], more[3])


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["source", "add", POST, "--source", "pst"], "did you mean post?"),
        (["source", "add", "no-such.html", "--source", "post"], "cannot be read"),
        (["source", "add", FIXTURES, "--source", "post"], "cannot be read"),
        (["source", "show", "pots"], "did you mean post?"),
        (["source", "add", POST, "--source", "post", "--retrieved-at", "noonish"], "retrieved-at"),
        (["cite", POST, "six", "--source", "nobody"], "no source 'nobody'"),
        (["cite", POST, "six"], "no recorded snapshot of any source"),
        (["cite", POST, " \n ", "--source", "post"], "the passage is empty"),
        (["cite", POST, "Tickets", "--source", "post", "--nth", "9"], "stands there 2 times"),
        (["verify-sources", POST], "no recorded snapshot of any source"),
        (["verify-sources", f"pots={POST}"], "did you mean post?"),
        (["verify-sources", "post=no-such.html"], "cannot be read"),
        (["coverage", POST], "no recorded snapshot of any source"),
    ],
    ids=str,
)
def test_what_is_refused(ask, words, says):
    assert says in complaint(ask(*words))


def test_a_record_without_sources(tmp_path):
    store = tmp_path / "bare.db"
    assert run("--db", store, "declare", "platform", "p").status == 0
    assert run("--db", store, "source", "list").out == "no source is declared\n"
    assert run("--db", store, "verify-sources").out == "nothing is cited\n"
    assert "needs a source" in run("--db", store, "coverage").out
    assert run("--db", store, "coverage", "--json").json["facts"] == 0


# --- cite -------------------------------------------------------------------------------------


def test_a_passage_is_found_as_it_is_read_whatever_its_lines(ask):
    found = ask("cite", POST, "Northwind Hosting  had\nswitched", "--source", "post", "--json").json
    assert POST_TEXT[found["start"] : found["end"]] == "Northwind Hosting had switched"
    assert found["occurrences"] == [found["start"]]
    assert not found["recorded"]
    citation = parse(found["citation"])
    assert (citation.excerpt, citation.snapshot) == (found["excerpt"], found["snapshot"])


def test_the_citation_alone_goes_to_standard_output(ask):
    ran = ask("cite", BOTE, "-", "--source", "bote", "--stance", "disputes", "--credibility", "3",
              stdin="Von unbezahlten\nRechnungen")  # fmt: skip
    assert ran.out.count("\n") == 1
    assert ran.out.startswith("bote#char=")
    assert ran.out.endswith(";stance=disputes;credibility=3\n")
    assert "not recorded yet" in ran.err
    ask("source", "add", BOTE, "--source", "bote")
    assert ask("cite", BOTE, "Karten").err == ""


def test_what_stands_there_several_times_is_told(ask):
    ran = ask("cite", POST, "Tickets are sold at the quay.", "--source", "post")
    assert "it stands there 2 times; this is number 1" in ran.err
    second = ask("cite", POST, "Tickets are sold at the quay.", "--source", "post", "--nth", "2")
    assert parse(second.out.strip()).place.start == POST_TEXT.rindex("Tickets")


def test_what_does_not_stand_there_is_answered_with_what_is_most_like_it(ask):
    said = complaint(ask("cite", POST, "nobody could make a booking", "--source", "post"))
    assert "does not stand in" in said
    assert "nobody could book a" in said
    assert "nor does any word" in complaint(ask("cite", POST, "zeppelin", "--source", "post"))
    assert "never said" not in POST_TEXT


def test_a_passage_that_begins_within_a_word_is_warned_of(ask):
    assert "begins within a word" in ask("cite", POST, "erry line", "--source", "post").err


def test_it_needs_no_store(tmp_path):
    ran = run("--db", tmp_path / "none.db", "cite", BOTE, "Karten", "--source", "bote")
    assert (ran.status, ran.err) == (0, "")
    assert run("--db", tmp_path / "none.db", "cite", BOTE, "Karten").status == 3


def test_what_cannot_be_read_is_cited_by_page(ask, tmp_path):
    pdf = tmp_path / "letter.pdf"
    pdf.write_bytes(b"%PDF-1.7 \xff")
    assert "#page=3" in complaint(ask("cite", pdf, "words", "--source", "letter"))
    assert ask("source", "add", pdf, "--source", "letter").status == 0
    noted(ask, "unpaid", "letter#page=1")
    assert verified(ask, pdf)["letter#page=1"] == "unchecked"


# --- verify-sources ---------------------------------------------------------------------------


@pytest.fixture
def quoted(ask):
    """With three passages of the paper cited, and the paper recorded."""
    ask("source", "add", POST, "--source", "post")
    noted(ask, "bills", cited(ask, POST, "It speaks of unpaid bills."))
    noted(ask, "learnt", cited(ask, POST, "We learnt of it from our passengers."))
    noted(ask, "again", cited(ask, POST, "Tickets are sold at the quay.", "--nth", "2"))
    return ask


def statuses(ask, file):
    found = verified(ask, f"post={file}")
    return [word for plain, word in sorted(found.items()) if plain.startswith("post#")]


def test_all_holds_in_the_text_that_was_cited(quoted):
    assert statuses(quoted, POST) == ["holds"] * 3


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("<h1>", "<p>Correction appended.</p><h1>", ["moved"] * 3),
        ("unpaid bills", "paid bills", ["changed", "moved", "moved"]),
        ("<p>Tickets are sold at the quay.</p>", "", ["holds", "holds", "moved"]),
        ("<blockquote>", "<blockquote hidden>", ["holds"] * 3),
        ("é", "e\u0301", ["holds"] * 3),
        ("\n", "\r\n   ", ["holds"] * 3),
    ],
)
def test_what_became_of_it_in_another_version(quoted, tmp_path, old, new, words):
    changed = tmp_path / "changed.html"
    changed.write_text(POST.read_text("utf-8").replace(old, new), "utf-8")
    assert sorted(statuses(quoted, changed)) == sorted(words)


def test_where_nothing_is_left_it_is_missing(quoted, tmp_path):
    empty = tmp_path / "gone.html"
    empty.write_text("<h1>404</h1>")
    assert statuses(quoted, empty) == ["missing"] * 3
    ran = quoted("verify-sources", f"post={empty}", "--lost")
    assert ran.status == 1
    assert "missing" in ran.out
    assert "cited by bills" in ran.out


def test_of_what_has_moved_the_new_citation_is_told_and_holds(quoted, tmp_path):
    moved = tmp_path / "moved.html"
    moved.write_text(POST.read_text("utf-8").replace("<h1>", "<p>News</p><h1>"), "utf-8")
    rows = quoted("verify-sources", f"post={moved}", "--json").json["citations"]
    fresh = [each["now"] for each in rows if each["status"] == "moved"]
    assert len(fresh) == 3
    quoted("source", "add", moved, "--source", "post")
    noted(quoted, "fresh", *fresh)
    found = quoted("verify-sources", moved, "--json").json["citations"]
    assert {each["status"] for each in found if each["citation"] in fresh} == {"holds"}


def test_old_citations_stay_bound_to_their_own_snapshot(quoted, tmp_path):
    """Both versions are kept: each citation is checked in the one that it was taken from."""
    other = tmp_path / "other.html"
    other.write_text("<p>All is well, says the ferry line.</p>")
    for file in (POST, other):
        quoted("source", "add", file, "--source", "post", "--keep")
    noted(quoted, "well", cited(quoted, other, "All is well"))
    found = verified(quoted)
    assert {word for plain, word in found.items() if plain.startswith("post#")} == {"holds"}


def test_a_damaged_kept_file_is_no_evidence(quoted, tmp_path):
    kept = quoted("source", "add", POST, "--source", "post", "--keep", "--json").json["kept"]
    with open(kept, "ab") as file:
        file.write(b"!")
    ran = quoted("verify-sources")
    assert ran.status == 3
    assert "not those of its name" in ran.err


def test_retracted_facts_are_not_checked(quoted):
    assert quoted("retract", "bills", "--reason", "No.").status == 0
    assert len(statuses(quoted, POST)) == 2


def test_hostile_words_do_not_reach_the_terminal(ask):
    noted(ask, "evil", "post#\x9b31m \u202e;excerpt=x")
    ran = ask("verify-sources")
    assert "\x9b" not in ran.out
    assert "\u202e" not in ran.out
    assert "\\u{9b}" in ran.out


# --- evidence, where it is shown --------------------------------------------------------------


def evidence(ask, id):
    rows = ask("timeline", "--json").json["timeline"]
    return next(row["evidence"] for row in rows if row["id"] == id)


def test_outlets_with_one_origin_are_one_voice(ask):
    found = evidence(ask, "dark")
    assert (found["independent"], found["roots"]) == (
        2,
        ["letter", "log"],
    )  # the claim is the log's
    assert ask("retract", "at-six", "--reason", "It was the clock of the test system.").status == 0
    found = evidence(ask, "dark")
    assert (found["independent"], found["single_source"]) == (1, True)
    shown = ask("explain", "booking", "--at", "2024-03-11T12:00").out
    assert "evidence one origin behind 2 sources" in shown
    assert "supported by one origin alone: dark" in shown
    assert "(one origin behind 2 sources)" in ask("timeline").out
    assert "one origin behind 2 sources" in ask("timeline", "--format", "csv").out


def test_the_claims_that_make_a_span_are_named(ask):
    assert "its span is at-six's" in ask("timeline").out


def test_a_dispute_is_shown_and_moves_nothing(ask):
    question = ("state", "--at", "2024-03-11T12:00", "--json")
    before = ask(*question).json
    ran = ask("record", "fact-disputed", "--id", "paid", "--about", "dark", "--aspect",
              "attribution", "--text", "We paid, and they know it.", "--by", "The ferry line",
              "--cites", "bote#p. 1")  # fmt: skip
    assert ran.status == 0, ran.err
    assert ask(*question).json == before
    assert evidence(ask, "dark")["disputed_by"] == [{"id": "paid", "aspect": "attribution"}]
    timeline = ask("timeline").out
    assert "dark · service-cut-off · attribution disputed" in timeline
    assert "disputed by paid: attribution (bote#p. 1)" in timeline
    assert (
        "disputed by paid: attribution" in ask("explain", "booking", "--at", "2024-03-12T00:00").out
    )
    report = ask("report").out
    assert "who did it is disputed: We paid, and they know it." in report
    assert ask("coverage", "--json").json["disputed"] == 1
    assert ask("retract", "paid", "--reason", "They did not say so.").status == 0
    assert not evidence(ask, "dark")["disputed"]


def test_a_citation_against_is_no_support(ask):
    noted(ask, "solvent", "log", "letter#page=1;stance=disputes")
    found = evidence(ask, "solvent")
    assert (found["independent"], found["disputed"]) == (1, True)
    assert "a source that is cited speaks against it" in ask("report").out


def test_coverage_counts_by_what_counts(ask, tmp_path):
    found = ask("coverage", "--json").json
    assert (found["facts"], found["verified"]) == (3, None)
    assert found["independent"] == {"none": 1, "one": 1, "two_or_more": 1}
    assert found["archived"] == {"none": 1, "one": 2, "two_or_more": 0}
    assert found["bound"] == {"none": 3, "one": 0, "two_or_more": 0}
    assert [each["fact"] for each in found["by_fact"]] == ["cheered", "quay", "dark"]
    ask("source", "add", POST, "--source", "post")
    noted(ask, "bills", cited(ask, POST, "It speaks of unpaid bills."))
    found = ask("coverage", POST, "--json").json
    assert found["bound"] == found["verified"] == {"none": 3, "one": 1, "two_or_more": 0}
    other = tmp_path / "other.html"
    other.write_text("<p>Nothing.</p>")
    assert ask("coverage", f"post={other}", "--json").json["verified"]["none"] == 4
    shown = ask("coverage").out
    assert "without a source: cheered" in shown
    assert "1 (25 %)" in shown
    assert "one origin" in ask("coverage", "--facts").out


def test_coverage_in_a_casebook_of_nothing_but_our_own_doings(tmp_path):
    store = tmp_path / "own.db"
    book = tmp_path / "own.yaml"
    book.write_text(
        "casebook: 1\nplatform: {id: p, zone: UTC}\nincidents:\n"
        "  i:\n    title: An incident\n    at: 2024-01-01\n"
        "    roles: {role: scribe, person: Ada, at: 2024-01-01}\n"
    )
    assert run("--db", store, "import", book).status == 0
    assert "C16" not in run("--db", store, "check").out
    assert run("--db", store, "coverage", "--json").json["facts"] == 0


def test_the_public_report_names_public_sources_and_no_others(ask):
    public = ask("report", "--audience", "public").out
    assert "*Ferry line's booking goes dark*" in public
    assert "Ferry without booking" not in public
    assert "### How well this is supported" in public
    internal = ask("report").out
    assert "Ferry without booking" in internal
    assert "Reports from `letter`" in internal


def test_a_quotation_stands_with_its_place_unless_it_is_withheld(ask):
    citation = cited(ask, POST, "It speaks of unpaid bills.", "--source", "post")
    words = ("record", "note", "--id", "q", "--text", "So.", "--at", "2024-03-11")
    quoting = ("--cites", citation, "--quotes", f"{parse(citation).plain}=unpaid bills = debts")
    assert ask(*words, *quoting).status == 0
    assert "“unpaid bills \\= debts”" in ask("report").out
    assert "unpaid bills" not in ask("report", "--audience", "public").out
    assert "“unpaid bills = debts”" in ask("timeline").out
    assert "q" in ask("search", "debts").out
    other = ("--cites", "post", "--quotes", "bote=words")
    assert "nothing that it cites" in complaint(ask(*words[:3], "r", *words[4:], *other))


def test_a_citation_may_be_written_as_a_mapping(ask, tmp_path):
    more = tmp_path / "more.yaml"
    more.write_text(
        FERRY.read_text("utf-8")
        + "  - id: m\n    type: note\n    at: 2024-03-11\n    text: So.\n"
        + "    cites: [log, {source: post, char: [0, 9], stance: disputes}]\n",
        "utf-8",
    )
    assert ask("import", more, "--json").json == {"recorded": 1, "skipped": 11}
    found = ask("show", "m", "--json").json
    assert "post#char=0,9;stance=disputes" in json.dumps(found)


def test_sources_stand_in_any_order_in_a_casebook(tmp_path):
    """`bote` reports from `post`, which stands below it."""
    circle = FERRY.read_text("utf-8").replace(
        "title: Letter of", "origins: bote\n    title: Letter"
    )
    book = tmp_path / "circle.yaml"
    book.write_text(circle, "utf-8")
    ran = run("--db", tmp_path / "p.db", "import", book)
    assert "report from each other in a circle: bote → post → letter → bote" in complaint(ran)
    assert "circle.yaml, line" in ran.err


def test_a_snapshot_has_no_time_in_the_world_to_be_named(ask):
    taken = ask("source", "add", POST, "--source", "post", "--json").json["snapshot"]
    said = complaint(ask("state", "--at", f"@{taken}"))
    assert "has no time of its own" in said
    assert taken not in ask("timeline").out
    assert taken not in ask("report").out
    assert taken in ask("log").out
    assert ask("show", taken).status == 0
    assert ask("history", taken).status == 0
    assert ask("search", "text/html").status == 0
    assert taken in ask("show", "source:post").out


def test_our_articles_are_what_these_tests_take_them_for():
    assert normalised(BOTE.read_text("utf-8")) == BOTE_TEXT
    assert "North wind" not in POST_TEXT
    assert "Northwind Hosting had switched the servers off shortly after six o’clock" in POST_TEXT


# --- the answers as JSON ----------------------------------------------------------------------


def test_every_answer_fits_its_schema(ask, tmp_path):
    described = json.loads(FILE.read_text("utf-8"))
    changed = tmp_path / "changed.html"
    changed.write_text("<p>Nothing.</p>")
    pdf = tmp_path / "letter.pdf"
    pdf.write_bytes(b"%PDF-1.7 \xff")
    asked = [
        ("source", ["source", "add", pdf, "--source", "letter", "--keep"]),
        ("source", ["source", "add", POST, "--source", "post", "--archive-url", "https://a.b/c"]),
        ("source", ["source", "list"]),
        ("source", ["source", "show", "post"]),
        ("source", ["source", "show", "letter"]),
        ("cite", ["cite", POST, "Tickets", "--source", "post"]),
        ("verify-sources", ["verify-sources"]),
        ("verify-sources", ["verify-sources", f"post={changed}", "--known-at", "2024-03-11T12:00"]),
        ("coverage", ["coverage", POST]),
        ("coverage", ["coverage", "--recorded-at", "1990-01-01T00:00Z"]),
    ]
    noted(ask, "bills", cited(ask, POST, "It speaks of unpaid bills.", "--source", "post"))
    for name, words in asked:
        ran = ask(*words, "--json")
        assert ran.status in (0, 1), ran.err
        errors = Draft202012Validator(answer(described, name)).iter_errors(json.loads(ran.out))
        assert not [error.message for error in errors], words


def test_rows_in_every_form(ask):
    for command in (["source", "list"], ["source", "show", "post"], ["verify-sources"],
                    ["coverage"], ["coverage", "--facts"]):  # fmt: skip
        for form in ("csv", "markdown", "json", "table"):
            ran = ask(*command, "--format", form)
            assert (ran.status, ran.err) in ((0, ""), (0, ran.err if form == "table" else "")), ran
            assert ran.out


def test_several_platforms_keep_their_sources_apart(ask, tmp_path):
    other = tmp_path / "other.yaml"
    other.write_text("casebook: 1\nplatform: {id: bus}\nsources: {post: {title: Another post}}\n")
    assert ask("import", other).status == 0
    assert "several platforms" in complaint(ask("source", "add", POST, "--source", "post"))
    added = ask("source", "add", POST, "--source", "post", "--platform", "bus", "--json").json
    assert added["recorded"]
    assert ask("source", "show", "post", "--platform", "ferry", "--json").json["snapshots"] == []
    assert len(ask("source", "list", "--platform", "bus", "--json").json) == 1

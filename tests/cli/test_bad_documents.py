"""Files that are no casebook: refused with their line, whatever they hold, and nothing recorded."""

import json
import os
import shutil

import pytest
from cli.books import HEAD, event, recorded, refused, write
from cli.door import complaint, positions, run

from postmortem.importers.document import LARGEST

BOMB = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{new}: &{new} [{', '.join(['*' + old] * 9)}]{' ←' if new == 'b' else ''}\n"
    for old, new in zip("abcdefgh", "bcdefghi", strict=True)
)

YAML = {
    "an unclosed mapping": (
        "casebook: 1\nplatform: {id: p\nservices: ←\n  s: {}\n",
        ["this is no YAML", "flow mapping that begins in line 2"],
    ),
    "an unclosed quote": (
        "casebook: 1\nplatform: {id: 'p}\n ←",
        ["this is no YAML", "quoted scalar that begins in line 2"],
    ),
    "a tab for a blank": (HEAD + "\t- {id: x} ←\n", ["this is no YAML"]),
    "a line set in too little": (
        "casebook: 1\nservices:\n   s: {}\n  t: {} ←\n",
        ["this is no YAML", "did not find expected key"],
    ),
    "a second colon": ("casebook: 1\nplatform: a: b ←\n", ["this is no YAML", "not allowed"]),
    "a key twice": (
        "casebook: 1\nplatform: {id: p}\nservices: {}\nplatform: {id: q} ←\n",
        ["'platform'", "twice", "line 2"],
    ),
    "a service twice": (
        "casebook: 1\nplatform: {id: p}\nservices:\n  s: {}\n  t: {}\n  s: {} ←\n",
        ["'s'", "twice", "line 4"],
    ),
    "a key twice in one line": (
        HEAD + "  - {id: x, type: note, id: y} ←\n",
        ["'id'", "twice"],
    ),
    "a key twice though quoted": (HEAD + '  - {id: x, type: note, "id": y} ←\n', ["'id'", "twice"]),
    "a key twice under meta": (
        "casebook: 1\nplatform:\n  id: p\n  meta:\n    a: 1\n    a: 2 ←\n",
        ["'a'", "twice", "line 5"],
    ),
    "an alias": (
        "casebook: 1\nplatform: &it\n  id: p\nservices:\n  s: *it ←\n",
        ["an alias", "*it", "write it out"],
    ),
    "a merge": (
        "casebook: 1\nplatform: &it {id: p}\nservices:\n  s:\n    <<: *it ←\n",
        ["an alias", "*it"],
    ),
    "an alias for a key": ("casebook: 1\nplatform: {id: &it p}\n? *it ←\n: x\n", ["an alias"]),
    "an alias of itself": ("casebook: 1\nplatform: &it {id: *it} ←\n", ["an alias"]),
    "a bomb of aliases": (f"casebook: 1\n{BOMB}", ["an alias", "*a"]),
    "a tag": ("casebook: !!int 1 ←\n", ["a tag, !!int", "leave it out"]),
    "a tag of its own": ("casebook: 1\nplatform: !thing {id: p} ←\n", ["a tag", "!thing"]),
    "a tag that would run code": (
        'casebook: 1\nplatform:\n  id: !!python/object/apply:os.system ["touch /tmp/x"] ←\n',
        ["a tag", "python/object"],
    ),
    "a tag without a handle": ("casebook: !none!1 x ←\n", ["this is no YAML", "tag"]),
    "a second document": (HEAD + "---  ←\ncasebook: 1\n", ["a second document", "one file"]),
    "a second document after an end": ("casebook: 1\n...\n--- ←\n{}\n", ["a second document"]),
    "a list for a key": ("casebook: 1\n? [a, b] ←\n: c\n", ["a key is a list or a mapping"]),
    "a mapping for a key": ("casebook: 1\n{a: b}: c ←\n", ["a key is a list or a mapping"]),
    "a key over two lines": (
        'casebook: 1\n? "plat ←\n   form"\n: {id: p}\n',
        ["unknown key 'plat form'"],
    ),
    "a key over two lines without a mark": (
        'casebook: 1\n"plat\n  form": {id: p} ←\n',
        ["this is no YAML"],
    ),
    "a directive of a later YAML": (
        "%YAML 3.0 ←\n---\ncasebook: 1\n",
        ["this is no YAML", "incompatible YAML document"],
    ),
    "text alone": ("casebook ←", ["a casebook takes keys with values"]),
    "a list": ("- casebook: 1 ←\n", ["a casebook takes keys with values"]),
    "another version": ("platform: {id: p}\ncasebook: 2 ←\n", ["casebook: 1"]),
    "no version": ("platform: {id: p} ←\n", ["casebook: 1"]),
    "no platform": ("casebook: 1 ←\nservices: {}\n", ["names no platform"]),
    "an unknown key": (HEAD + "event: [] ←\n", ["unknown key 'event'", "did you mean events?"]),
    "an unknown key without likeness": (
        "casebook: 1\nqqq: 1 ←\n",
        ["unknown key 'qqq'", "platform"],
    ),
    "events as a mapping": (HEAD.replace("events:", "events: {a: b} ←"), ["events", "list"]),
    "events as text": (HEAD.replace("events:", "events: none ←"), ["events", "list"]),
    "an event that is text": (HEAD + "  - nothing ←\n", ["an event takes keys"]),
    "an empty event": (HEAD + "  - {} ←\n", ["names its type"]),
    "services as a list": (
        "casebook: 1\nplatform: {id: p}\nservices: [s] ←\n",
        ["services", "keys"],
    ),
    "a service that is text": (
        "casebook: 1\nplatform: {id: p}\nservices: {s: AWS} ←\n",
        ["s takes keys"],
    ),
    "platform as text": ("casebook: 1\nplatform: p ←\n", ["platform takes keys"]),
    "a platform without an id": ("casebook: 1\nplatform: {name: P} ←\n", ["id is missing"]),
    "a platform of a bad id": ("casebook: 1\nplatform: {id: A B} ←\n", ["'A B' is no id"]),
    "a platform of a listed id": ("casebook: 1\nplatform: {id: [p]} ←\n", ["id", "text"]),
    "a service of a bad id": (
        "casebook: 1\nplatform: {id: p}\nservices:\n  S: {} ←\n",
        ["'S' is no id", "lower-case"],
    ),
    "a capability of a bad id": (
        "casebook: 1\nplatform: {id: p}\nservices: {s: {}}\ncapabilities:\n  ö: s ←\n",
        ["is no id"],
    ),
    "an id given twice": (
        "casebook: 1\nplatform: {id: p}\nservices:\n  s: {id: t} ←\n",
        ["its id twice"],
    ),
    "an unknown zone": (
        "casebook: 1\nplatform: {id: p, zone: Europe/Berln} ←\n",
        ["'Europe/Berln'"],
    ),
}


@pytest.mark.parametrize(("text", "says"), YAML.values(), ids=YAML)
def test_yaml(tmp_path, text, says):
    refused(tmp_path, text, *says)


JSON = {
    "a key twice": (
        '{"casebook": 1,\n "platform": {"id": "p"},\n "platform": {"id": "q"}←}',
        ["'platform'", "twice", "line 2"],
    ),
    "a key twice, once escaped": (
        '{"casebook": 1,\n "platform": {"id": "p", "\\u0069d": "q"}←}',
        ["'id'", "twice"],
    ),
    "a comma at the end of a mapping": (
        '{"casebook": 1,\n "platform": {"id": "p"},\n}←',
        ["this is no JSON", "key"],
    ),
    "a comma at the end of a list": (
        '{"casebook": 1, "platform": {"id": "p"},\n "events": [\n {"id": "x"},\n ]←}',
        ["this is no JSON", "value is missing"],
    ),
    "not a number": ('{"casebook": 1,\n "platform": {"id": NaN←}}', ["this is no JSON"]),
    "infinity": ('{"casebook": 1,\n "platform": {"id": -Infinity←}}', ["this is no JSON"]),
    "a number with a plus": ('{"casebook": +1←}', ["this is no JSON"]),
    "a number in eight": ('{"casebook": 01←}', ["this is no JSON"]),
    "single quotes": ("{'casebook': 1←}", ["this is no JSON"]),
    "a comment": ('{"casebook": 1, // one←\n "platform": {"id": "p"}}', ["this is no JSON"]),
    "no end": ('{"casebook": 1,\n "platform": {"id": "p"}\n←', ["this is no JSON"]),
    "no end of a text": ('{"casebook": 1,\n "platform": {"id": "p←', ["this is no JSON"]),
    "a raw line end in a text": (
        '{"casebook": 1,\n "platform": {"id": "p←\n"}}',
        ["this is no JSON"],
    ),
    "an escape that is none": (
        '{"casebook": 1,\n "platform": {"id": "\\x41"}}←',
        ["this is no JSON"],
    ),
    "more after the end": ('{"casebook": 1}\n{}←', ["this is no JSON", "more after the end"]),
    "half a surrogate pair": (
        '{"casebook": 1,\n "platform": {"id": "p", "name": "\\ud800"}←}',
        ["half a surrogate pair, U+D800"],
    ),
    "half a surrogate pair in an id": (
        '{"casebook": 1,\n "platform": {"id": "\\udfff"}←}',
        ["half a surrogate pair, U+DFFF"],
    ),
    "half a surrogate pair in a key": (
        '{"casebook": 1,\n "\\ud800": 1←}',
        ["half a surrogate pair"],
    ),
    "half a surrogate pair in a formula": (
        '{"casebook": 1, "platform": {"id": "p"},\n "capabilities": {"c": "\\ud800"}←}',
        ["half a surrogate pair"],
    ),
    "half a surrogate pair under meta": (
        '{"casebook": 1,\n "platform": {"id": "p", "meta": {"a": {"\\ud800": "b"}}}←}',
        ["half a surrogate pair"],
    ),
    "a control character, escaped": (
        '{"casebook": 1,\n "platform": {"id": "p", "name": "\\u0000"}←}',
        ["control character, U+0000"],
    ),
    "a fraction for the version": (
        '{"platform": {"id": "p"},\n "casebook": 1.0←}',
        ["casebook: 1"],
    ),
    "a list": ("[←]", ["a casebook takes keys"]),
    "nothing": ("←", ["this is no JSON"]),
    "blanks": (" \n ←", ["this is no JSON"]),
    "an unknown zone in an event": (
        '{"casebook": 1, "platform": {"id": "p"},\n "events": [\n'
        '  {"id": "x", "type": "note", "text": "t",\n   "at": "2024-01-01T00:00[Mars/Base]"}←]}',
        ["'Mars/Base'"],
    ),
}


@pytest.mark.parametrize(("text", "says"), JSON.values(), ids=JSON)
def test_json(tmp_path, text, says):
    refused(tmp_path, text, *says, name="casebook.json")


DEEP = 100_000


DEPTHS = {
    "lists": ("deep.yaml", "casebook: 1\nevents: " + "[" * DEEP),
    "mappings": ("deep.yaml", "casebook: 1\nevents: " + "{a: " * DEEP),
    "lists without brackets": ("deep.yaml", "casebook: 1\nevents:\n  " + "- " * 1000),
    "JSON lists": ("deep.json", '{"casebook": 1,\n "events": ' + "[" * DEEP),
    "JSON mappings": ("deep.json", '{"casebook": 1,\n "events": ' + '{"a": ' * DEEP),
    "JSON lists that end": ("deep.json", "[\n" + "[" * DEEP + "]" * (DEEP + 1)),
}


@pytest.mark.parametrize(("name", "text"), DEPTHS.values(), ids=DEPTHS)
def test_depth(tmp_path, name, text):
    line = 3 if "- -" in text else 2
    refused(tmp_path, text, "nest", name=name, line=line)


def test_a_formula_too_deep(tmp_path):
    formula = "{optional: " * 90 + "s" + "}" * 90
    refused(tmp_path, f"{HEAD.replace('c: s', f'c: {formula}←')}", "nested more than")


@pytest.mark.parametrize("name", ["big.yaml", "big.json", "big"])
def test_a_hundred_megabytes(tmp_path, name):
    file = tmp_path / name
    file.write_text(HEAD)
    os.truncate(file, 100_000_000)
    said = complaint(run("--db", tmp_path / "new.db", "import", file))
    assert f"{file}: the file has 100,000,000 bytes" in said
    assert f"{LARGEST:,}" in said
    assert ".jsonl" in said
    assert not (tmp_path / "new.db").exists()


@pytest.mark.parametrize("code", [0x00, 0x07, 0x08, 0x0B, 0x1B, 0x1F, 0x7F])
@pytest.mark.parametrize("name", ["casebook.yaml", "casebook.json"])
def test_a_raw_control_character(tmp_path, code, name):
    text = f"casebook: 1\nplatform: {{id: p, name: a{chr(code)}b}} ←\n"
    refused(tmp_path, text, f"control character, U+{code:04X}", name=name)


ESCAPED = {
    "a name": "casebook: 1\nplatform:\n  id: p\n  name: ODD ←\n",
    "a title": "casebook: 1\nplatform: {id: p}\nsources:\n  x:\n    title: ODD ←\n",
    "an address": "casebook: 1\nplatform: {id: p}\nsources:\n  x:\n    title: t\n    url: ODD ←\n",
    "a note": HEAD + "  - {id: x, type: note, at: 2024-01-01T00:00Z, text: t, note: ODD} ←\n",
    "a locator": HEAD
    + '  - {id: x, type: note, at: 2024-01-01T00:00Z, text: t, cites: ["src#ODD"]} ←\n',
    "meta": "casebook: 1\nplatform:\n  id: p\n  meta:\n    a: [{b: ODD}] ←\n",
    "a key of meta": "casebook: 1\nplatform:\n  id: p\n  meta:\n    a: [{ODD: b}] ←\n",
}


@pytest.mark.parametrize("text", ESCAPED.values(), ids=ESCAPED)
@pytest.mark.parametrize(
    ("escape", "code"), [("\\0", "0000"), ("\\e", "001B"), ("\\x07", "0007"), ("\\x7f", "007F")]
)
def test_an_escaped_control_character(tmp_path, text, escape, code):
    escaped = escape if '"src#' in text else f'"a{escape}[2J"'
    refused(
        tmp_path,
        text.replace("ODD", escaped),
        f"control character, U+{code}",
        "an escape writes it",
    )


@pytest.mark.parametrize("field", ["id", "type", "at", "service", "requires", "zone", "unknown"])
def test_no_message_passes_a_control_character_on(tmp_path, field):
    odd = '"\\e]0;owned\\a\\x9b31m\\u202e"'
    text = {
        "id": HEAD + f"  - {{id: {odd}, type: note, at: 2024-01-01T00:00Z, text: t}} ←\n",
        "type": HEAD + f"  - {{id: x, type: {odd}}} ←\n",
        "at": HEAD + f"  - {{id: x, type: note, text: t, at: {odd}}} ←\n",
        "service": HEAD + f"  - {{id: x, type: service-down, service: {odd}, at: 2024-01-01}} ←\n",
        "requires": HEAD.replace("c: s", f"c: {odd} ←"),
        "zone": f"casebook: 1\nplatform: {{id: p, zone: {odd}}} ←\n",
        "unknown": f"casebook: 1\nplatform: {{id: p, {odd}: x}} ←\n",
    }[field]
    ran = refused(tmp_path, text)
    assert all(character.isprintable() or character == "\n" for character in ran.err)


BYTES = {
    "UTF-16": ("casebook: 1\n".encode("utf-16"), 1, "no UTF-8 text"),
    "UTF-16 without a mark": ("casebook: 1\n".encode("utf-16-le"), 1, "control character"),
    "UTF-32": ("casebook: 1\n".encode("utf-32"), 1, "no UTF-8 text"),
    "Latin-1": ("casebook: 1\nplatform: {id: p, name: Käse}\n".encode("latin-1"), 2, "byte 0xe4"),
    "a surrogate in UTF-8": (
        b"casebook: 1\nplatform: {id: p, name: \xed\xa0\x80}\n",
        2,
        "byte 0xed",
    ),
    "an overlong zero": (b"casebook: 1\nplatform: {id: p, name: \xc0\x80}\n", 2, "byte 0xc0"),
}


@pytest.mark.parametrize(("data", "line", "says"), BYTES.values(), ids=BYTES)
@pytest.mark.parametrize("name", ["casebook.yaml", "casebook.json"])
def test_bytes_that_are_no_text(tmp_path, data, line, says, name):
    refused(tmp_path, data, says, name=name, line=line)


@pytest.mark.parametrize("data", [b"", b"\xef\xbb\xbf", b"  \n\n", b"# nothing yet\n", b"---\n"])
def test_an_empty_file(tmp_path, data):
    file, _ = write(tmp_path, data)
    said = complaint(run("--db", tmp_path / "new.db", "import", file))
    assert str(file) in said
    assert positions(tmp_path / "new.db") == []


def test_a_byte_order_mark_is_no_fault(tmp_path):
    recorded(tmp_path / "store.db", "\ufeff" + HEAD)
    recorded(
        tmp_path / "other.db",
        "\ufeff" + json.dumps({"casebook": 1, "platform": {"id": "p"}}),
        "b.json",
    )


def test_neither_line_ends_nor_the_last_one_are_a_fault(tmp_path):
    recorded(tmp_path / "store.db", HEAD.replace("\n", "\r\n").rstrip())


def test_what_is_no_file(tmp_path):
    store = tmp_path / "new.db"
    assert f"{tmp_path} cannot be read: Is a directory" in complaint(
        run("--db", store, "import", tmp_path)
    )
    missing = tmp_path / "missing.yaml"
    assert f"{missing} cannot be read: No such file" in complaint(
        run("--db", store, "import", missing)
    )
    (tmp_path / "loop.yaml").symlink_to("loop.yaml")
    assert "cannot be read" in complaint(run("--db", store, "import", tmp_path / "loop.yaml"))
    assert not store.exists()


def test_a_file_of_no_known_format(tmp_path):
    file, _ = write(tmp_path, "Dear Sir or Madam\n", "letter.txt")
    said = complaint(run("--db", tmp_path / "new.db", "import", file))
    assert f"{file}: the file is of no known format" in said
    assert ".yaml" in said


@pytest.mark.parametrize("order", [(0, 1, 2), (1, 0, 2), (0, 2, 1)])
def test_of_several_files_the_others_are_recorded(tmp_path, order):
    good = write(tmp_path, HEAD, "good.yaml")[0]
    bad = write(tmp_path, HEAD + event("x", type="nothing"), "bad.yaml")[0]
    more = write(tmp_path, HEAD + event("n", type="note", at="2024-01-01", text="t"), "more.yaml")[
        0
    ]
    files = [(good, bad, more)[index] for index in order]
    store = tmp_path / "store.db"
    ran = run("--db", store, "import", *files)
    assert ran.status == 2
    assert ran.err.count("postmortem: ") == 1
    assert str(bad) in ran.err
    assert len(ran.out.splitlines()) == 2
    assert positions(store) == list(range(1, 8 + 1))
    ran = run("--db", store, "import", "--json", *files)
    assert ran.status == 2
    assert json.loads(ran.out) == {"recorded": 0, "skipped": 7 + 8}


@pytest.mark.parametrize(
    "written",
    ["no", "012", "2021-01-10", "1_000", "0x1F", "1e3", "~", "null", "12:30:45", ".inf", "true"],
)
def test_a_scalar_is_the_text_that_was_written(tmp_path, written):
    store = tmp_path / "store.db"
    id = written.lower() if written.isalnum() or "-" in written or "_" in written else "s"
    recorded(store, f"casebook: 1\nplatform: {{id: p, name: {written}}}\nservices:\n  {id}: {{}}\n")
    question = ["state", "--at", "2024-01-01T00:00Z"]
    assert run("--db", store, *question).out.startswith(f"{written} at 2024-01-01 00:00 UTC")
    assert list(run("--db", store, *question, "--json").json["services"]) == [id]


def test_standard_input_is_named(tmp_path):
    said = complaint(
        run("--db", tmp_path / "new.db", "import", "-", stdin="casebook: 1\nplatfrom: {}\n")
    )
    assert said.startswith("postmortem: standard input, line 2: unknown key 'platfrom'")
    shutil.rmtree(tmp_path)

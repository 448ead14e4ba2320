"""What recording costs, beside the bare disk and beside the library as its tutorial has it."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from itertools import islice
from typing import Any

from postmortem.bench.ground import Ground
from postmortem.bench.history import SERVICES, Made, made
from postmortem.bench.rows import Row, clocked, in_turns, median, percentile
from postmortem.core.errors import NOWHERE
from postmortem.core.words import canonical
from postmortem.reports import jsonl
from postmortem.store.baselines import Bare, Stock, StockProjection
from postmortem.tracker import Tracker

_FEW = 240  # events that are recorded one by one
_MANY = 100_000
_BATCH = 100


def _line(event: Made) -> str:
    return jsonl.line(dict(event.envelope), event.said)


def _service(event: Made) -> str:
    return str(event.envelope["stream"])


def one_by_one(ground: Ground) -> Iterator[Row]:
    """One event, one durable commit, everything included."""
    if ground.own is not None:
        return
    from postmortem.importers.jsonl import line_in

    declared = SERVICES + 61
    events = list(made(declared + 2 * _FEW, ground.seed))
    path = ground.path("record.db")
    bare, stock = Bare(ground.path("bare.db")), Stock(ground.path("stock.db"))
    with contextlib.closing(bare), contextlib.closing(stock), Tracker(path) as tracker:

        def record(event: Made) -> None:
            tracker.record([line_in(_line(event), NOWHERE).draft(False)])

        for event in events[:declared]:
            record(event)
        times: list[list[float]] = [[], [], []]
        for event in events[declared:]:
            state = canonical(event.envelope)
            works = [
                lambda event=event: record(event),
                lambda state=state: bare.save([state]),
                lambda event=event: stock.save([stock.tell(_service(event), dict(event.envelope))]),
            ]
            for place, found in enumerate(in_turns(works, 1)):
                times[place] += found
        ours, disk, library = (median(found[_FEW // 2 :]) for found in times)
    what = "record, one event a durable commit"
    yield Row("record-bare", what, "the same bytes by bare sqlite3", len(events), disk / ours,
              0.30, 0.45, True, ours, percentile(times[0], 0.99), disk)  # fmt: skip
    yield Row("record-stock", what, "the stock library's save", len(events), library / ours,
              0.6, None, True, ours, percentile(times[0], 0.99), library)  # fmt: skip


def importing(ground: Ground) -> Iterator[Row]:
    """JSON Lines, all in one transaction."""
    if ground.own is not None:
        return
    events = list(made(min(_MANY, ground.largest), ground.seed))
    text = "\n".join(map(_line, events)).encode()
    with Tracker(ground.path("import.db")) as tracker:
        ours = clocked(lambda: tracker.import_file("bench.jsonl", text))
    bare = Bare(ground.path("bare.db"))
    states = [canonical(event.envelope) for event in events]
    groups = [states[at : at + _BATCH] for at in range(0, len(states), _BATCH)]

    def put() -> None:
        for group in groups:
            bare.save(group)

    with contextlib.closing(bare):
        disk = clocked(put)
    stock = Stock(ground.path("stock.db"))

    def save() -> None:
        pending = iter(events)
        while group := list(islice(pending, _BATCH)):
            stock.save([stock.tell(_service(each), dict(each.envelope)) for each in group])

    with contextlib.closing(stock):
        library = clocked(save)
    what = f"import of {len(events):,} events as JSON Lines"
    yield Row("import-bare", what, f"the same bytes by bare sqlite3, {_BATCH} a commit",
              len(events), disk / ours, 0.15, 0.30, True, ours, None, disk)  # fmt: skip
    yield Row("import-stock", what, f"the stock library's save, {_BATCH} a commit", len(events),
              library / ours, 0.7, None, True, ours, None, library)  # fmt: skip


def casebook(ground: Ground) -> Iterator[Row]:
    """One large YAML casebook."""
    if ground.own is not None:
        return
    from postmortem.importers.document import read

    size = min(20_000, ground.largest)
    text = _yaml(made(size, ground.seed)).encode()
    parser = clocked(lambda: read(text, "bench.yaml"))
    with Tracker(ground.path("casebook.db")) as tracker:
        ours = clocked(lambda: tracker.import_file("bench.yaml", text))
    what = f"import of a YAML casebook of {size:,} entries"
    yield Row("casebook", what, "the parser alone", size,
              ours / parser, None, None, False, ours, None, parser)  # fmt: skip


def _yaml(events: Iterator[Made]) -> str:
    """A casebook of those events; JSON is YAML."""
    found: dict[str, list[str]] = {"services": [], "capabilities": [], "events": []}
    for event in events:
        e = event.envelope
        name = e["type"].partition("/")[0]
        body = _written({**e["body"], **{d.field: d.value for d in event.said}})
        if name == "platform-declared":
            continue
        if name.endswith("-declared"):
            plural = "services" if name.startswith("service") else "capabilities"
            id = e["id"].split(":")[1]
            found[plural].append(f"  {id}: {json.dumps(body)}")
        else:
            found["events"].append("  - " + json.dumps({"id": e["id"], "type": name, **body}))
    head = "casebook: 1\nplatform: {id: bench, zone: UTC}\n"
    return head + "".join(
        f"{kind}:\n" + "\n".join(lines) + "\n" for kind, lines in found.items() if lines
    )


def _written(value: Any) -> Any:
    if isinstance(value, dict):
        if set(value) == {"earliest", "latest", "written"}:
            return value["written"]
        return {key: _written(each) for key, each in value.items()}
    if value is True:
        return "true"
    return value


def rebuild(ground: Ground) -> Iterator[Row]:
    """The view anew from the log."""
    if ground.own is not None:
        return
    with Tracker(ground.store()) as tracker:
        count = 0

        def anew() -> None:
            nonlocal count
            count = tracker.rebuild()

        ours = clocked(anew)
    stock = Stock(ground.path("stock.db"))
    projection = StockProjection(ground.path("projection.db"))
    few = min(3000, ground.largest)
    with contextlib.closing(stock), contextlib.closing(projection):
        for event in made(few, ground.seed):
            stock.save([stock.tell(_service(event), dict(event.envelope))])

        def project() -> None:
            for number, event in stock.notifications():
                told = getattr(event, "event", None)
                if told is not None:
                    projection.process(number, told)

        theirs = clocked(project)
    yield Row("rebuild", f"rebuild of {count:,} events", "the library's projection, one event a "
              f"transaction ({few:,} of them)", count, (theirs / few) / (ours / count), 10, 20,
              True, ours, None, theirs / few * count)  # fmt: skip

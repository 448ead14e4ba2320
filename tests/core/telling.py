"""What may be told of a platform, with everything but what matters filled in."""

from postmortem.testing import draft, given

SETTING = [
    draft("platform-declared", id="parler"),
    draft("source-declared", id="press", title="An article", published_at="2021-01-11T09:00Z"),
    draft("service-declared", id="aws"),
    draft("service-declared", id="okta"),
    draft("capability-declared", id="hosting", requires="aws"),
    draft("capability-declared", id="login", requires={"all_of": ["okta", "hosting"]}),
]
NOON = "2021-01-10T12:00Z"
BEFORE, AFTER = "2021-01-10T11:00Z", "2021-01-10T13:00Z"


def told(*drafts):
    return given(*SETTING, *drafts)


def event(type, id, at=NOON, **keys):
    return draft(type, id=id, at=at, **keys)


def down(id="down", at=NOON, service="aws", **keys):
    return event("service-down", id, at, service=service, **keys)


def cut_off(id="cut", at=NOON, service="aws", **keys):
    return event("service-cut-off", id, at, service=service, **keys)


def announced(id="notice", at=BEFORE, service="aws", effective_at=NOON, **keys):
    return event("cutoff-announced", id, at, service=service, effective_at=effective_at, **keys)


def restored(id="up", at=AFTER, ends="down", **keys):
    return event("service-restored", id, at, ends=ends, **keys)


def changed(id="changed", at=AFTER, disruption="down", effect="degraded", **keys):
    return event("effect-changed", id, at, disruption=disruption, effect=effect, **keys)


def rescheduled(id="later", at=BEFORE, announcement="notice", effective_at=AFTER, **keys):
    keys |= {"announcement": announcement, "effective_at": effective_at}
    return event("cutoff-rescheduled", id, at, **keys)


def withdrawn(id="off", at=BEFORE, announcement="notice", **keys):
    return event("cutoff-withdrawn", id, at, announcement=announcement, **keys)


def revised(id="revised", at=NOON, capability="hosting", requires="okta", **keys):
    return event("capability-revised", id, at, capability=capability, requires=requires, **keys)


def claimed(id="claim", about="down", time=NOON, **keys):
    return draft("time-claimed", id=id, about=about, time=time, **keys)


def retracted(id="wrong", event="down", reason="it was not so", **keys):
    return draft("retracted", id=id, event=event, reason=reason, **keys)

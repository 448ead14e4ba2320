"""What `lint` says of a finding: what is wrong and what to write instead, in the text's language.

Data, and nothing else. By rule, or by `rule:variant`; `{words}` are those that were found, the
other names are what the rule adds.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from postmortem.core.lint_words import Language

TOLD: Final[Mapping[str, Mapping[Language, tuple[str, str]]]] = {
    "human-error": {
        "en": (
            "“{words}” ends the search where it should begin",
            "tell what made the slip likely and what let it through: the tool, the sign, the "
            "procedure, the hour",
        ),
        "de": (
            "„{words}“ beendet die Suche, wo sie anfangen müsste",
            "sagen, was den Fehler nahelegte und was ihn durchließ: Werkzeug, Anzeige, Ablauf, "
            "Uhrzeit",
        ),
    },
    "counterfactual": {
        "en": (
            "“{words}” tells what did not happen",
            "tell what was done, and why that made sense with what was known then; what is to "
            "change is an action item",
        ),
        "de": (
            "„{words}“ erzählt, was nicht geschah",
            "sagen, was getan wurde und warum das mit dem damaligen Wissen sinnvoll war; was sich "
            "ändern soll, wird eine Maßnahme",
        ),
    },
    "judgement": {
        "en": (
            "“{words}” judges, and tells nothing",
            "tell what was seen and done; if a source judges so, quote it in quotation marks",
        ),
        "de": (
            "„{words}“ urteilt und sagt nichts",
            "sagen, was gesehen und getan wurde; urteilt eine Quelle so, sie in "
            "Anführungszeichen zitieren",
        ),
    },
    "person-named": {
        "en": (
            "“{words}” is a person, named in a sentence about a cause",
            "name the role, such as the engineer on call, and the conditions that they worked in",
        ),
        "de": (
            "„{words}“ ist eine Person in einem Satz über eine Ursache",
            "die Rolle nennen, etwa die Bereitschaft, und die Umstände, unter denen sie arbeitete",
        ),
    },
    "why-who": {
        "en": (
            "a question with “{words}” looks for a reason to justify, or for somebody",
            "ask how it came about, and what made it seem right",
        ),
        "de": (
            "eine Frage mit „{words}“ sucht Rechtfertigung oder Schuldige",
            "fragen, wie es dazu kam und was es richtig erscheinen ließ",
        ),
    },
    "root-cause": {
        "en": (
            "“{words}” supposes that there was one",
            "write of contributing factors, each of them a `factor-found` with its source",
        ),
        "de": (
            "„{words}“ unterstellt, dass es nur eine gab",
            "von beitragenden Faktoren schreiben, jeder ein `factor-found` mit Quelle",
        ),
    },
    "outage-for-degradation": {
        "en": (
            "“{words}” says that {what} was out; by the record it was degraded at worst",
            "say what still worked; if it was out, record that: an `effect-changed`, or another "
            "effect of the disruption",
        ),
        "de": (
            "„{words}“ sagt, {what} sei ausgefallen; nach der Aufzeichnung war es höchstens "
            "eingeschränkt",
            "sagen, was noch ging; fiel es doch aus, das aufzeichnen: ein `effect-changed` oder "
            "eine andere Wirkung der Störung",
        ),
    },
    "hindsight": {
        "en": (
            "“{words}” looks back from what is known now",
            "tell it in the order in which one learnt it; what was learnt later is an event with "
            "its own time",
        ),
        "de": (
            "„{words}“ blickt vom heutigen Wissen zurück",
            "in der Reihenfolge erzählen, in der man es erfuhr; spätere Erkenntnis ist ein "
            "Ereignis mit eigener Zeit",
        ),
    },
    "absolute": {
        "en": (
            "“{words}” has no exception",
            "say how often, since when, or of whom it is known",
        ),
        "de": (
            "„{words}“ kennt keine Ausnahme",
            "sagen, wie oft, seit wann oder von wem man es weiß",
        ),
    },
    "unsourced-claim": {
        "en": (
            "“{words}” is a number or a cause, and nothing is cited for it",
            "cite what it stands in: `cites: [SOURCE#locator]`, or `[SOURCE]` in the sentence",
        ),
        "de": (
            "„{words}“ ist eine Zahl oder Ursache, und nichts ist dafür zitiert",
            "zitieren, wo es steht: `cites: [QUELLE#Stelle]`, oder `[QUELLE]` im Satz",
        ),
    },
    "disagrees-with-record:length": {
        "en": (
            "“{words}” cannot be how long {what} was out or impaired; the record has {record}",
            "`postmortem downtime` tells the range; correct the text, or the times recorded",
        ),
        "de": (
            "„{words}“ kann nicht die Dauer des Ausfalls von {what} sein; die Aufzeichnung hat "
            "{record}",
            "`postmortem downtime` nennt die Spanne; den Text berichtigen oder die "
            "aufgezeichneten Zeiten",
        ),
    },
    "disagrees-with-record:amount": {
        "en": (
            "“{words}” is not the amount that {what} states beside it: {record}",
            "correct the one or the other; what is not known exactly is a range, such as 70..80",
        ),
        "de": (
            "„{words}“ ist nicht die Menge, die {what} daneben angibt: {record}",
            "das eine oder das andere berichtigen; was nicht genau bekannt ist, ist eine Spanne, "
            "etwa 70..80",
        ),
    },
    "surer-than-record": {
        "en": (
            "“{words}” is exact; of {what} the record knows only a span",
            "write the span, or `between … and …`; if a source has it exactly, record that as a "
            "`time-claimed`",
        ),
        "de": (
            "„{words}“ ist genau; von {what} kennt die Aufzeichnung nur eine Spanne",
            "die Spanne schreiben oder `zwischen … und …`; weiß eine Quelle es genau, das als "
            "`time-claimed` aufzeichnen",
        ),
    },
    "surer-than-record:contested": {
        "en": (
            "“{words}” is sure of {what}, of which sources disagree about the time",
            "say that it is contested, and who says what",
        ),
        "de": (
            "„{words}“ ist sich bei {what} sicher, über dessen Zeit die Quellen uneins sind",
            "sagen, dass es umstritten ist und wer was sagt",
        ),
    },
    "surer-than-record:expected": {
        "en": (
            "“{words}” is sure of {what}, which was announced and is not confirmed",
            "say who announced it; once it has happened, record the cut-off",
        ),
        "de": (
            "„{words}“ ist sich bei {what} sicher; das ist angekündigt, nicht bestätigt",
            "sagen, wer es ankündigte; ist es geschehen, die Abschaltung aufzeichnen",
        ),
    },
    "action-without-verb": {
        "en": (
            "the action begins with “{words}”, and not with what is to be done",
            "begin with a verb and end with a result: `Add an alert for …`, `Rehearse …`",
        ),
        "de": (
            "die Maßnahme sagt nicht, was zu tun ist („{words} …“)",
            "mit einem Verb sagen, was am Ende da ist: `Alarm für … einrichten`, `… üben`",
        ),
    },
    "vague-action": {
        "en": (
            "“{words}” has no end: nobody can tell when it is done",
            "name the result: what is built, changed, removed or rehearsed, and by which measure",
        ),
        "de": (
            "„{words}“ hat kein Ende: niemand kann sagen, wann es getan ist",
            "das Ergebnis nennen: was gebaut, geändert, entfernt oder geübt wird, und woran man es "
            "misst",
        ),
    },
    "action-without-owner": {
        "en": (
            "the action {what} has no owner",
            "give it one person or team: `owner`",
        ),
        "de": (
            "die Maßnahme {what} gehört niemandem",
            "einer Person oder Gruppe geben: `owner`",
        ),
    },
    "action-without-date": {
        "en": (
            "the action {what} has neither a due date nor a priority",
            "say by when, or how urgent it is: `due`, `priority`",
        ),
        "de": (
            "die Maßnahme {what} hat weder Termin noch Dringlichkeit",
            "sagen, bis wann oder wie dringend: `due`, `priority`",
        ),
    },
    "action-without-verification": {
        "en": (
            "the action {what} does not say how one will know that it worked",
            "name the test, the measure or the rehearsal: `verification`",
        ),
        "de": (
            "die Maßnahme {what} sagt nicht, woran man ihren Erfolg erkennt",
            "den Test, die Messung oder die Übung nennen: `verification`",
        ),
    },
    "several-owners": {
        "en": (
            "“{words}” are several owners, so that each may wait for the other",
            "name the one who answers for it; who helps stands in the text",
        ),
        "de": (
            "„{words}“ sind mehrere, sodass jeder auf den anderen warten kann",
            "eine nennen, die dafür einsteht; wer hilft, steht im Text",
        ),
    },
    "factor-without-action": {
        "en": (
            "no action item addresses the factor {what}, and it is not accepted",
            "open an action item that `addresses` it, or say in `accepted` why nothing is done",
        ),
        "de": (
            "keine Maßnahme gilt dem Faktor {what}, und er ist nicht hingenommen",
            "eine Maßnahme öffnen, die ihn nennt (`addresses`), oder in `accepted` sagen, warum "
            "nichts geschieht",
        ),
    },
    "unknown-silence": {
        "en": (
            "“{words}” is no rule, so that nothing is silenced",
            "`postmortem lint --rules` lists the rules, by id and name",
        ),
        "de": (
            "„{words}“ ist keine Regel, sodass keine schweigt",
            "`postmortem lint --rules` nennt die Regeln, mit Kennung und Namen",
        ),
    },
    "unknown-silence:near": {
        "en": (
            "“{words}” is no rule, so that nothing is silenced",
            "did you mean {near}?",
        ),
        "de": (
            "„{words}“ ist keine Regel, sodass keine schweigt",
            "ist {near} gemeint?",
        ),
    },
}

r"""The words that `lint` looks for, in English and German: data, and nothing else.

A phrase is a regular expression over lower-case text, in a short notation: a blank is white space
or a hyphen, `'` any apostrophe, ` … ` up to eight words of the same sentence, `#` a past
participle. It begins and ends where a word does. No phrase repeats something that can match the
same text in two ways, so that a search takes time in proportion to the text.

Source: the lists of PagerDuty's and Google's guides to postmortems and of Etsy's debriefing guide;
Allspaw, "The Infinite Hows", for why and who; the German lists are ours.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal, TypeAlias

Language: TypeAlias = Literal["en", "de"]
LANGUAGES: Final[tuple[Language, ...]] = ("en", "de")
Phrases: TypeAlias = Mapping[Language, tuple[str, ...]]


def words(text: str) -> frozenset[str]:
    """The words of a list."""
    return frozenset(text.split())


FUNCTION_WORDS: Final[Mapping[Language, frozenset[str]]] = {
    "en": words(
        "the of and to is were that for with by it as at from not be are has have had which this "
        "or but no after before their its would could should into they we when did on does than "
        "then there been will can it's"
    ),
    "de": words(
        "der die das und den dem des ein eine einen einem einer ist war waren wurde wurden nicht "
        "mit auf für von zu im am bei es sich als auch nach wie dass oder aber vor durch um aus er "
        "sie wir wird werden hat haben hatte hatten kein keine keinen zum zur noch nur beim vom"
    ),
}
"""By which a text tells its language: words that the other one does not have, or hardly."""

PARTICIPLES: Final = (
    r"(?:been|had|done|gone|made|run|set|put|kept|held|left|lost|found|told|said|sent|built|"
    r"bought|brought|caught|thought|paid|met|read|shut|cut|hit|let|led|begun|felt|stood|"
    r"understood|won|meant|dealt|heard|come|become|got|shown|known|\w+(?:ed|en|wn))"
)
"""What follows `should have` where it is a counterfactual, and not in `should have an owner`."""

WORDING: Final[Mapping[str, Phrases]] = {
    "human-error": {
        "en": (
            r"(?:human|operator|pilot|administrator|engineer) (?:error|mistake|failure)s?",
            r"user error",
            r"(?:human factor|fat finger(?:ed|s)?)",
            r"(?:mistake|error)s? (?:by|of) (?:an?|the|our|one of our) "
            r"(?:engineer|operator|admin|administrator|employee|developer|technician|colleague)s?",
        ),
        "de": (
            r"menschliche[nrms]? (?:versagens?|fehlers?|fehlern|fehlverhaltens?|irrtums?)",
            r"(?:bedien|bedienungs|anwender|benutzer|flüchtigkeits)fehler[ns]?",
            r"faktor mensch",
            r"(?:fehler[ns]?|irrtums?|versehens?) (?:des|der|eines|einer|unseres|von) "
            r"(?:mitarbeiter|operator|admin|administrator|techniker|ingenieur|entwickler|kolleg|"
            r"angestellte)\w*",
        ),
    },
    "counterfactual": {
        "en": (
            r"(?:should|could|would|ought to)(?:n't)?(?: not)?(?: (?!have)\w+)? have"
            r"(?: \w+ly| also| at least)? #",
            r"(?:should|could|would)n?'ve",
            r"(?:failed|fails|failing|failure|neglected|neglects|forgot|omitted) to",
            r"if only",
            r"had (?:we|they|he|she|someone|somebody|anyone|the team|the provider) "
            r"(?:only )?#",
            r"(?:did not|didn't) (?:even )?bother",
        ),
        "de": (
            r"hätten? … (?:müssen|sollen|können|dürfen|brauchen|gewusst|verhindert|vermieden|"
            r"erkannt|bemerkt|entdeckt|ge\w{3,}(?:t|en))",
            r"hätten? (?:müssen|sollen|können|dürfen|verhindert|vermieden|erkannt|bemerkt|"
            r"entdeckt|ge\w{3,}(?:t|en))",
            r"wären? … (?:gewesen|worden|geblieben|gekommen|gegangen)",
            r"(?:versäumt|versäumte|versäumten|versäumnis|versäumnisse|versäumnissen)",
            r"(?:unterließ|unterließen|unterlassen|vergaß|vergaßen)",
            r"(?:wenn|hätten?) (?:wir|man|sie|er|jemand) (?:doch )?nur",
        ),
    },
    "judgement": {
        "en": (
            r"(?:careless|reckless|thoughtless)(?:ly|ness)?",
            r"(?:negligent|negligently|negligence|incompetent|incompetently|incompetence)",
            r"(?:stupid|stupidly|stupidity|foolish|foolishly|dumb|idiot|idiots|idiotic)",
            r"(?:sloppy|sloppily|sloppiness|lazy|lazily|laziness|naively)",
            r"(?:inexcusabl|irresponsibl|unacceptabl)[ey]",
            r"(?:irresponsibility|ridiculous|ridiculously|shameful|shamefully)",
            r"(?:obvious|obviously|simply|of course|needless to say|common sense)",
            r"(?:to blame|at fault|culprits?|guilty)",
            r"(?:his|her|their|our|your|my|whose|\w+'s) (?:own )?fault",
        ),
        "de": (
            r"(?:grob )?(?:fahrlässig|nachlässig|leichtsinnig|leichtfertig|schlampig|sorglos|"
            r"gedankenlos|verantwortungslos|unverantwortlich|unentschuldbar|unfähig|inkompetent|"
            r"stümperhaft|dilettantisch|peinlich)(?:e[nrms]?|er\w*|keit|keiten)?",
            r"(?:leichtsinn|schlamperei|inkompetenz|faulheit|dummheit|dummheiten)",
            r"(?:dumm|blöd|faul)(?:e[nrms]?|erweise)?",
            r"(?:schuld|schuldig|schuldige[nrms]?|mitschuld|selbst verschuldet|"
            r"selbstverschuldete?[nrms]?)",
            r"(?:offensichtlich|offenkundig)(?:e[nrms]?)?",
            r"(?:einfach nur|ganz einfach|selbstverständlich|natürlich)",
            r"idiot(?:en|isch\w*)?",
        ),
    },
    "root-cause": {
        "en": (
            r"root causes?(?! analys[ie]s)",
            r"the (?:single|only|sole|real|true|actual|ultimate|main|primary|one) "
            r"(?:cause|reason)",
            r"the cause (?:was|is)(?! (?:not|never|unknown|unclear|still|being|under))",
        ),
        "de": (
            r"(?:grund|kern|haupt|wurzel)ursachen?",
            r"(?:die|der|den|dem) (?:eigentliche|wahre|wirkliche|alleinige|einzige|tatsächliche|"
            r"zentrale|primäre)n? (?:ursache|grund)",
            r"die ursache (?:war|ist|lag|liegt)(?! (?:nicht|noch|bisher|bislang|weiter|unbekannt|"
            r"unklar|offen))",
        ),
    },
    "hindsight": {
        "en": (
            r"(?:(?:in|with|with the benefit of) )?hindsight",
            r"in retrospect|retrospectively|looking back",
            r"turn(?:s|ed) out",
            r"(?:as )?we now know|it is now clear|knew all along|little did",
        ),
        "de": (
            r"im nachhinein|rückblickend|im rückblick|in der rückschau|hinterher",
            r"nachträglich (?:betrachtet|gesehen)",
            r"stellten? sich (?:… )?heraus",
            r"sich (?:… )?(?:herausgestellt|herausstellten?)",
            r"heute wissen wir|aus heutiger sicht|mit dem wissen von heute",
        ),
    },
    "absolute": {
        "en": (
            r"(?<!almost\s)(?<!nearly\s)(?<!not\s)always",
            r"(?<!almost\s)never",
            r"every(?:one|body) (?:knew|knows|agreed|wanted)",
            r"without exception|under no circumstances|in (?:all|every) cases?|at all times",
        ),
        "de": (
            r"(?<!noch\s)(?<!fast\s)(?<!beinahe\s)(?<!nicht\s)(?<!auch\s)"
            r"immer(?! (?:noch|wieder|mehr|weiter|\w{3,}er)(?!\w))",
            r"(?<!fast\s)(?<!beinahe\s)(?:nie|niemals|stets|jedermann|jedes mal)",
            r"ausnahmslos|in jedem fall|auf jeden fall|auf keinen fall|keinesfalls",
            r"unter keinen umständen",
        ),
    },
}
"""The rules that look for phrases and nothing else, by name."""

CAUSAL: Final[Phrases] = {
    "en": (
        r"because|due to|owing to|thanks to|therefore|consequently|as a (?:result|consequence)",
        r"cause[ds]?|causing|(?:led|leads|leading) to|result(?:s|ed|ing)? (?:in|of|from)",
        r"trigger(?:s|ed|ing)?|responsible for",
    ),
    "de": (
        r"weil|wegen|aufgrund|auf grund|infolge|infolgedessen|deshalb|deswegen|folglich|dadurch",
        r"verursach(?:t|te|ten|en|te[nrms])|ursächlich|ursachen?|bedingt durch|zurückzuführen",
        r"führ(?:t|te|ten|en) … zu[mr]?|ausgelöst(?:e[nrms]?)?|lösten? … aus|verantwortlich für",
    ),
}
"""One thing being the cause of another."""

SLIPS: Final[Phrases] = {
    "en": (
        r"broke|brought down|took down|forgot|forgotten|overlooked|misconfigured|mistyped|missed",
        r"mistakes?|mistakenly|accidentally|erroneously|wrongly|blame[ds]?|responsible",
        r"pushed|deleted|dropped|failed",
    ),
    "de": (
        r"vergaß|vergessen|übersah|übersehen|vertippte?|irrtümlich|versehentlich|fälschlich",
        r"fehler[ns]?|verantwortlich|schuld|löschte|gelöscht|verpasste?|fehlkonfiguriert",
    ),
}
"""What a person is said to have done in a sentence that makes them the cause."""

WHY_WHO: Final[Mapping[Language, frozenset[str]]] = {
    "en": frozenset(("why", "who", "whose", "whom")),
    "de": frozenset(("warum", "wieso", "weshalb", "wer", "wessen", "wem", "wen")),
}
"""The first words of questions that look for a culprit or a single reason."""

OUTAGE: Final[Phrases] = {
    "en": (
        r"outages?|blackouts?|downtime",
        r"(?:is|was|were|are|be|been|being|went|goes|going|gone|go|taken|took|knocked|brought|"
        r"fell|stayed|remained) (?:\w+ly )?(?:down|offline|dark)",
        r"unavailable|unavailability",
    ),
    "de": (
        r"\w*ausf(?:all|alls|alles|älle|ällen)",
        r"ausgefallene?[nrms]?|ausgefallen|(?:fiel|fielen|fällt|fallen) (?:… )?aus",
        r"(?:nicht|un)(?: )?(?:verfügbar|erreichbar)|offline|(?:war|ist|waren|sind|ging|gingen) "
        r"(?:\w+ )?down",
    ),
}
"""A complete loss."""

NOT: Final[Mapping[Language, frozenset[str]]] = {
    "en": words("no not never without rather nor isn't wasn't neither"),
    "de": words("kein keine keinen keiner keinem keines nicht nie ohne statt weder"),
}
"""In front of a word, within three words, it takes that word back."""

CERTAIN: Final[Phrases] = {
    "en": (
        r"certainly|definitely|undoubtedly|unquestionably|indisputably|undeniably",
        r"(?:without|beyond) (?:any |a )?doubts?|no doubt|for certain|for sure|exactly|precisely",
    ),
    "de": (
        r"zweifellos|zweifelsfrei|unzweifelhaft|definitiv|unbestritten|unstrittig|gewiss",
        r"ohne (?:jeden )?zweifel|mit (?:\w+ )?sicherheit|exakt|steht (?:\w+ )?fest|eindeutig",
    ),
}
"""Sure beyond doubt."""

EXPECTED: Final[Phrases] = {
    "en": (
        r"will|would|shall|may|might|could|should|expect(?:s|ed)?|estimate[ds]?|predict(?:s|ed)?",
        r"plan(?:s|ned)?|promise[ds]?|likely|probably|perhaps|if|feared|announced|at worst",
    ),
    "de": (
        r"wird|werden|würden?|soll|sollen|sollten?|könnten?|dürften?|mag|erwarte[tn]?|erwartete[nt]?",
        r"schätz(?:t|te|en|ten)|geschätzt|plan(?:t|te|en|ten)|vermutlich|wahrscheinlich|"
        r"vielleicht|wenn|falls|angekündigt",
    ),
}
"""Of what is not told as having been."""

HEDGES: Final[Mapping[str, str]] = {
    **dict.fromkeys(
        ("at least", "more than", "over", "longer than", "mindestens", "wenigstens", "mehr als",
         "über", "länger als"), "least",
    ),
    **dict.fromkeys(
        ("at most", "up to", "less than", "under", "no more than", "höchstens", "bis zu",
         "maximal", "weniger als", "unter"), "most",
    ),
    **dict.fromkeys(
        ("about", "around", "roughly", "approximately", "some", "nearly", "almost", "circa",
         "etwa", "rund", "ungefähr", "fast", "knapp", "gut", "zirka", "ca", "ca."), "about",
    ),
}  # fmt: skip
"""What stands before a length of time, and how it is then meant."""

NUMBERS: Final[Mapping[str, int]] = {
    word: number
    for number, names in enumerate(
        (
            "a an one ein eine einen einer einem eines", "two zwei", "three drei", "four vier",
            "five fünf", "six sechs", "seven sieben", "eight acht", "nine neun", "ten zehn",
            "eleven elf", "twelve zwölf",
        ),
        1,
    )
    for word in names.split()
}  # fmt: skip

UNITS: Final[Mapping[str, int]] = {
    word: seconds
    for names, seconds in (
        ("second seconds sekunde sekunden", 1),
        ("minute minutes minuten", 60),
        ("hour hours stunde stunden", 3600),
        ("day days tag tage tagen tages", 86_400),
        ("week weeks woche wochen", 604_800),
    )
    for word in names.split()
}
"""In seconds."""

COUNTED: Final = words(
    "percent prozent users user nutzer nutzern nutzerinnen benutzer benutzern accounts konten "
    "requests anfragen services dienste diensten records datensätze datensätzen customers kunden "
    "times mal months monate monaten years jahre jahren"
)
"""Beside the units of time: what a number written as a word counts."""

MANY: Final[Phrases] = {
    "en": (r"(?:dozens|hundreds|thousands|millions|billions) of", r"half (?:of )?(?:the|all)"),
    "de": (
        r"(?:dutzende|hunderte|tausende|millionen|milliarden)[nr]?",
        r"die hälfte (?:der|aller)",
    ),
}
"""Quantities without a number."""

MONTHS: Final[Mapping[str, int]] = {
    word: number
    for number, names in enumerate(
        (
            "january jan januar jänner", "february feb februar", "march mar märz",
            "april apr", "may mai", "june jun juni", "july jul juli", "august aug",
            "september sep sept", "october oct oktober okt", "november nov",
            "december dec dezember dez",
        ),
        1,
    )
    for word in names.split()
}  # fmt: skip

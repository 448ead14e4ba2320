"""The verbs of action items, in English and German: data, and nothing else."""

from __future__ import annotations

from typing import Final

from postmortem.core.lint_words import words

IMPERATIVES: Final = words(
    """
    accept acquire activate adapt add adjust adopt agree alert align allocate allow amend analyse
    analyze announce apply appoint approve archive arrange ask assess assign attach audit automate
    avoid back backfill backport ban benchmark block book break bring budget build bump buy cache
    calculate calibrate call cancel cap catch change charge check choose clarify classify clean
    clear close collect combine commission compare compile complete compress compute conduct
    configure confirm connect contact contract convert copy correct count cover create cross cut
    decide declare decommission decouple decrease define delete deliver demand deploy deprecate
    describe design detect determine develop disable disconnect display distribute divide document
    double draft draw drill drive drop duplicate edit eliminate embed enable encrypt end enforce
    enlarge escalate establish estimate evaluate evict examine exclude execute exercise expand
    expire explain export expose extend extract fail feed fetch file fill filter find finish fix
    flag follow forbid force format forward freeze gate gather generate get give grant group
    guarantee guard harden have help hide hire hold host identify implement import include increase
    inform insert inspect install instrument integrate introduce inventory invite invoke isolate
    issue join keep label launch lead learn let level lift limit link list load lock log look lower
    maintain make manage map mark match measure merge migrate mirror mock model modify monitor move
    mute name negotiate notify obtain offer open operate order organise organize own pack page pair
    partition patch pay perform pick pin place plan point poll postpone practise practice prepare
    present preserve prevent print prioritise prioritize probe procure produce prohibit promote
    propose protect prove provide provision prune publish pull purchase purge push put query queue
    quote raise rate read rearrange rebuild recheck record recover recreate recruit redact redesign
    redirect reduce refactor refuse register rehearse reimplement reject release reload relocate
    remove rename renew rent reorder repair repeat replace replicate report request require rerun
    reschedule reserve reset resize resolve respond restart restore restrict restructure retain
    retest retire retrieve retry return reuse reverse revert review revise revoke rewrite roll
    rotate route run sample save scale scan schedule scrub search secure seed select send separate
    serve set settle share shed ship shorten show shut sign simplify simulate snapshot solve sort
    specify split stage standardise standardize start state stop store stress strip submit
    subscribe supply support suspend swap switch sync synchronise synchronize tag take teach tear
    tell terminate test throttle tie tighten time trace track train transfer translate trial
    trigger trim try tune turn unblock undo unify uninstall unlock unpin update upgrade upload use
    validate verify version visit vote wait walk warm warn watch weigh whitelist widen wire withdraw
    wrap write zero
    """
)
"""Verbs that an action item begins with; those on `-ise`, `-ize`, `-ify` and `-ate` do so too."""

VAGUE: Final = words(
    """
    address aim attempt be become consider deal discuss encourage endeavor endeavour enhance ensure
    evaluate examine explore handle improve investigate look optimise optimize remind research
    strengthen strive study think try
    """
)
"""Verbs that have no end: one cannot tell when it is done."""

VAGUE_STARTS: Final = (
    "make sure", "pay attention", "pay more attention", "take care", "take more care",
    "raise awareness", "increase awareness", "keep in mind", "keep an eye", "work on",
    "get better", "do better", "communicate better", "follow best practices",
)  # fmt: skip

FINDING_OUT: Final = words(
    """
    evaluate examine explore investigate look research study
    untersuchen ermitteln erforschen evaluieren anschauen ansehen
    """
)
"""Vague verbs that an item of the kind `investigate` may have, if it says how it is verified."""

GERMAN_IMPERATIVES: Final = words(
    """
    aktiviere aktualisiere archiviere automatisiere baue baut beauftrage behebe benenne beschaffe
    beschränke beschreibe bestelle bitte bringe definiere deaktiviere dokumentiere entferne
    entwickle erfasse ergänze erhöhe erkläre ermittle erneuere ersetze erstelle erweitere führe
    gib halte hole informiere installiere kaufe kläre kopiere lade lege leite lies lösche melde
    messe migriere miss nimm öffne plane probe prüfe räume reduziere repariere richte sammle
    schaffe schalte schicke schließe schreibe schule sende setze sichere simuliere speichere sperre
    stelle streiche teile teste trage trenne übe überarbeite überprüfe übertrage überwache
    veröffentliche verkürze verlege verschiebe versende verteile vereinbare verringere wähle warne
    wechsle ziehe zeige
    """
)

GERMAN_VAGUE: Final = words(
    """
    achten anschauen ansehen aufpassen beachten bemühen besprechen diskutieren erforschen erwägen
    evaluieren gewährleisten nachdenken optimieren sensibilisieren sicherstellen stärken überlegen
    untersuchen verbessern versuchen
    """
)

GERMAN_VAGUE_STARTS: Final = ("vorsichtiger sein", "sorgfältiger sein", "aufmerksamer sein")

"""Fails when a test was skipped (or failed as expected) that may not be, and when none ran.

Usage: skips.py JUNIT_XML ALLOWED_SKIPS
"""

import re
import sys
from pathlib import Path
from xml.etree import ElementTree


def allowed(text: str) -> list[re.Pattern[str]]:
    """Which tests may be skipped: one pattern a line, each with its reason after a bar."""
    patterns = []
    for line in text.splitlines():
        if not line.strip() or line.startswith("#"):
            continue
        test, _, reason = (part.strip() for part in line.partition("|"))
        if not reason:
            sys.exit(f"an allowed skip needs a reason, after a bar: {line}")
        patterns.append(re.compile(re.escape(test).replace(r"\*", ".*")))
    return patterns


def main(junit: str, allow_list: str) -> None:
    """Compares what pytest skipped with the list."""
    patterns = allowed(Path(allow_list).read_text(encoding="utf-8"))
    cases = list(ElementTree.parse(junit).iter("testcase"))  # noqa: S314 (pytest's own)
    skipped = {
        f"{case.get('classname')}::{case.get('name')}": why.get("message")
        for case in cases
        if (why := case.find("skipped")) is not None
    }
    refused = [test for test in skipped if not any(p.fullmatch(test) for p in patterns)]
    for test in refused:
        print(f"skipped, and not in {allow_list}: {test} ({skipped[test]})")
    if len(skipped) == len(cases):
        print("no test ran")
    if refused or len(skipped) == len(cases):
        sys.exit(1)
    print(f"{len(skipped)} of {len(cases)} tests, each allowed by {allow_list}")


if __name__ == "__main__":
    main(*sys.argv[1:])

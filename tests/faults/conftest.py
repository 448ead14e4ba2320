"""How long the faults are tested, and where their numbers go."""

import pytest


@pytest.fixture
def rounds(request):
    """How often: a short form everywhere, the long one with --faults."""

    def choose(*, short: int, long: int) -> int:
        return long if request.config.getoption("--faults") else short

    return choose


@pytest.fixture
def told(request, capsys):
    """Shows a line of numbers for the README's table, where they were asked for."""

    def tell(line: str) -> None:
        if request.config.getoption("--faults"):
            with capsys.disabled():
                request.config.get_terminal_writer().line(f"\n  {request.node.name}: {line}")

    return tell

"""How all tests run: hypothesis profiles, and nothing of the person's own environment."""

import os

import pytest
from hypothesis import settings

# No deadlines: a busy machine is no bug. "ci" tries the same examples every time, so that a red run
# stays red for the next reader; new examples are looked for where somebody sits in front of them.
settings.register_profile("dev", deadline=None, print_blob=True)
settings.register_profile("ci", parent=settings.get_profile("dev"), derandomize=True, database=None)
# the contracts that backends inherit their tests from: a failure shows its values
pytest.register_assert_rewrite("postmortem.testing.ledgers")

settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "dev"))

pytest.register_assert_rewrite("postmortem.testing.ledgers")


def pytest_addoption(parser):
    parser.addoption(
        "--faults", action="store_true", help="test faults for long, one after the other"
    )


@pytest.fixture(autouse=True, scope="session")
def _not_the_persons_own_store(tmp_path_factory: pytest.TempPathFactory):
    """No test reads or writes the store, or takes a setting, of whoever runs the tests."""
    with pytest.MonkeyPatch.context() as patch:
        for name in os.environ:
            if name.startswith("POSTMORTEM_"):
                patch.delenv(name)
        patch.setenv("XDG_DATA_HOME", str(tmp_path_factory.mktemp("data")))
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(scope="session")
def postgres():
    """A PostgreSQL server of this worker's own; a store in it is a schema."""
    from servers import Server

    server = Server.made()
    yield server
    server.gone()

"""PostgreSQL servers that the tests start themselves, from what the system has installed.

They live in a temporary folder and are reached by a socket in it: no network, no port that could be
taken, and every worker of a parallel run has its own.
"""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from contextlib import closing
from pathlib import Path

import psycopg
import pytest

OWNER = "postgres"
PORT = 5432  # part of the socket's name, and nothing else


def programs() -> Path | None:
    """The folder of the server's programs, of the newest version that is installed."""
    found = [
        path.parent
        for path in Path("/usr/lib/postgresql").glob("*/bin/postgres")
        if (path.parent / "initdb").exists()
    ]
    if not found and (path := shutil.which("initdb")):
        found = [Path(os.path.realpath(path)).parent]
    return max(found, key=lambda path: int("0" + "".join(filter(str.isdigit, path.parts[-2]))),
               default=None)  # fmt: skip


def need_programs() -> Path:
    """The same; the test is skipped where there is none."""
    found = programs()
    if found is None:
        pytest.skip("no PostgreSQL server is installed: apt-get install postgresql")
    if os.geteuid() == 0 and not _is_user(OWNER):
        pytest.skip(f"a PostgreSQL server does not run as root, and there is no user {OWNER}")
    return found


def _is_user(name: str) -> bool:
    try:
        pwd.getpwnam(name)
    except KeyError:
        return False
    return True


def as_owner() -> dict[str, object]:
    """A server refuses to run as root; somebody else does it then."""
    return {"user": OWNER, "group": OWNER, "extra_groups": []} if os.geteuid() == 0 else {}


class Server:
    """One server: its folder, its socket, its life."""

    def __init__(self, name: str, bin: Path, folder: Path, *, fsync: bool) -> None:
        self.name = name
        self.bin = bin
        self.folder = folder
        self.data = folder / "data"
        self.fsync = fsync

    @classmethod
    def made(cls, name: str = "one", *, fsync: bool = False) -> Server:
        """A new server, running."""
        server = cls(name, need_programs(), _folder(), fsync=fsync)
        try:
            server.run("initdb", "-D", server.data, "-A", "trust", "-E", "UTF8", "--no-sync",
                       "-U", "admin", "--no-locale")  # fmt: skip
            server.configure(wal_log_hints="on", max_connections="50")
            server.start()
        except BaseException:
            server.gone()
            raise
        return server

    def configure(self, **settings: str) -> None:
        ours = {
            "unix_socket_directories": str(self.folder),
            "listen_addresses": "",
            "port": str(PORT),
            "fsync": "on" if self.fsync else "off",
            "shared_buffers": "16MB",
            "cluster_name": self.name,
            "wal_retrieve_retry_interval": "100ms",
            **settings,
        }
        lines = "".join(f"{name} = '{value}'\n" for name, value in ours.items())
        with (self.data / "postgresql.conf").open("a") as file:
            file.write(lines)

    def run(self, program: str, *words: object) -> None:
        """One of the server's own programs."""
        done = subprocess.run(
            [str(self.bin / program), *map(str, words)],
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            **as_owner(),
        )
        assert done.returncode == 0, done.stderr + self.said()

    def control(self, *words: object) -> None:
        """pg_ctl, whose server must not inherit our pipes."""
        done = subprocess.run(
            [str(self.bin / "pg_ctl"), "-D", str(self.data), "-l", str(self.folder / "log"),
             "-w", "-t", "60", *map(str, words)],
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            check=False,
            **as_owner(),
        )  # fmt: skip
        assert done.returncode == 0, self.said()

    def said(self) -> str:
        log = self.folder / "log"
        return log.read_text(errors="replace")[-3000:] if log.exists() else ""

    def start(self) -> None:
        self.control("start")

    def stop(self) -> None:
        self.control("-m", "fast", "stop")

    def promote(self) -> None:
        self.control("promote")

    @property
    def pid(self) -> int:
        return int((self.data / "postmaster.pid").read_text().split()[0])

    def kill(self) -> None:
        """As if the machine were gone: every process at once, and nothing is cleaned up."""
        parent = self.pid
        os.kill(parent, signal.SIGSTOP)  # it must not see its children die
        children = Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
        for pid in (*map(int, children), parent):
            os.kill(pid, signal.SIGKILL)
        while any(_is_alive(pid) for pid in (*map(int, children), parent)):
            time.sleep(0.005)
        # nobody may have asked for its exit status yet, and so its number is still taken
        for lock in (self.data / "postmaster.pid", self.folder / f".s.PGSQL.{PORT}.lock"):
            lock.unlink()

    def gone(self) -> None:
        """No more process, no more file."""
        if (self.data / "postmaster.pid").exists():
            subprocess.run(
                [str(self.bin / "pg_ctl"), "-D", str(self.data), "-m", "immediate", "stop"],
                cwd=self.folder,
                capture_output=True,
                check=False,
                **as_owner(),
            )
        shutil.rmtree(self.folder, ignore_errors=True)

    def standby(self, name: str) -> Server:
        """A copy of this server that follows it, running."""
        other = Server(name, self.bin, _folder(), fsync=self.fsync)
        try:
            self.run(
                "pg_basebackup", "-c", "fast", "-N", "-h", self.folder, "-p", PORT, "-U", "admin",
                "-D", other.data, "-R", "-X", "stream",
                "-d", f"host={self.folder} port={PORT} user=admin application_name={name}",
            )  # fmt: skip
            other.configure()
            other.start()
        except BaseException:
            other.gone()
            raise
        return other

    def replicate(self, name: str = "second") -> Server:
        """A standby that must have every commit before it is acknowledged."""
        other = self.standby(name)
        self.wait_for(name)
        self.execute(f"ALTER SYSTEM SET synchronous_standby_names = 'FIRST 1 ({name})'")
        self.execute("SELECT pg_reload_conf()")
        self.wait_for(name, "sync")
        return other

    def wait_for(self, name: str, state: str = "") -> None:
        """Until that standby is connected, and synchronous where that is asked for."""
        end = time.monotonic() + 60
        sql = "SELECT sync_state FROM pg_stat_replication WHERE state = 'streaming' "
        sql += f"AND application_name = '{name}'"
        while not any(str(row[0]).startswith(state) for row in self.execute(sql)):
            assert time.monotonic() < end, self.said()
            time.sleep(0.02)

    def url(self, schema: str = "postmortem", *others: Server, **more: str) -> str:
        """What a store on this server is named by; with others, the one that can be written to."""
        hosts = ",".join(str(server.folder) for server in (self, *others))
        ports = ",".join(str(PORT) for _ in (self, *others))
        rest = "".join(f"&{key}={value}" for key, value in more.items())
        user = more.pop("user", "admin")
        return f"postgresql://{user}@/postgres?host={hosts}&port={ports}&schema={schema}{rest}"

    def connect(self, schema: str = "postmortem", user: str = "admin") -> psycopg.Connection:
        """A connection of some other program."""
        return psycopg.connect(
            host=str(self.folder), port=PORT, user=user, dbname="postgres", autocommit=True,
            options=f"-c search_path={schema}",
        )  # fmt: skip

    def execute(self, sql: str) -> list[tuple[object, ...]]:
        with closing(self.connect()) as connection:
            cursor = connection.execute(sql.encode())
            return cursor.fetchall() if cursor.description else []


def _folder() -> Path:
    # not pytest's: a socket's path may have no more than 107 characters, and the owner must see it
    folder = Path(tempfile.mkdtemp(prefix="pm-"))
    if os.geteuid() == 0:
        shutil.chown(folder, OWNER, OWNER)
    return folder


def _is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return False

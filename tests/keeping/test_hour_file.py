# pyright: basic
"""The hour survives: what was sent within it counts after a restart, whatever ended the process or set the clock."""

import errno
import logging
import os
import shutil
import stat
import sys
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from types import ModuleType
from uuid import uuid4

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from keeping.wires import HELD, bearer, caller, shared, spent

from gateway.errors import RateLimitedError, SettingsError
from gateway.folder import Folder
from gateway.sandbox import SANDBOX_KEY, Sandbox
from gateway.upstream.way import hour_file
from gateway.upstream.way.budget import HOUR_S, Budget, Lane
from gateway.upstream.way.clock import Clock
from gateway.upstream.way.hour_file import HourFile
from gateway.upstream.way.hour_records import VERSION, Kind, pack

QUERY = "query ($id: Int!) { category(by: {databaseId: $id}) { title } }"
ADDRESS = "http://plandocket.test/"
RECORD = 38  # bytes
READ, WRITE = Lane.READ, Lane.WRITE


class KilledError(BaseException):
    """The process ended in the middle of a write."""


class Disk:
    """Writes as a disk does that may be full, for a process that may be killed at any byte."""

    def __init__(self):
        self.has_room = self.takes_any = True
        self.lives_for = None
        self.refused = 0

    def write(self, file, data):
        """Write what there is room for, and return how much that was."""
        if self.lives_for is not None and len(data) > self.lives_for:
            os.write(file, data[: self.lives_for])
            raise KilledError
        if self.lives_for is not None:
            self.lives_for -= len(data)
        if not self.takes_any or (not self.has_room and len(data) > RECORD):
            self.refused += 1
            if self.refused % 2:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            return os.write(file, data[: len(data) // 2])
        return os.write(file, data)


class Process:
    """A process's budget, with its file."""

    def __init__(self, path, clock, per_hour=12, disk=None):
        self.folder = Folder(path)
        try:
            self.file = HourFile(self.folder, ADDRESS, clock, (disk or Disk()).write)
        except BaseException:
            self.folder.close()
            raise
        self.budget = Budget(per_hour, clock, file=self.file)

    def end(self):
        """End as `kill -9` ends it, which does no more than this either."""
        self.file.close()
        self.folder.close()


@contextmanager
def process(path, clock, per_hour=12, disk=None):
    """Run one, and end it."""
    one = Process(path, clock, per_hour, disk)
    yield one
    one.end()


def used(budget, credential=HELD):
    """Return how many count."""
    return budget.state(credential).used


async def end(ask):
    """End a gateway in peace."""
    app = ask.http._transport.app
    async with app.router.lifespan_context(app):
        pass


async def told(ask, most=30, headers=None):
    """Ask for one row after the other; return how many were answered, and the first refusal."""
    for number in range(most):
        answer = await ask.answer(QUERY, headers, id=number % 10 + 1)
        if "errors" in answer:
            return number, answer["errors"][0]["extensions"]
    return most, None


# Through the public door.


async def test_what_was_spent_stays_spent_over_a_restart(gateway, time, tmp_path):
    """The second process on the folder refuses what the first would, until the hour is over."""
    sandbox = Sandbox(per_hour=10, now=time)
    given = {"time": time, "requests_per_hour": 10, "mirror_dir": tmp_path / "kept"}
    first = gateway(sandbox, **given)
    answered, _ = await told(first)
    await end(first)
    time.seconds += 600

    second = gateway(sandbox, **given)
    state = await second("{ upstream { used remaining } }")
    assert (answered, await told(second)) == (9, (0, {"code": "UPSTREAM_RATE_LIMITED", "retryAfter": 3000}))
    assert state["upstream"] == {"used": 9, "remaining": 1}
    time.seconds += 3000
    assert await told(second) == (9, {"code": "UPSTREAM_RATE_LIMITED", "retryAfter": 3600})
    assert [request.status for request in sandbox.requests] == [200] * 18


async def test_without_a_folder_the_hour_goes_with_the_process(gateway, time, tmp_path, monkeypatch):
    """As ever, and nothing is written."""
    monkeypatch.chdir(tmp_path)
    for _ in range(2):
        ask = gateway(time=time, requests_per_hour=10)
        assert (await told(ask))[0] == 9
        await end(ask)
    assert list(tmp_path.iterdir()) == []


async def test_each_callers_hour_survives(gateway, time, tmp_path):
    """Of keys that are nobody's but theirs, also where they come back later than others."""
    sandbox = shared("canary-a", "canary-b")
    given = {"api_key": None, "time": time, "requests_per_hour": 10, "mirror_dir": tmp_path}
    first = gateway(sandbox, **given)
    assert (await told(first, headers=bearer("canary-a")))[0] == 9
    assert (await told(first, most=4, headers=bearer("canary-b")))[0] == 4
    await end(first)
    second = gateway(sandbox, **given)

    assert (await told(second, headers=bearer("canary-b")))[0] == 5
    assert (await told(second, headers=bearer("canary-a")))[0] == 0
    data = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert b"canary" not in data


async def test_a_folder_is_one_gateways(gateway, time, tmp_path):
    """The second is told so in a sentence; once the first has ended, there is room for it."""
    given = {"time": time, "mirror_dir": tmp_path}
    first = gateway(**given)
    with pytest.raises(SettingsError) as caught:
        gateway(**given)
    assert str(caught.value) == (
        f"GATEWAY_MIRROR_DIR: {tmp_path} is another gateway's: end that one, or name another folder."
    )
    await end(first)
    gateway(**given)


@pytest.mark.parametrize("place", ["file", "missing/kept", "file/kept"])
async def test_a_folder_that_cannot_be_one_stops_the_start(gateway, tmp_path, place):
    """With a sentence that names it."""
    (tmp_path / "file").touch()
    with pytest.raises(SettingsError, match=r"GATEWAY_MIRROR_DIR: .* cannot be written \(.*\): name one"):
        gateway(mirror_dir=tmp_path / place)


async def test_a_folder_that_went_is_said_and_made_anew(gateway, time, tmp_path, caplog):
    """The log has a line, `/readyz` a word; it answers on, and the next start counts the hour as spent."""
    folder = tmp_path / "kept"
    given = {"time": time, "requests_per_hour": 10, "mirror_dir": folder}
    first = gateway(**given)
    assert await told(first, most=1) == (1, None)
    assert (await first.http.get("/readyz")).json() == {"status": "ready"}
    shutil.rmtree(folder)
    assert await told(first, most=2) == (2, None)
    ready = await first.http.get("/readyz")
    [line] = [one.getMessage() for one in caplog.records if one.levelno >= logging.ERROR]
    await end(first)
    second = gateway(**given)

    assert (ready.status_code, ready.json()["status"]) == (200, "ready")
    assert "GATEWAY_MIRROR_DIR cannot be written" in ready.json()["warning"]
    assert line == (
        f"requests to PlanDocket cannot be written to {folder}/hour (No such file or directory), which is tried each "
        "minute: the next start counts the hour as spent"
    )
    assert await told(second) == (0, {"code": "UPSTREAM_RATE_LIMITED", "retryAfter": 3600})
    time.seconds += 3600
    assert (await told(second))[0] == 9


# The file.


def test_only_its_owner_reads_it(time, tmp_path):
    """Whatever the process's own mask lets through."""
    before = os.umask(0)
    try:
        with process(tmp_path / "kept", time.clock):
            pass
    finally:
        os.umask(before)
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "kept").iterdir()}
    assert stat.S_IMODE((tmp_path / "kept").stat().st_mode) == 0o700
    assert modes == {"hour": 0o600, "lock": 0o600}


def test_it_tells_no_key(time, tmp_path):
    """Nor what anybody could find a key by without having it, such as its plain hash."""
    with process(tmp_path, time.clock) as one:
        spent(one.budget)
        name = one.file.owner(HELD)
    data = (tmp_path / "hour").read_bytes()
    assert SANDBOX_KEY.encode() not in data
    assert HELD.digest[:8] not in data
    with process(tmp_path, time.clock) as one:
        assert one.file.owner(HELD) == name
        assert one.file.owner(caller(1)) != name
    other = Folder(tmp_path)
    file = HourFile(other, "http://another.test/", time.clock)
    assert file.owner(HELD) != name
    file.close()
    other.close()


def test_each_attempt_is_one_short_write(time, tmp_path):
    """Before it is sent, into room that the file has."""
    writes = []

    class Watched(Disk):
        def write(self, file, data):
            writes.append(len(data))
            return super().write(file, data)

    with process(tmp_path, time.clock, 1000, Watched()) as one:
        size = (tmp_path / "hour").stat().st_size
        assert len(writes) == 1
        for number in range(100):
            one.budget.spend(HELD, READ)
            assert writes[number + 1 :] == [RECORD]
        assert (tmp_path / "hour").stat().st_size == size


def test_it_stays_small(time, tmp_path):
    """However long it is written to: what is older than an hour goes."""
    with process(tmp_path, time.clock, 1000) as one:
        sizes = set()
        for _ in range(20_000):
            time.seconds += 4
            one.budget.spend(HELD, WRITE)
            sizes.add((tmp_path / "hour").stat().st_size)
        counted = used(one.budget)
    assert 1 < len(sizes) < 5
    assert max(sizes) < 200_000
    with process(tmp_path, time.clock, 1000) as one:
        assert used(one.budget) == counted == 900


def test_more_than_it_may_hold_spends_the_next_hour(time, tmp_path, monkeypatch):
    """Of very many keys: it is bounded also then."""
    monkeypatch.setattr(hour_file, "_MOST", 100)
    with process(tmp_path, time.clock) as one:
        for number in range(5_000):
            one.budget.spend(caller(number), READ)
        size = (tmp_path / "hour").stat().st_size
    with process(tmp_path, time.clock) as two:
        assert spent(two.budget, WRITE, caller(1)) == 0
    assert size < 100_000


def test_lanes_survive(time, tmp_path):
    """Reads leave to writes what they would without the restart."""
    with process(tmp_path, time.clock, 1000) as one:
        for _ in range(200):
            one.budget.spend(HELD, WRITE)
            time.seconds += 10
    with process(tmp_path, time.clock, 1000) as two:
        assert two.budget.hour(HELD).writes_since(0) == 200
        assert two.budget.hour(HELD).writes_an_hour(time.seconds) == one.budget.hour(HELD).writes_an_hour(
            time.seconds
        )


def test_what_never_left_is_taken_back(time, tmp_path):
    """Once, of two that went at the same moment."""
    with process(tmp_path, time.clock) as one:
        at = one.budget.spend(HELD, READ)
        one.budget.spend(HELD, READ)
        time.seconds += 5
        one.budget.give_back(HELD, READ, at)
    with process(tmp_path, time.clock) as two:
        assert used(two.budget) == 1


@pytest.mark.parametrize("place", [0, 20, RECORD + 5, 3 * RECORD + 1])
def test_bytes_that_are_not_as_they_were_written_spend_the_hour(time, tmp_path, caplog, place):
    """Whatever changed them: what is not known may have been sent. That is said, and over in an hour."""
    with process(tmp_path, time.clock) as one:
        assert spent(one.budget, WRITE, most=5) == 5
    data = bytearray((tmp_path / "hour").read_bytes())
    data[place] ^= 1
    (tmp_path / "hour").write_bytes(data)

    with process(tmp_path, time.clock) as two:
        assert used(two.budget) == used(two.budget, caller(1)) == 12
    time.seconds += 3599
    with process(tmp_path, time.clock) as three:
        assert spent(three.budget, WRITE) == 0
        time.seconds += 1
        assert spent(three.budget, WRITE) == 12
    assert sum("the last hour counts as spent" in one.getMessage() for one in caplog.records) == 1


@pytest.mark.parametrize(
    "data",
    [b"", b"\0" * 500, b"SQLite format 3\0" * 40, pack(Kind.BEGUN, VERSION + 1, b"", 0, 0)],
    ids=["nothing", "zeros", "a database", "another version"],
)
def test_a_file_of_something_else_spends_the_hour(time, tmp_path, data):
    """Nobody knows what was sent."""
    (tmp_path / "hour").write_bytes(data)
    with process(tmp_path, time.clock) as one:
        assert spent(one.budget, WRITE) == 0


@pytest.mark.parametrize("cut", range(1, RECORD))
def test_a_last_record_that_is_torn_is_none(time, tmp_path, cut):
    """Its attempt was not sent: it is written first."""
    with process(tmp_path, time.clock) as one:
        spent(one.budget, WRITE, most=5)
    data = (tmp_path / "hour").read_bytes()
    end = 6 * RECORD - cut
    for rest in (b"", bytes(len(data) - end)):
        (tmp_path / "hour").write_bytes(data[:end] + rest)
        with process(tmp_path, time.clock) as two:
            assert used(two.budget) == 4
        (tmp_path / "hour").write_bytes(data)


# Clocks.


def booted(time, seconds, unix=0.0, boot=b"one"):
    """Return a clock of a boot that was so many seconds ago, on a machine that is wrong by `unix`."""
    began = time.seconds - seconds
    return Clock(lambda: time.seconds - began, lambda: time.seconds + unix, time.clock.sleep, boot.ljust(16))


@pytest.mark.parametrize("wrong", [-1e9, -5000, -60, 0, 60, 5000])
def test_within_a_boot_the_clock_may_be_set(time, tmp_path, wrong):
    """It is not looked at."""
    clock = booted(time, 1000)
    with process(tmp_path, clock) as one:
        spent(one.budget, WRITE)
    time.seconds += 1800
    with process(tmp_path, replace(clock, unix=lambda: time.seconds + wrong)) as two:
        assert two.budget.wait(HELD, WRITE) == 1800


@pytest.mark.parametrize(("wrong", "wait"), [(0, 1800), (-600, 2400), (-1800, 3600), (-1e9, 3600)])
def test_of_another_boot_unix_time_tells(time, tmp_path, wrong, wait):
    """Set back meanwhile, the hour is over later; what seems to be to come counts as now."""
    with process(tmp_path, booted(time, 1000)) as one:
        spent(one.budget, WRITE)
    time.seconds += 1800
    with process(tmp_path, booted(time, 30, wrong, b"two")) as two:
        assert two.budget.wait(HELD, WRITE) == wait
    time.seconds += 10
    with process(tmp_path, booted(time, 20, wrong, b"three")) as three:
        assert three.budget.wait(HELD, WRITE) == wait - 10


@pytest.mark.parametrize("before", [-4e8, -5000, 5000])
def test_a_clock_that_was_set_before_the_last_request_changes_nothing(time, tmp_path, before):
    """As a machine without a clock of its own has it that learns the time after its start."""
    clock = booted(time, 1000, before)
    with process(tmp_path, clock) as one:
        spent(one.budget, WRITE, most=11)
    time.seconds += 900
    with process(tmp_path, replace(clock, unix=time)) as two:
        two.budget.spend(HELD, WRITE)
    time.seconds += 900
    with process(tmp_path, booted(time, 30, 0, b"two")) as three:
        assert three.budget.wait(HELD, WRITE) == 1800


# Any order of it all.


LOAD = st.sampled_from([0, 2, 20, 20])
"""How many requests are wanted after what happens: mostly more than the hour has."""


class Hours(RuleBasedStateMachine):
    """A gateway that anything happens to; `sent` is what PlanDocket gets, by true time."""

    per_hour = 12

    @initialize()
    def begin(self):
        """Start the machine, and the first process on it."""
        self.place = TemporaryDirectory()
        self.path = Path(self.place.name)
        self.disk = Disk()
        self.now = 1_000_000.0
        self.unix_ahead = 1_700_000_000.0
        self.boot(0)
        self.sent = {HELD: [], caller(1): []}
        self.start()

    def boot(self, ago):
        """Begin to count from so long before now."""
        self.booted_at, self.boot_id = self.now - ago, uuid4().bytes

    def start(self):
        """Start a process; where it cannot write, somebody makes room first."""
        clock = Clock(
            lambda: self.now - self.booted_at, lambda: self.now + self.unix_ahead, boot=self.boot_id
        )
        try:
            self.process = Process(self.path, clock, self.per_hour, self.disk)
        except SettingsError:
            self.disk.has_room = self.disk.takes_any = True
            self.process = Process(self.path, clock, self.per_hour, self.disk)
        self.is_ahead = False  # what it has written has the time as it is now

    def die(self):
        """End the process at once, and start the next."""
        self.process.end()
        self.disk.lives_for = None
        self.start()

    @contextmanager
    def living(self):
        """Go on with the next process where this one is killed inside, or has nothing left."""
        try:
            yield
        except RateLimitedError:
            pass
        except KilledError:
            self.die()

    def send(self, count, credential=HELD, lane=WRITE, apart=0):
        """Send what passes of so many."""
        with self.living():
            for _ in range(count):
                self.process.budget.spend(credential, lane)
                self.sent[credential].append(self.now)
                self.is_ahead = self.is_ahead and not self.process.file.is_whole
                self.now += apart

    @rule(
        credential=st.sampled_from([HELD, caller(1)]),
        lane=st.sampled_from(Lane),
        count=st.integers(1, 15),
        apart=st.sampled_from([0, 1, 100]),
    )
    def asks(self, credential, lane, count, apart):
        """Send some."""
        self.send(count, credential, lane, apart)

    @rule(
        credential=st.sampled_from([HELD, caller(1)]),
        late=st.integers(0, 20),
        count=st.sampled_from([1, 3, 1100]),
    )
    def finds_no_way(self, credential, late, count):
        """Give back what never left, so often that the file is full of it."""
        with self.living():
            for number in range(count):
                at = self.process.budget.spend(credential, READ)
                self.now += 0 if number else late
                self.process.budget.give_back(credential, READ, at)

    @rule(lives_for=st.integers(0, 300), load=LOAD)
    def is_killed_at_a_byte(self, lives_for, load):
        """Live for so many bytes."""
        self.disk.lives_for = lives_for
        self.send(load)

    @rule(down=st.sampled_from([0, 1, 600, 2_000, 3_000]), load=LOAD)
    def is_killed(self, down, load):
        """End between two writes, and start some time later."""
        self.now += down
        self.die()
        self.send(load)

    @precondition(lambda self: not self.is_ahead)
    @rule(
        down=st.sampled_from([10, 2_000]),
        ago=st.sampled_from([5, 10, 2_000, 90_000]),
        back=st.sampled_from([0, 0, 100, 5_000, 1e9]),
        load=LOAD,
    )
    def machine_restarts(self, down, ago, back, load):
        """Start in another boot, whose clock may be set back; for the numbers alone it may be of long ago."""
        self.now += down
        self.unix_ahead -= back
        self.boot(ago)
        self.die()
        self.send(load)

    @rule(by=st.sampled_from([-1e9, -4_000, -10, 10, 4_000, 1e9]), load=LOAD, dies=st.booleans())
    def clock_is_set(self, by, load, dies):
        """Set unix time."""
        self.unix_ahead += by
        self.is_ahead = self.is_ahead or by > 0
        if dies:
            self.die()
        self.send(load)

    @rule(by=st.sampled_from([1, 59, 61, 600, 1_800, 1_801, 3_599, 3_600]), load=LOAD)
    def time_passes(self, by, load):
        """Or the machine is suspended: the clock since its boot goes on."""
        self.now += by
        self.send(load)

    @rule(takes_any=st.booleans(), load=LOAD)
    def disk_is_full(self, takes_any, load):
        """For new files, or for all."""
        self.disk.has_room, self.disk.takes_any = False, takes_any
        self.send(load)

    @rule(load=LOAD, by=st.sampled_from([0, 60]))
    def disk_has_room(self, load, by):
        """Again."""
        self.disk.has_room = self.disk.takes_any = True
        self.now += by
        self.send(load)

    @invariant()
    def no_hour_is_overrun(self):
        """Whichever sixty minutes one looks at."""
        for times in self.sent.values():
            for first, beyond in zip(times, times[self.per_hour :], strict=False):
                assert beyond - first >= HOUR_S

    def teardown(self):
        """Leave nothing."""
        self.process.end()
        self.place.cleanup()


TestHours = Hours.TestCase
TestHours.settings = settings(
    derandomize=True,
    deadline=None,
    max_examples=100,
    stateful_step_count=30,
    database=None,
)


# A disk that is full.


def test_a_full_disk_changes_nothing_where_the_file_has_room(time, tmp_path, caplog):
    """It was made with it."""
    disk = Disk()
    with process(tmp_path, time.clock, 1000, disk) as one:
        disk.has_room = False
        assert spent(one.budget, WRITE) == 1000
    with process(tmp_path, time.clock, 1000) as two:
        assert used(two.budget) == 1000
    assert caplog.records == []


def test_a_disk_that_takes_nothing_is_said_and_spends_the_next_hour(time, tmp_path, caplog):
    """Once in the log, and until it takes something again; this process knows what it sent."""
    disk = Disk()
    with process(tmp_path, time.clock, 12, disk) as one:
        disk.takes_any = False
        assert spent(one.budget, WRITE, most=5) == 5
        assert not one.budget.is_remembered
        assert [path.name for path in tmp_path.glob("hour*")] == ["hour.lost"]
        time.seconds += 60
        assert spent(one.budget, WRITE, most=1) == 1
        disk.takes_any = True
        time.seconds += 60
        assert spent(one.budget, WRITE) == 6
        assert one.budget.is_remembered
    with process(tmp_path, time.clock) as two:
        assert two.budget.wait(HELD, WRITE) == 3600
    assert [one.levelname for one in caplog.records] == ["ERROR", "WARNING"]


def test_a_folder_that_cannot_be_made_anew_is_once_it_can(time, tmp_path, caplog):
    """Until then nothing can be noted there, which is said with what to do; afterwards it is locked as before."""
    folder = tmp_path / "kept"
    with process(folder, time.clock) as one:
        shutil.rmtree(folder)
        folder.touch()
        assert spent(one.budget, WRITE, most=3) == 3
        folder.unlink()
        time.seconds += 60
        assert spent(one.budget, WRITE, most=1) == 1
        with pytest.raises(SettingsError, match="another gateway's"):
            Folder(folder)
    with process(folder, time.clock) as two:
        assert two.budget.wait(HELD, WRITE) == 3600
    assert "so let an hour pass before the next start" in caplog.records[0].getMessage()


def test_a_start_on_a_disk_that_takes_nothing_is_refused(time, tmp_path):
    """With what the disk says."""
    disk = Disk()
    disk.has_room = False
    with pytest.raises(SettingsError, match="No space left on device"):
        Process(tmp_path, time.clock, 12, disk)
    with process(tmp_path, time.clock) as one:
        assert spent(one.budget, WRITE) == 12


# Systems without `flock`.


class Msvcrt(ModuleType):
    """Windows' own way to lock, as far as it is used."""

    LK_NBLCK = 2

    def __init__(self):
        super().__init__("msvcrt")
        self.locked = []

    def locking(self, descriptor, mode, count):
        """Lock, unless that file is."""
        assert (mode, count) == (self.LK_NBLCK, 1)
        inode = os.fstat(descriptor).st_ino
        if inode in self.locked:
            raise PermissionError(errno.EACCES, "Permission denied")
        self.locked.append(inode)


def test_without_flock_a_folder_is_locked_as_windows_has_it(tmp_path, monkeypatch):
    """The second is refused with the same sentence."""
    msvcrt = Msvcrt()
    monkeypatch.setitem(sys.modules, "fcntl", None)
    monkeypatch.setitem(sys.modules, "msvcrt", msvcrt)
    first = Folder(tmp_path)
    with pytest.raises(SettingsError, match="another gateway's"):
        Folder(tmp_path)
    assert len(msvcrt.locked) == 1
    first.close()

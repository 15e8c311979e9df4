"""A model of the feed: the scripts and what processes make of their answers, searched for a row that ends up wrong.

Each activity (a write, a walk, a round of the reader) gives way wherever others may come between: before it is sent,
before PlanDocket or Redis takes it, before its answer is taken in. A seed says who goes on. A row's value is how often
it was written, so that the greater is the later.
"""

from collections.abc import Generator, Iterable, Iterator
from dataclasses import dataclass, field, replace
from random import Random

Number = tuple[int, int]
"""Epoch, and place in it."""
NEVER: Number = (0, 0)
Steps = Generator[None]
ROWS = range(1, 7)
STREAM = 12  # entries that the stream keeps


@dataclass(frozen=True)
class Rules:
    """What keeps all rows right. The search finds what goes wrong without one of them."""

    deletions_stay: bool = True
    """A deletion leaves id and number."""
    old_reads_are_refused: bool = True
    old_writes_are_refused: bool = True
    """Their rows are asked for."""
    own_writes_hold_back: bool = True
    """Who has an unpublished write, or held a row back for one, satisfies no version."""
    asks_go_on: bool = True
    """Until one of them is told: what they bring may have been merged with what came before."""
    higher_wins: bool = True
    """Of what is restored after a loss."""
    gaps_are_seen: bool = True
    newcomers_look_first: bool = True
    """They follow from the number that was there before they read the rows."""
    abandoned_writes_are_asked: bool = True
    old_versions_wait: bool = True
    """After a loss, until every process had time to tell what it knows."""


class WrongError(AssertionError):
    """A process told what it must not, or holds it."""


class PlanDocket:
    """Rows by id, and how often each was written."""

    def __init__(self) -> None:
        self.rows = dict.fromkeys(ROWS, 1)

    def write(self, row: int) -> int | None:
        """Return the row as it is written; None where it is gone."""
        if row not in self.rows:
            return None
        self.rows[row] += 1
        return self.rows[row]


@dataclass
class Told:
    """A row in Redis, or its deletion."""

    number: Number
    by: int
    value: int | None
    at: int
    cause: str


@dataclass
class Change:
    """A row that is to be told."""

    base: Number
    cause: str


class Redis:
    """What the scripts do."""

    def __init__(self, rules: Rules) -> None:
        self.rules = rules
        self.epoch = 0
        self.lose()

    def lose(self) -> None:
        """Know nothing more."""
        self.is_lost = True

    def join(self, known: int) -> Number:
        """Return where the stream is; begin a new epoch after a loss."""
        if self.is_lost or known > self.epoch:
            self.is_lost = False
            self.epoch, self.n, self.fence = max(self.epoch, known) + 1, 0, 0
            self.walker: int | None = None
            self.rows: dict[int, Told] = {}
            self.stream: list[tuple[Number, int, list[int]]] = []
        return self.epoch, self.n

    def publish(
        self, by: int, epoch: int, fence: int, changes: dict[int, tuple[Change, int | None, int]]
    ) -> tuple[Number, set[int]] | None:
        """Take changes; return the last number, and what is refused. None where another epoch has begun."""
        if self.is_lost or epoch != self.epoch:
            return None
        number, taken = (self.epoch, self.n + 1), list[int]()
        for row, (change, value, at) in changes.items():
            if self._takes(row, change, value, by, fence):
                self.rows[row] = Told(
                    change.base if change.cause == "old" else number, by, value, at, change.cause
                )
                if value is None and not self.rules.deletions_stay:
                    del self.rows[row]
                taken.append(row)
        if taken:
            self.n += 1
            self.stream = [*self.stream[1 - STREAM :], (number, by, taken)]
        return (self.epoch, self.n), changes.keys() - set(taken)

    def _takes(self, row: int, change: Change, value: int | None, by: int, fence: int) -> bool:
        rules, told = self.rules, self.rows.get(row)
        last = NEVER if told is None else told.number
        if change.cause == "old":
            return not rules.higher_wins or last < change.base
        if change.cause == "write" and value is None:
            return True
        if change.base[0] != self.epoch:  # what began in another epoch
            return False
        if change.cause == "walk" and fence != self.fence:
            return False
        is_compared = rules.old_writes_are_refused if change.cause == "write" else rules.old_reads_are_refused
        is_own = told is not None and told.by == by and told.value is not None
        if is_own and change.cause == "write":  # what was read here since may be what others wrote
            is_own = told is not None and told.cause == "write"
        return not is_compared or last <= change.base or is_own


@dataclass
class Process:
    """One gateway process: its mirror, and what it has to tell."""

    name: int
    world: "World"
    held: dict[int, tuple[int, int]] = field(default_factory=dict[int, tuple[int, int]])
    """By row its value, and when that was asked for."""
    gone: dict[int, int] = field(default_factory=dict[int, int])
    numbers: dict[int, Number] = field(default_factory=dict[int, Number])
    pending: dict[int, Change] = field(default_factory=dict[int, Change])
    sending: dict[int, Change] = field(default_factory=dict[int, Change])
    held_back: set[int] = field(default_factory=set[int])
    asking: set[int] = field(default_factory=set[int])
    position: Number = NEVER
    in_step: bool = False
    fence: int = -1
    is_alive: bool = True
    has_told: bool = False
    is_following: bool = False
    number: Number = NEVER
    refused_writes: int = 0

    def put(self, row: int, value: int | None, at: int, base: Number, cause: str) -> None:
        """Hold what was told by what was sent at a moment: the later wins."""
        before = self.held.get(row)
        if self.gone.get(row, -1) >= at or (before is not None and before[1] > at):
            return
        if value is None:
            self.gone[row] = at
            self.held.pop(row, None)
        else:
            self.held[row] = value, at
        if (before and before[0]) != value:
            self.mark(row, base, cause)

    def mark(self, row: int, base: Number, cause: str) -> None:
        """Let a row be told."""
        known = self.pending.get(row)
        is_asked = self.world.rules.asks_go_on and row in self.asking
        is_write = cause == "write" or is_asked or (known is not None and known.cause == "write")
        base = base if known is None else min(base, known.base)
        self.pending[row] = Change(base, "write" if is_write else cause)

    def take(self, row: int) -> None:
        """Hold a row as Redis does, unless a change of it is to be told."""
        told = self.world.redis.rows.get(row)
        if row in self.pending or row in self.sending:
            self.held_back.add(row)
        elif told is not None and told.number >= self.numbers.get(row, NEVER):
            self.held_back.discard(row)
            self.numbers[row] = told.number
            self.held.pop(row, None)
            if told.value is not None:
                self.gone.pop(row, None)
                self.held[row] = told.value, told.at
        elif told is None:  # without what a deletion leaves
            self.held.pop(row, None)

    def write(self, row: int, *, deletes: bool) -> Steps:
        """Write a row at PlanDocket, and tell its version once it is told."""
        world = self.world
        while (self.name, row) in world.open:  # a process lets the writes of a row take turns
            yield
        base = self.position
        world.open.append((self.name, row))
        yield
        value = None
        if deletes:
            world.plandocket.rows.pop(row, None)
        else:
            value = world.plandocket.write(row)
        yield
        if value is None and not deletes:
            self.put(row, None, world.tick(), base, "read")
        else:
            self.put(row, value, world.tick(), base, "write")
            if deletes or row in self.pending or row in self.sending:
                self.mark(row, base, "write")
        refused, epoch = self.refused_writes, self.position[0]
        while any(one.cause == "write" for one in (*self.pending.values(), *self.sending.values())):
            yield
        world.open.remove((self.name, row))
        if value is not None and refused == self.refused_writes and epoch == self.position[0]:
            world.versions.append((row, value, max(self.number, self.position)))

    def read(self, row: int, cause: str = "read") -> Steps:
        """Ask PlanDocket for a row."""
        at, base = self.world.tick(), self.position
        yield
        value = self.world.plandocket.rows.get(row)
        yield
        self.put(row, value, at, base, cause)

    def ask(self, row: int, number: Number) -> Steps:
        """Ask for a row whose write was refused, once all is held that it was refused for."""
        while self.in_step and self.position < number:
            yield
        yield from self.read(row)

    def walk(self) -> Steps:
        """Read all rows, while the lease is this process's own."""
        fence = self.fence
        begun, base = self.world.tick(), self.position
        for row in ROWS:
            at, before = self.world.tick(), self.position
            yield
            value = self.world.plandocket.rows.get(row)
            yield
            if self.fence != fence or self.position[0] != base[0]:
                return
            if value is not None:
                self.put(row, value, at, before, "walk")
            elif row in self.held and self.held[row][1] < begun:
                self.put(row, None, max(begun, self.held[row][1]), base, "walk")

    def as_told(self, row: int, change: Change) -> tuple[Change, int | None, int]:
        """Return a row as it is told."""
        value, at = self.held.get(row, (None, 0))
        return change, value, at

    def publish(self) -> Steps:
        """Tell what is to be told."""
        if not self.pending or not self.in_step or self.sending:
            return
        changes, self.pending = self.pending, {}
        self.sending = changes
        told = {row: self.as_told(row, change) for row, change in changes.items()}
        epoch, fence = self.position[0], self.fence
        yield
        answer = self.world.redis.publish(self.name, epoch, fence, told)
        yield
        self.sending = {}
        if answer is None:
            self.in_step = False
            for row, change in changes.items():
                self.mark(row, change.base, change.cause)
            return
        number, refused = answer
        self.number = number
        for row in changes.keys() - refused:
            self.numbers[row] = number
            self.asking.discard(row)
            if row in self.held_back:
                self.take(row)
            self.held_back.discard(row)
        for row in refused:
            self._refused(row, changes[row])

    def _refused(self, row: int, change: Change) -> None:
        told = self.world.redis.rows.get(row)
        is_known = told is not None and told.number >= self.numbers.get(row, NEVER)
        if is_known or (told is None and not self.world.rules.deletions_stay):
            self.take(row)
        elif told is None and change.cause == "walk":
            self.held.pop(row, None)
        else:
            self.mark(row, self.position, "write")
        if change.cause == "write" or not is_known:
            self.refused_writes += 1
            self.asking.add(row)
            self.world.start(self, self.ask(row, self.number))

    def follow(self) -> Steps:
        """Take what the stream tells, or all where that has a gap; one round after the other."""
        if self.is_following:
            return
        self.is_following = True
        yield from self._follow()
        self.is_following = False

    def _follow(self) -> Steps:
        redis = self.world.redis
        if not self.in_step:
            yield from self.fill()
            return
        if redis.is_lost or redis.epoch != self.position[0]:
            self.in_step = False
            return
        entries = [entry for entry in redis.stream if entry[0] > self.position][
            : self.world.random.randint(1, 3)
        ]
        yield
        for number, by, rows in entries:
            if redis.is_lost or redis.epoch != number[0]:
                return
            if number[1] != self.position[1] + 1 and self.world.rules.gaps_are_seen:
                self.in_step = False
                return
            for row in rows:
                if by != self.name or self.numbers.get(row, NEVER) < number:
                    self.take(row)
            self.position = number

    def fill(self) -> Steps:
        """Hold all that Redis holds; after a loss it is told first what is known here."""
        redis = self.world.redis
        position = redis.join(self.position[0])
        if position[0] != self.position[0]:
            self.position, self.has_told = position, False
        if not self.has_told:
            for row, number in list(self.numbers.items()):
                yield
                if row not in self.pending:
                    told = {row: self.as_told(row, Change(number, "old"))}
                    if not redis.publish(self.name, position[0], -1, told):
                        return
            self.has_told = True
            position = redis.join(position[0])
        for row in ROWS:
            yield
            if redis.is_lost or redis.epoch != position[0]:
                return
            if row in redis.rows:
                self.take(row)
            elif row in self.numbers and row not in self.pending:
                self.held.pop(row, None)
                self.numbers.pop(row, None)
        self.position = position if self.world.rules.newcomers_look_first else (redis.epoch, redis.n)
        self.in_step = True

    def beat(self) -> Steps:
        """Take the lease where nobody has it, and ask for what a dead process was writing."""
        redis, world = self.world.redis, self.world
        yield
        if redis.is_lost or redis.epoch != self.position[0] or not self.in_step:
            self.in_step = False
            return
        is_free = redis.walker is None or not world.lives(redis.walker)
        if (is_free or world.random.random() < world.takes_over) and redis.walker != self.name:
            redis.walker, redis.fence = self.name, redis.fence + 1
            self.fence = redis.fence
        if redis.walker == self.name and world.rules.abandoned_writes_are_asked:
            for one in [one for one in world.open if not world.lives(one[0])]:
                world.open.remove(one)
                world.start(self, self.read(one[1]))

    def satisfies(self, version: Number) -> bool:
        """Return whether a client that names a version is answered."""
        rules = self.world.rules
        to_tell = (*self.pending.values(), *self.sending.values())
        is_own_told = not self.held_back and not any(one.cause == "write" for one in to_tell)
        is_old = version[0] < self.position[0]
        if rules.old_versions_wait and is_old and not self.world.all_told(self.position[0]):
            return False
        return self.position >= version and (is_own_told or not rules.own_writes_hold_back)


class World:
    """Processes, Redis and PlanDocket, and what goes on between them."""

    def __init__(self, seed: int, rules: Rules) -> None:
        self.random = Random(seed)  # noqa: S311 - what a seed says is to be the same each time
        self.rules = rules
        self.redis = Redis(rules)
        self.plandocket = PlanDocket()
        self.now = 0
        self.open: list[tuple[int, int]] = []
        self.versions: list[tuple[int, int, Number]] = []
        self.running: list[tuple[Process, Steps, bool]] = []
        """What goes on, in which process, and whether that is one of its rounds."""
        self.processes = [Process(name, self) for name in range(self.random.randint(2, 3))]
        self.failure = self.random.choice(("none", "kill", "loss", "behind", "lease"))
        self.takes_over = 0.3 if self.failure == "lease" else 0.0
        self.is_changed_elsewhere = self.random.random() < 0.3

    def tick(self) -> int:
        """Return a moment that is later than all before."""
        self.now += 1
        return self.now

    def lives(self, name: int) -> bool:
        """Return whether a process is there."""
        return any(one.name == name for one in self.alive)

    @property
    def alive(self) -> list[Process]:
        """The processes that are there."""
        return [one for one in self.processes if one.is_alive]

    def all_told(self, epoch: int) -> bool:
        """Return whether each process has told what it knew before an epoch, and asked for what it did not know."""
        has_told = all(one.in_step and one.position[0] == epoch for one in self.alive)
        return has_told and not any(one.asking or one.pending or one.sending for one in self.alive)

    def start(self, process: Process, steps: Steps) -> None:
        """Let something go on beside all else."""
        self.running.append((process, steps, False))

    def start_rounds(self, process: Process, *rounds: Steps) -> None:
        """Let a process beat, tell, or take in."""
        self.running += [(process, steps, True) for steps in rounds]

    def step(self) -> None:
        """Let one of all that runs go on."""
        if not self.running:
            return
        process, steps, _ = one = self.random.choice(self.running)
        if not process.is_alive or next(steps, True):
            self.running.remove(one)
        self.check()

    def act(self) -> None:
        """Begin something, or let something fail."""
        process, row = self.random.choice(self.alive), self.random.choice(ROWS)
        drawn = self.random.random()
        if drawn < 0.3:
            self.start(process, process.write(row, deletes=self.random.random() < 0.15))
        elif drawn < 0.45:
            self.start(process, process.read(row))
        elif drawn < 0.55 and self.redis_walker() is process:
            self.start(process, process.walk())
        elif drawn < 0.6 and self.is_changed_elsewhere:
            self.plandocket.write(row)
        elif drawn < 0.63:
            self.fail(process)
        self.start_rounds(process, self.random.choice((process.publish, process.follow, process.beat))())

    def redis_walker(self) -> Process | None:
        """Return who believes to walk: a process that lost the lease may not know it yet."""
        return next((one for one in self.alive if one.fence > 0 and self.random.random() < 0.7), None)

    def fail(self, process: Process) -> None:
        """Let something fail."""
        if self.failure == "kill" and len(self.processes) == len(self.alive):
            process.is_alive = False
            self.processes.append(Process(len(self.processes), self))
        elif self.failure == "loss":
            self.redis.lose()
        elif self.failure == "behind":
            for _ in range(STREAM + 2):
                other = self.random.choice(self.alive)
                self.start(other, other.write(self.random.choice(ROWS), deletes=False))
                self.start_rounds(other, other.publish())
                self.settle(20)

    def settle(self, steps: int) -> None:
        """Let what runs go on for a while."""
        for _ in range(steps):
            self.step()

    def check(self) -> None:
        """See that nobody who satisfies a version lacks what was written by then."""
        for process in self.alive:
            for row, value, version in self.versions[-5:]:
                if process.in_step and process.satisfies(version):
                    held = process.held.get(row)
                    if held is not None and held[0] < value:
                        raise WrongError(
                            f"{process.name} tells {held[0]} of row {row} at {version}, not {value}"
                        )

    def rest(self) -> None:
        """Let all go on until nothing is to be told, and all hold the same changes."""
        for _ in range(400):
            for process in self.alive:
                self.start_rounds(process, process.beat(), process.publish(), process.follow())
            self.settle(4 * len(self.running))
            if self.is_quiet:
                return
        raise WrongError("they come to no rest")

    @property
    def is_quiet(self) -> bool:
        """Whether nothing is to be told or asked, and all hold what Redis holds."""
        if any(one.is_alive and not is_round for one, _, is_round in self.running):
            return False
        last = (self.redis.epoch, self.redis.n)
        is_followed = all(one.in_step and one.position == last for one in self.alive)
        has_orphans = any(not self.lives(name) for name, _ in self.open)
        return is_followed and not has_orphans and not any(one.pending or one.sending for one in self.alive)

    def judge(self) -> None:
        """Raise WrongError where processes differ, or hold something else than PlanDocket though nobody else wrote."""
        self.rest()
        held = [{row: value for row, (value, _) in one.held.items()} for one in self.alive]
        if any(one != held[0] for one in held):
            raise WrongError(f"they differ: {held}")
        if not self.is_changed_elsewhere:
            wrong = {row for row, value in held[0].items() if self.plandocket.rows.get(row) != value}
            if wrong:
                raise WrongError(f"all hold {held[0]}, PlanDocket {self.plandocket.rows}: {wrong}")


def run(seed: int, rules: Rules) -> None:
    """Play one seed: begin with all rows held by everybody, then let things happen, and look at what comes of it."""
    world = World(seed, rules)
    first = world.processes[0]
    world.start(first, first.fill())
    world.rest()
    for row in ROWS:
        first.put(row, 1, world.tick(), first.position, "read")
    world.rest()
    for _ in range(60):
        world.act()
        world.settle(world.random.randint(0, 6))
    world.judge()


def without() -> Iterator[tuple[str, Rules]]:
    """Yield all rules but one, for each of them."""
    for name in Rules.__dataclass_fields__:
        yield name, replace(Rules(), **{name: False})


def wrong_seeds(rules: Rules, seeds: Iterable[int], most: int = 1) -> list[int]:
    """Return the first seeds with which something goes wrong, as many at the most."""
    found = list[int]()
    for seed in seeds:
        try:
            run(seed, rules)
        except WrongError:
            found.append(seed)
            if len(found) >= most:
                break
    return found

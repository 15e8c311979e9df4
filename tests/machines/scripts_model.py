"""The scripts of `gateway.machines.hour_script` in plain Python, to be searched; a test holds the two alike."""

from dataclasses import dataclass, field
from math import inf
from typing import Any

_EVERY_RULE = frozenset({"run_id", "missing keys", "contact", "lent later"})


@dataclass
class Kept:
    """What lies in Redis: times in milliseconds, of its own clock."""

    mark: dict[str, Any] = field(default_factory=dict[str, Any])
    log: list[tuple[int, str]] | None = None
    """Each entry with its number; None where there is no such key."""
    owners: dict[str, float] = field(default_factory=dict[str, float])
    windows: dict[str, dict[str, float]] = field(default_factory=dict[str, dict[str, float]])
    closed: dict[str, list[int]] = field(default_factory=dict[str, list[int]])

    def copy(self) -> "Kept":
        """Return what a snapshot on disk would hold."""
        windows = {owner: dict(window) for owner, window in self.windows.items()}
        log = None if self.log is None else list(self.log)
        closed = {owner: list(shut) for owner, shut in self.closed.items()}
        return Kept(dict(self.mark), log, dict(self.owners), windows, closed)


class Scripts:
    """A Redis that knows nothing but these scripts; of its rules one can be left out."""

    def __init__(self, run: str = "run", without: str = "") -> None:
        self.kept = Kept()
        self.run = run
        self._rules = _EVERY_RULE - {without}

    def _look(self, now: int) -> tuple[int, bool]:
        mark = self.kept.mark
        now = max(now, mark.get("t", 0))
        if not mark or ("run_id" in self._rules and mark["run"] != self.run):
            return now, False
        if "missing keys" not in self._rules:
            return now, True
        return now, self.kept.log is not None and str(mark["epoch"]) in self.kept.owners

    def _lost(self, now: int) -> list[Any]:
        self.kept.mark = {}
        return [now, "lost"]

    def _add(self, now: int, entry: str) -> None:
        mark = self.kept.mark
        mark["n"] += 1
        mark["t"] = now
        if self.kept.log is None:
            self.kept.log = []
        self.kept.log.append((mark["n"], entry))

    def _has_window(self, owner: str, now: int, window: int) -> bool:
        name = f"mark:{self.kept.mark['epoch']}:{owner}"
        if name not in self.kept.windows.get(owner, {}):
            last = self.kept.owners.get(owner)
            if last is not None and last > now - window and "missing keys" in self._rules:
                return False
            self.kept.windows[owner] = {name: inf}
        return True

    def take(
        self, now: int, given: int, process: str, owner: str, lane: str, limit: int, window: int, probe: int
    ) -> list[Any]:
        """Count an attempt."""
        now, is_whole = self._look(now)
        mark = self.kept.mark
        if not is_whole:
            return self._lost(now)
        if mark["epoch"] != given:
            return [now, "other"]
        if now < mark["opens"]:
            return [now, "shut", mark["opens"] - now]
        if not self._has_window(owner, now, window):
            return self._lost(now)
        shut = self.kept.closed.get(owner)
        if shut is not None and shut[0] > now:
            if not probe or shut[1] > now:
                return [now, "closed", shut[0] - now]
            shut[1] = now + probe
        sent = self.kept.windows[owner]
        if len(sent) > limit:
            sent = {name: at for name, at in sent.items() if at > now - window}
            self.kept.windows[owner] = sent
        over = len(sent) - 1 - limit
        if over >= 0:
            return [now, "full", int(sorted(sent.values())[over]) + window - now]
        name = f"{mark['epoch']}.{mark['n'] + 1}"
        self._add(now, f"sent {lane} {owner} {process} {name} {now}")
        sent[name] = self.kept.owners[owner] = now
        return [now, "granted", name]

    def greet(self, now: int, process: str, known: int, slots: int, window: int, opening: int) -> list[Any]:
        """Say that a process is there."""
        now, is_whole = self._look(now)
        if not is_whole:
            self._begin(now, known, opening)
        mark, owners = self.kept.mark, self.kept.owners
        for owner in [owner for owner, at in owners.items() if at <= now - window]:
            del owners[owner]
        slot, usable_at = self._slot(now, process, slots, window)
        if not slot and now >= mark["opens"] and known in (0, mark["epoch"]):
            slot, usable_at = self._free(now, slots, window)
        if slot:
            mark[f"s{slot}"] = (process, now, usable_at)
        opens_in, usable_in = max(0, mark["opens"] - now), max(0, usable_at - now)
        return [now, mark["epoch"], mark["n"], opens_in, slot, usable_in, mark["knows"], int(not is_whole)]

    def _begin(self, now: int, known: int, opening: int) -> None:
        epoch = max(now, known + 1)
        fresh = {"n": 0, "t": now, "begun": now, "opens": now + opening, "knows": 0, "contact": 0}
        self.kept.mark = {"epoch": epoch, "run": self.run, **fresh}
        self.kept.owners, self.kept.log = {str(epoch): inf}, [(0, "begun")]

    def _slot(self, now: int, process: str, slots: int, window: int) -> tuple[int, int]:
        for slot in range(1, slots + 1):
            holder, _, usable_at = self.kept.mark.get(f"s{slot}", ("", 0, 0))
            if holder == process:
                return slot, usable_at
        return 0, 0

    def _free(self, now: int, slots: int, window: int) -> tuple[int, int]:
        mark, is_late = self.kept.mark, "lent later" in self._rules
        for slot in range(1, slots + 1):
            held = mark.get(f"s{slot}")
            if held is None:
                return slot, mark["begun"] + 2 * window if mark["knows"] and is_late else now
            if now - held[1] >= window:
                return slot, held[1] + 2 * window if is_late else now
        return 0, 0

    def account(
        self,
        now: int,
        given: int,
        process: str,
        source: str,
        owner: str,
        window: int,
        opening: int,
        is_done: int,
        contact: int,
        slot: int,
        usable_in: int,
        *words: str,
    ) -> list[Any]:
        """Tell a new epoch what was sent."""
        now, is_whole = self._look(now)
        mark = self.kept.mark
        if not is_whole:
            return self._lost(now)
        if mark["epoch"] != given:
            return [now, "other"]
        if source == "file" and mark["knows"]:
            return [now, "known"]
        if owner and not self._has_window(owner, now, window):
            return self._lost(now)
        for lane, name, age in zip(words[::3], words[1::3], words[2::3], strict=True):
            at, sent = now - int(age), self.kept.windows[owner]
            if name not in sent:
                self._add(now, f"sent {lane} {owner} - {name} {at}")
            sent[name] = max(at, sent.get(name, at))
            self.kept.owners[owner] = max(at, self.kept.owners.get(owner, at))
        if source == "process":
            mark["knows"] = 1
            mark["contact"] |= int(is_done and contact)
        if source == "process" or not contact:
            is_known = mark["contact"] or "contact" not in self._rules
            mark["opens"] = mark["begun"] + (opening if is_known else window)
        if slot and f"s{slot}" not in mark:
            mark[f"s{slot}"] = (process, now, now + usable_in)
        return [now, "told"]

    def note(
        self, now: int, kind: str, process: str, owner: str, lane: str, name: str, wait: int, window: int
    ) -> list[Any]:
        """Tell all that an attempt never left, that the hour is closed or open, or that a process goes."""
        now, is_whole = self._look(now)
        if not is_whole:
            return self._lost(now)
        if kind == "leave":
            if self.kept.mark.get(f"s{name}", ("",))[0] == process:
                self.kept.mark[f"s{name}"] = ("-", 0, 0)
            return [now, "left"]
        if kind == "back":
            self.kept.windows.get(owner, {}).pop(name, None)
        if kind == "open":
            self.kept.closed.pop(owner, None)
        if kind == "closed":
            before = self.kept.closed.get(owner, [0, 0])
            self.kept.closed[owner] = [now + wait, before[1] if before[0] > now else 0]
        self._add(now, f"{kind} {lane} {owner} {process} {name} {now + wait}")
        return [now, "noted"]

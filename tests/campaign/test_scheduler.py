"""The scheduler alone: what it hands out, when it stops, and that order and interruption do not change what is done."""

from __future__ import annotations

import random

import pytest

from hpcbip.campaign.scheduler import Rules, Scheduler, Task

RULES = Rules(chains=3, thermal_blocks=2, min_blocks=4, max_blocks=30)
# error over target falls as 1/√blocks; what each ensemble needs
DIFFICULTY = {"easy": 1.0, "middle": 3.0, "hard": 5.0, "hopeless": 100.0, "untargeted": 0.0}


def ratio(identity: str, blocks: int) -> float:
    return DIFFICULTY[identity] / blocks**0.5


def scheduler(behind: dict[tuple[str, int], int] | None = None, targeted: bool = True, **more: object) -> Scheduler:
    names = [name for name in DIFFICULTY if name != "untargeted"] if targeted else []
    return Scheduler(DIFFICULTY, RULES, behind or {}, names, more.get("partners", {}), more.get("evaluate", ratio))


def drive(s: Scheduler, workers: int, seed: int, limit: int = 10**6) -> list[Task]:
    """Run blocks of random length on many workers; returns the finished tasks."""
    chance = random.Random(seed)
    busy: list[tuple[float, Task]] = []
    done: list[Task] = []
    clock = 0.0
    while len(done) < limit:
        while len(busy) < workers and (task := s.next()):
            assert not any((task.identity, task.chain) == (t.identity, t.chain) for _, t in busy)
            busy.append((clock + chance.lognormvariate(0, 1), task))
        if not busy:
            break
        busy.sort(key=lambda entry: entry[0])
        clock, task = busy.pop(0)
        s.complete(task)
        done.append(task)
    return done


def lengths(s: Scheduler) -> dict[str, list[int]]:
    return {name: e.blocks for name, e in s.ensembles.items()}


def test_targets_and_hard_ends() -> None:
    s = scheduler()
    drive(s, 4, 1)
    assert s.finished
    # milestones 4, 6, 9, 14, 21, 30 and two thermal blocks before
    assert lengths(s) == {
        "easy": [6] * 3, "middle": [11] * 3, "hard": [32] * 3, "hopeless": [32] * 3, "untargeted": [6] * 3,
    }  # fmt: skip


def test_without_targets_everything_runs_to_the_hard_end() -> None:
    s = scheduler(targeted=False)
    drive(s, 4, 1)
    assert all(blocks == [32] * 3 for blocks in lengths(s).values())


@pytest.mark.parametrize("workers", [1, 2, 7, 40])
def test_the_number_of_workers_does_not_matter(workers: int) -> None:
    reference = scheduler()
    drive(reference, 3, 5)
    s = scheduler()
    done = drive(s, workers, workers)
    assert lengths(s) == lengths(reference)
    assert len(set(done)) == len(done)
    for name in DIFFICULTY:
        for chain in range(3):
            mine = [t.block for t in done if (t.identity, t.chain) == (name, chain)]
            assert mine == list(range(len(mine)))


@pytest.mark.parametrize("seed", range(8))
def test_interruptions_do_not_matter(seed: int) -> None:
    chance = random.Random(seed)
    reference = scheduler()
    drive(reference, 3, 5)
    behind: dict[tuple[str, int], int] = {}
    for _ in range(1000):
        s = scheduler(behind)
        drive(s, chance.randint(1, 9), seed, limit=chance.randint(1, 40))
        behind = {(name, c): b for name, e in s.ensembles.items() for c, b in enumerate(e.blocks)}
        if s.finished:
            break
    assert lengths(s) == lengths(reference)


def test_a_partner_is_waited_for() -> None:
    seen = []

    def evaluate(identity: str, blocks: int) -> float:
        seen.append(identity)
        return 0.0

    rules = Rules(1, 0, 2, 4)
    s = Scheduler(["one", "two"], rules, {}, ["one"], {"one": ["two"]}, evaluate)
    for _ in range(2):
        s.complete(Task("one", 0, _))
    assert not seen and not s.ensembles["one"].done
    for _ in range(2):
        s.complete(Task("two", 0, _))
    assert seen == ["one"] and s.finished


def test_work_goes_where_the_error_is() -> None:
    s = scheduler()
    drive(s, 1, 1, limit=5 * 3 * 6)  # all first milestones, the least advanced first
    assert {e.milestone > 4 or e.done for e in s.ensembles.values()} == {True}
    assert [task.identity for task in (s.next() for _ in range(4)) if task] == ["hopeless"] * 3 + ["hard"]


def test_a_worker_keeps_its_chain_among_equals() -> None:
    s = scheduler()
    s.next(), s.next()
    preferred = s.next(("hard", 2))
    assert preferred == Task("hard", 2, 0)


def test_large_campaigns_are_scheduled_quickly_enough_to_simulate() -> None:
    rules = Rules(8, 1, 4, 4)
    s = Scheduler([f"e{k}" for k in range(200)], rules, {}, [], {}, ratio)
    assert len(drive(s, 50, 1)) == 200 * 8 * 5
    assert s.finished and s.blocks_done == s.blocks_known == 8000

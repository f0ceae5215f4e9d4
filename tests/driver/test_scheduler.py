"""The scheduler alone: what it hands out, when it stops, and that order and interruption do not change what
is done."""

from __future__ import annotations

import random

import pytest

from hpcbip.campaign.plan import SampleSize
from hpcbip.driver.ensemble_state import Task
from hpcbip.driver.scheduler import Scheduler
from hpcbip.driver.stopping_rule import StoppingRule

RULES = StoppingRule(chains=3, thermal_blocks=2, min_blocks=4, max_blocks=30)
GROWING = StoppingRule(chains=3, thermal_blocks=1, min_blocks=4, max_blocks=30, max_chains=40)
# error over target falls as 1/√bins; blocks of bins that each ensemble needs
NEED = {"easy": 3.0, "middle": 27.0, "hard": 75.0, "hopeless": 1e4, "untargeted": 0.0}


def ratio(identity: str, at: SampleSize) -> float:
    return (NEED[identity] / at.total) ** 0.5


def scheduler(
    blocks_done: dict[tuple[str, int], int] | None = None, rule: StoppingRule = RULES, **more: object
) -> Scheduler:
    names = [name for name in NEED if name != "untargeted"] if more.get("targeted", True) else []
    return Scheduler(NEED, rule, blocks_done or {}, names, more.get("partners", {}))


def evaluate_due(s: Scheduler) -> None:
    while due := s.take_due():
        for identity, goal in due:
            s.record_ratio(identity, ratio(identity, goal))


def drive(
    s: Scheduler, workers: int, seed: int, limit: int = 10**6, late_evaluation: bool = False
) -> list[Task]:
    """Run blocks of random length on many workers; returns the finished tasks.

    With `late_evaluation` errors are known late only.
    """
    chance = random.Random(seed)
    busy: list[tuple[float, Task]] = []
    done: list[Task] = []
    last: dict[int, tuple[str, int]] = {}
    clock = 0.0
    evaluate_due(s)
    while len(done) < limit and not (s.finished and not busy):
        if not late_evaluation or chance.random() < 0.2 or not busy:
            evaluate_due(s)
        while len(busy) < workers and not s.finished and (task := s.next_task(last.get(len(busy)))):
            assert not any((task.identity, task.chain) == (t.identity, t.chain) for _, t in busy)
            last[len(busy)] = task.identity, task.chain
            busy.append((clock + chance.lognormvariate(0, 1), task))
        assert busy or s.finished, "stuck"
        if busy:
            busy.sort(key=lambda entry: entry[0])
            clock, task = busy.pop(0)
            s.complete(task, 1.0)
            done.append(task)
    return done


def counting(s: Scheduler) -> dict[str, tuple[int, int]]:
    """What counts in the end; every chain of it must be there."""
    for e in s.ensembles.values():
        assert e.done and all(
            b >= s.rule.thermal_blocks + e.goal.blocks for b in e.blocks_done[: e.goal.chains]
        )
    return {name: (e.goal.chains, e.goal.blocks) for name, e in s.ensembles.items()}


def test_targets_and_hard_ends() -> None:
    s = scheduler()
    drive(s, 4, 1)
    assert counting(s) == {
        "easy": (3, 4),
        "middle": (3, 10),
        "hard": (3, 28),
        "hopeless": (3, 30),
        "untargeted": (3, 4),
    }


def test_a_hard_ensemble_gets_more_chains() -> None:
    s = scheduler(rule=GROWING)
    drive(s, 4, 1)
    assert counting(s)["hopeless"] == (40, 30)
    assert counting(s)["easy"] == (3, 4)
    assert 3 < counting(s)["hard"][0] < 40


def test_without_targets_everything_runs_to_the_hard_end() -> None:
    s = scheduler(targeted=False)
    drive(s, 4, 1)
    assert all(e.blocks_done == [32] * 3 for e in s.ensembles.values())


def test_one_worker_begins_nothing_in_vain() -> None:
    s = scheduler()
    drive(s, 1, 1)
    assert all(e.blocks_done == [2 + e.goal.blocks] * 3 for e in s.ensembles.values())


@pytest.mark.parametrize("rule", [RULES, GROWING], ids=["fixed", "growing"])
@pytest.mark.parametrize("workers", [1, 2, 7, 40, 500])
def test_neither_workers_nor_timing_matter(workers: int, rule: StoppingRule) -> None:
    reference = scheduler(rule=rule)
    drive(reference, 3, 5)
    s = scheduler(rule=rule)
    done = drive(s, workers, workers, late_evaluation=True)
    assert counting(s) == counting(reference)
    assert len(set(done)) == len(done)
    chains = {(t.identity, t.chain) for t in done}
    for name, chain in chains:
        mine = [t.block for t in done if (t.identity, t.chain) == (name, chain)]
        assert mine == list(range(len(mine)))


@pytest.mark.parametrize("rule", [RULES, GROWING], ids=["fixed", "growing"])
@pytest.mark.parametrize("seed", range(8))
def test_interruptions_do_not_matter(seed: int, rule: StoppingRule) -> None:
    chance = random.Random(seed)
    reference = scheduler(rule=rule)
    drive(reference, 3, 5)
    blocks_done: dict[tuple[str, int], int] = {}
    for _ in range(1000):
        s = scheduler(blocks_done, rule)
        drive(s, chance.randint(1, 9), seed, limit=chance.randint(1, 40))
        blocks_done = {(name, c): b for name, e in s.ensembles.items() for c, b in enumerate(e.blocks_done)}
        if s.finished:
            break
    assert counting(s) == counting(reference)


def test_a_finished_campaign_asks_for_nothing() -> None:
    s = scheduler()
    drive(s, 4, 1)
    again = scheduler({(name, c): b for name, e in s.ensembles.items() for c, b in enumerate(e.blocks_done)})
    evaluate_due(again)
    assert again.finished and again.next_task() is None and again.blocks_done == s.blocks_done


def test_tighter_targets_go_on_from_what_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    s = scheduler()
    drive(s, 4, 1)
    blocks_done = {(name, c): b for name, e in s.ensembles.items() for c, b in enumerate(e.blocks_done)}
    monkeypatch.setitem(NEED, "middle", 60.0)
    tightened, fresh = scheduler(blocks_done), scheduler()
    done = drive(tightened, 4, 2)
    drive(fresh, 3, 3)
    assert counting(tightened) == counting(fresh)
    assert {task.identity for task in done} == {"middle"}


def test_a_partner_is_waited_for() -> None:
    s = Scheduler(["one", "two"], StoppingRule(1, 0, 2, 4), {}, ["one"], {"one": ["two"]})
    for k in range(2):
        s.complete(Task("one", 0, k))
    assert not s.take_due() and not s.ensembles["one"].done
    for k in range(2):
        s.complete(Task("two", 0, k))
    assert {identity for identity, _ in s.take_due()} == {"one", "two"}
    s.record_ratio("one", 0.5), s.record_ratio("two", 0.0)
    assert s.finished


def test_a_failed_chain_ends_its_ensemble_and_no_other() -> None:
    s = Scheduler(
        ["one", "two"], StoppingRule(2, 0, 2, 4), {}, ["one", "two"], {"one": ["two"], "two": ["one"]}
    )
    task = next(t for t in iter(s.next_task, None) if t.identity == "two")
    s.fail(task, "out of room")
    for chain in range(2):
        for k in range(2):
            s.complete(Task("one", chain, k))
    assert s.take_due() == [("one", SampleSize(2, 2))], "the partner that failed must not be waited for"
    s.record_ratio("one", 0.5)
    assert s.finished and s.failures == {"two": f"chain {task.chain}: out of room"}
    assert s.next_task() is None


@pytest.mark.parametrize("ratio_there", [0.5, 2.0])
def test_a_failure_ahead_of_the_goal_counts_only_if_a_goal_needs_it(ratio_there: float) -> None:
    s = Scheduler(["one"], StoppingRule(2, 0, 2, 4), {}, ["one"], {})
    for k in range(2):
        s.complete(Task("one", 0, k))
    s.fail(Task("one", 0, 2), "out of room")  # begun while chain 1 was waited for
    assert not s.failures and all(task.chain == 1 for task in iter(s.next_task, None))
    for k in range(2):
        s.complete(Task("one", 1, k))
    assert s.take_due()
    s.record_ratio("one", ratio_there)
    assert s.finished and s.failures == ({} if ratio_there < 1.0 else {"one": "chain 0: out of room"})


def test_an_abandoned_block_is_given_to_another() -> None:
    s = scheduler()
    task = s.next_task()
    assert task
    others = list(iter(s.next_task, None))
    assert task not in others
    s.abandon(task)
    assert s.next_task() == task


def test_work_goes_where_the_most_time_is_missing() -> None:
    s = scheduler()
    while any(not e.evaluated for e in s.ensembles.values()):
        task = s.next_task()
        assert task and task.block < 6, "first goals come first, the least advanced chains first"
        s.complete(task, 20.0 if task.identity == "middle" else 1.0)
        evaluate_due(s)
    # hopeless misses 26 blocks of 1 s per chain, hard 21 of 1 s, middle 5 of 20 s
    order = [task.identity for task in iter(s.next_task, None)]
    assert order[:9] == ["middle"] * 3 + ["hopeless"] * 3 + ["hard"] * 3


def test_a_worker_keeps_its_chain_among_equals() -> None:
    s = scheduler()
    s.next_task(), s.next_task()
    preferred = s.next_task(("hard", 2))
    assert preferred == Task("hard", 2, 0)


def test_time_left() -> None:
    s = Scheduler(["one"], StoppingRule(2, 1, 3, 3), {}, [], {})
    assert s.seconds_left(2) is None
    s.complete(Task("one", 0, 0), 10.0)
    assert s.seconds_left(1) == 70.0 and s.seconds_left(2) == 40.0
    assert (s.blocks_done, s.blocks_planned) == (1, 8)


def test_a_thousand_ranks_are_kept_busy() -> None:
    """The simulation of benchmarks/scheduler.py, smaller: a campaign of about 300 blocks per rank."""
    from benchmarks.scheduler import Campaign, simulate

    campaign = Campaign.draw(StoppingRule(8, 4, 8, 400, 512), 100, 3e4, 10.0, 7)
    one = simulate(campaign, 10, 2e-4, 1.0)
    many = simulate(campaign, 100, 2e-4, 1.0)
    assert one.useful / (10 * one.wall) > 0.99 and one.surplus <= 0.002 * one.blocks
    assert many.useful / (100 * many.wall) > 0.95

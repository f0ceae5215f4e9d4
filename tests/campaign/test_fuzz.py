"""Whatever a configuration holds, it is taken or refused with one line: wrong values at every key, tags,
extremes, cuts, doubled lines, other encodings, damage."""

from __future__ import annotations

import json
import random
import re
import traceback
import warnings
from collections.abc import Iterator
from pathlib import Path

from hpcbip.campaign.edit import check_extensible
from hpcbip.campaign.plan import make_plan
from hpcbip.campaign.schema import load_config
from hpcbip.errors import InputError

LINES = (
    "name: x",
    "seed: 1",
    "model: {lattice: chain, coupling: bond+holstein, t: 1.0, t_factors: [1.0], g_factors: [2], shells: [1]}",
    "grid: {omega: [1.0], lambda: [0.5], U: [4.0], V: [0.1], g_holstein: [0.5], omega_holstein: [1.0]}",
    "points: [{omega: 1.0, g: 0.5, U: 4.0, g_holstein: 0.5, omega_holstein: 1.0, "
    "beta: {polaron: 5, bipolaron: 9}}]",
    "sampling: {beta: 4.0, chains: {min: 2, max: 3}, target: {tc_over_omega: 0.1}, max_blocks: 9, "
    "min_blocks: 2, thermal_blocks: 1, bins_per_block: 4, updates_per_bin: 2000}",
    "tc: {omega_meV: 30, density: 0.1, prefactor: published}",
)
WRITTEN = "model: {lattice: {vectors: [[1.0, 0.0], [0.5, 0.9]], bonds: [[1, 0], [0, 1]]}, coupling: bond}"
NEEDED = 4
"""Lines without which there is no configuration."""
VALUES = (
    r"""
~|''|x|'1.0'|true|0|-0.0|-1|1|1.5|1e30|1e31|-1e31|1e-30|1e-31|1e308|-1e308|1e-308|1e400|.inf|-.inf|.nan
1_0|010|1:30|2020-01-01|99999999999999999999999999|[]|{}|[[]]|[1, 1]|[1, x]|{a: 1}|[1.0, 2.0, 3.0]|{min: 2}
{max: 5}|{polaron: 5}|!!int ''|!!bool x|!!float x|!!null 1|!!str 1|!!seq x|!!map x|!!set {a}|!!binary x
!!python/name:os.system x|!x y|*a|&a 1|&a [*a]|<<|"\ud800"|"\x00"|"é"|auto|published|bond|holstein|square
&b {<<: *b}|[{}]|{? [1] : 2}|{1: 2}
""".strip()
    .replace("\n", "|")
    .split("|")
)


def spots() -> Iterator[tuple[int, int, int]]:
    """Yield (line, begin, end) of every value in `LINES`: scalars, lists, mappings."""
    for number, line in enumerate(LINES):
        yield number, line.index(": ") + 2, len(line)
        for found in re.finditer(r"(?<=[:\[] )[^\s,{}\[\]]+|(?<=\[)[^\s,{}\[\]]+", line):
            yield number, *found.span()
        open_ones: list[int] = []
        for k, character in enumerate(line):
            if character in "[{":
                open_ones.append(k)
            elif character in "]}":
                yield number, open_ones.pop(), k + 1


def texts() -> Iterator[bytes]:
    """Yield the content of every case."""
    whole, chance = "\n".join(LINES) + "\n", random.Random(15)
    for number, begin, end in spots():
        line = LINES[number]
        for value in chance.sample(VALUES, 12):
            changed = line[:begin] + value + line[end:]
            others = [other for k, other in enumerate(LINES[:NEEDED]) if k != number]
            yield "\n".join([*others, changed]).encode()
    written = whole.replace(LINES[2], WRITTEN).replace(", g_holstein: 0.5, omega_holstein: 1.0", "")
    written = written.replace(", g_holstein: [0.5], omega_holstein: [1.0]", "")
    for old in ("[1, 0]", "0.9", "[[1, 0], [0, 1]]"):
        for value in VALUES:
            yield written.replace(old, value, 1).encode()
    for line in LINES:
        yield whole.replace(line, f"{line}\n{line}").encode()
        yield whole.replace(line + "\n", "").encode()
    yield from (whole[:cut].encode() for cut in range(0, len(whole), 17))
    yield from (whole.encode(code) for code in ("utf-16", "utf-32", "utf-8-sig", "cp037"))
    yield from (
        whole.replace("x", "\xe9").encode("latin-1"),
        b"",
        b"\0",
        b"...",
        b"---\n---\n",
        b"\xff" * 100,
    )
    yield ("[" * 500).encode()
    yield json.dumps({"name": "x" * 10**5, "seed": 10**300}).encode()
    for _ in range(150):
        content = bytearray(whole.encode())
        for _ in range(chance.randint(1, 4)):
            content[chance.randrange(len(content))] = chance.choice(b"\n\t :,{}[]&*!?-'\"#%0\xff\xc3")
        yield bytes(content)


def complaint(path: Path) -> str:
    """Tell what is wrong with how a configuration is taken or refused, or ""."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            config = load_config(path)
            if len(config.all_points()) < 20:
                for record in make_plan(config).ensembles.values():
                    record.build()
            check_extensible(path)
    except InputError as error:
        message = str(error)
        return "" if len(message.splitlines()) == 1 and len(message) < 1200 else f"not one line: {message}"
    except Exception:
        return traceback.format_exc(limit=-3)
    return ""


def test_whatever_a_configuration_holds(tmp_path: Path) -> None:
    path, number = tmp_path / "c.yaml", 0
    for content in texts():
        path.write_bytes(content)
        number += 1
        wrong = complaint(path)
        assert not wrong, f"{content.decode(errors='replace')}\n{wrong}"
    assert number > 1000


def test_the_spots_are_the_values() -> None:
    values = {LINES[number][begin:end] for number, begin, end in spots()}
    assert {"chain", "[1.0]", "1.0", "0.5", "published", "9", "2000", "0.1", "x"} <= values
    assert all(line.split(": ", 1)[1] in values for line in LINES)

"""What a group of processes has used, read as the kernel tells it."""

import os

import pytest

from bench.functions import PAGE_MIB, TICK, Group, group


def stat(group_id, *, used=(0, 0, 0, 0), pages=0, name="python"):
    """Return a line of /proc/PID/stat: state and parent, the group, and far behind what is used."""
    before = ["S", "1", str(group_id), *["0"] * 8]
    between = ["0"] * 6
    return " ".join(["7", f"({name})", *before, *map(str, used), *between, str(pages), "0"])


@pytest.fixture
def proc(tmp_path):
    def written(**lines):
        for name, line in lines.items():
            folder = tmp_path / name.removeprefix("pid")
            folder.mkdir()
            (folder / "stat").write_text(line)
        return tmp_path

    return written


def test_a_group_is_its_leader_its_workers_and_their_dead_children(proc):
    there = proc(
        pid40=stat(40, used=(TICK, TICK, 0, 0), pages=256),
        pid41=stat(40, used=(TICK, 0, 2 * TICK, TICK), pages=512),
    )

    assert group(40, there) == Group(6.0, 768 * PAGE_MIB)


def test_what_belongs_to_others_is_not_counted(proc):
    there = proc(pid40=stat(40, pages=1), pid50=stat(50, used=(TICK, 0, 0, 0), pages=9))
    (there / "60").mkdir()  # has ended just now

    assert group(40, there) == Group(0.0, PAGE_MIB)


def test_a_name_with_spaces_and_brackets_moves_nothing(proc):
    there = proc(pid40=stat(40, used=(TICK, 0, 0, 0), pages=2, name="a) b (c"))

    assert group(40, there) == Group(1.0, 2 * PAGE_MIB)


def test_a_real_process_uses_memory_and_time():
    used = group(os.getpgrp())

    assert used.rss_mib > 1
    assert used.cpu_s > 0

"""Work beside the requests: owned, stopped, and missed when it ends."""

import asyncio

from structlog.testing import capture_logs

from gateway.background import Background


async def waits_for_ever() -> None:
    await asyncio.Event().wait()


async def fails() -> None:
    raise ZeroDivisionError


async def ends() -> None:
    return


async def test_work_that_runs_is_whole_and_ends_with_its_owner() -> None:
    background = Background()
    background.start("waiting", waits_for_ever())
    assert background.is_whole
    await background.stop()
    assert not background.is_whole


async def test_work_that_ends_is_missed() -> None:
    background = Background()
    background.start("ending", ends())
    await _a_few_turns()
    assert not background.is_whole


async def test_work_that_fails_is_missed_and_written_down() -> None:
    background = Background()
    with capture_logs() as lines:
        background.start("failing", fails())
        await _a_few_turns()
    assert not background.is_whole
    (line,) = lines
    assert (line["log_level"], line["work"]) == ("error", "failing")


async def test_a_round_under_way_is_finished_before_the_end() -> None:
    background, begun, may_finish, finished = Background(), asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def one_round() -> None:
        begun.set()
        await may_finish.wait()
        finished.set()

    background.start_rounds("rounds", one_round, every_seconds=0)
    await begun.wait()
    stopping = asyncio.get_running_loop().create_task(background.stop())
    await _a_few_turns()
    assert not stopping.done()
    may_finish.set()
    await stopping
    assert finished.is_set()


async def test_rounds_go_on_until_the_end() -> None:
    background, rounds, enough = Background(), 0, asyncio.Event()

    async def one_round() -> None:
        nonlocal rounds
        rounds += 1
        if rounds > 2:
            enough.set()

    background.start_rounds("rounds", one_round, every_seconds=0)
    await enough.wait()
    assert background.is_whole
    await background.stop()
    before = rounds
    await _a_few_turns()
    assert rounds == before


async def _a_few_turns() -> None:
    for _ in range(5):
        await asyncio.sleep(0)

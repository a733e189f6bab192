"""Who enters the engine next: bounded, fair between clients, urgent first, commands late but never
starved."""

import asyncio

import pytest

from engine.http.admission import PATIENCE_S, Admission, Overloaded


def run(scenario):
    return asyncio.run(scenario())


async def settle():
    for _ in range(5):
        await asyncio.sleep(0)


async def waiting(admission, order, client, urgent=False, name=None):
    async def enter():
        await admission.enter(client, urgent)
        order.append(name or client)

    task = asyncio.create_task(enter())
    await settle()
    return task


def test_so_many_run_and_the_others_wait_their_turn():
    async def scenario():
        admission, order = Admission(2, 10), []
        for name in "abc":
            await waiting(admission, order, name)
        assert (order, admission.running, admission.waiting) == (["a", "b"], 2, 1)
        admission.leave("a", 0.1)
        await settle()
        assert (order, admission.running, admission.waiting) == (["a", "b", "c"], 2, 0)

    run(scenario)


def test_a_flood_of_one_client_does_not_hold_up_another():
    async def scenario():
        admission, order = Admission(1, 10), []
        for number in range(5):
            await waiting(admission, order, "greedy", name=f"greedy {number}")
        await waiting(admission, order, "modest")
        for client in ("greedy", "greedy", "modest"):
            admission.leave(client)
            await settle()
        assert "modest" in order[:3]

    run(scenario)


def test_who_has_nothing_running_goes_before_who_waited_longer_but_has():
    async def scenario():
        admission, order = Admission(2, 10), []
        for name in ("first", "second", "third"):
            await waiting(admission, order, "greedy", name=name)
        await waiting(admission, order, "modest")
        admission.leave("greedy")
        await settle()
        assert order == ["first", "second", "modest"]

    run(scenario)


def test_clients_take_turns():
    async def scenario():
        admission, order = Admission(1, 20), []
        await waiting(admission, order, "x")
        for client in "aaabbb":
            await waiting(admission, order, client)
        for _ in range(6):
            admission.leave(order[-1])
            await settle()
        assert order == ["x", "a", "b", "a", "b", "a", "b"]

    run(scenario)


def test_typing_goes_before_commands_until_a_command_has_waited_long():
    async def scenario():
        now = 0.0
        admission, order = Admission(1, 10, clock=lambda: now), []
        await waiting(admission, order, "x")
        await waiting(admission, order, "a", urgent=False, name="command")
        await waiting(admission, order, "b", urgent=True, name="typing")
        admission.leave("x")
        await settle()
        assert order[-1] == "typing"
        now = PATIENCE_S + 1
        await waiting(admission, order, "c", urgent=True, name="more typing")
        admission.leave("b")
        await settle()
        assert order[-1] == "command"

    run(scenario)


def test_a_full_queue_sends_the_newest_of_the_greediest_away():
    async def scenario():
        admission, order = Admission(1, 3), []
        await waiting(admission, order, "x")
        greedy = [await waiting(admission, order, "greedy") for _ in range(3)]
        with pytest.raises(Overloaded) as refused:
            await admission.enter("greedy", False)
        assert refused.value.retry_after_s >= 1
        modest = await waiting(admission, order, "modest")
        assert isinstance(greedy[-1].exception(), Overloaded)
        assert not modest.done()
        assert admission.waiting == 3

    run(scenario)


def test_one_that_gives_up_waiting_leaves_no_trace():
    async def scenario():
        admission, order = Admission(1, 3), []
        await waiting(admission, order, "x")
        gone = await waiting(admission, order, "a")
        gone.cancel()
        await settle()
        assert admission.waiting == 0
        admission.leave("x")
        assert admission.running == 0

    run(scenario)


def test_an_admission_of_one_who_just_went_is_free_again():
    async def scenario():
        admission, order = Admission(1, 3), []
        await waiting(admission, order, "x")
        gone = await waiting(admission, order, "a")
        admission.leave("x")  # calls `a` up, which has not run yet
        gone.cancel()
        await settle()
        assert (admission.running, order) == (0, ["x"])
        await asyncio.wait_for(admission.enter("b", False), 5)

    run(scenario)

"""Newest wins and cancellation reaches the engine, over a scripted engine."""

import asyncio

import pytest
from lsprotocol import types

from engine import Deletion, EngineError, FillResult, SpanResult
from lsp_server.documents.document import open_snapshot
from lsp_server.settings.schema import Settings
from lsp_server.suggestions.power import Power
from lsp_server.suggestions.request import SuggestionRequest
from lsp_server.suggestions.suggester import Suggester

DOCUMENT = open_snapshot("file:///a.py", "python", 1, "x = \n", "utf-16")


class Scripted:
    """An engine that answers when told to."""

    def __init__(self, confidence=0.9, error=None, text="1"):
        self.text = text
        self.ready, self.confidence, self.error = True, confidence, error
        self.gate, self.requests, self.cancelled = asyncio.Event(), [], 0
        self.prepared, self.forgotten = [], []

    async def load(self, threads=0):
        return

    def use_threads(self, threads):
        return

    def token_texts(self):
        return []

    async def fill(self, request, interactive, on_draft=None):
        self.requests.append((request, interactive))
        try:
            await self.gate.wait()
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        if self.error:
            raise self.error
        span = request.spans[0]
        # The engine's gate, as far as these tests need it.
        deleted = any(
            deletion.text.strip() == self.text.strip() for deletion in request.recent_deletions
        )
        unsure = self.confidence < (request.min_confidence or 0.0)
        withheld = "just_deleted" if deleted else "low_confidence" if unsure else None
        answer = SpanResult(
            start=span.start, end=span.end, text=self.text, confidence=self.confidence, tokens=1,
            filled=withheld is None, withheld=withheld,
        )  # fmt: skip
        return FillResult(text="", spans=(answer,), nfe=1, ms=1.0, model="m", backend="b")

    async def prepare(self, request):
        self.prepared.append(request)

    def forget(self, session):
        self.forgotten.append(session)

    def close(self):
        return


def params(kind=types.InlineCompletionTriggerKind.Automatic):
    return types.InlineCompletionParams(
        context=types.InlineCompletionContext(kind),
        text_document=types.TextDocumentIdentifier(DOCUMENT.uri),
        position=types.Position(0, 4),
    )


def suggest(inline, document, asked, settings=None):
    context = asked.context
    invoked = context.trigger_kind == types.InlineCompletionTriggerKind.Invoked
    deletions = tuple(Deletion(text=d.text, at=d.at) for d in inline.deletions.of(document.uri))
    request = SuggestionRequest(
        document,
        asked.position,
        invoked,
        settings or Settings(),
        context.selected_completion_info,
        deletions=deletions,
    )
    return inline.suggest(request)


def run(scenario):
    asyncio.run(scenario())


def test_a_newer_request_supersedes_and_frees_the_engine():
    async def scenario():
        engine = Scripted()
        inline = Suggester(engine)
        first = asyncio.create_task(suggest(inline, DOCUMENT, params(), Settings()))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        second = asyncio.create_task(suggest(inline, DOCUMENT, params(), Settings()))
        assert await first == []
        assert engine.cancelled == 1
        engine.gate.set()
        assert [item.insert_text for item in await second] == ["1"]
        assert not inline.running

    run(scenario)


def test_a_cancelled_request_frees_the_engine_and_stays_cancelled():
    async def scenario():
        engine = Scripted()
        inline = Suggester(engine)
        task = asyncio.create_task(suggest(inline, DOCUMENT, params(), Settings()))
        for _ in range(3):
            await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await asyncio.sleep(0)
        assert engine.cancelled == 1 and not inline.running

    run(scenario)


def test_the_engine_gets_ready_while_the_user_rests_and_not_while_they_type(monkeypatch):
    monkeypatch.setattr("lsp_server.suggestions.suggester.IDLE_S", 0.05)

    async def scenario():
        engine = Scripted()
        engine.gate.set()
        inline = Suggester(engine)
        for _ in range(3):  # faster than anyone rests
            await suggest(inline, DOCUMENT, params(), Settings())
        assert engine.prepared == []
        await asyncio.sleep(0.2)
        assert [request.session for request in engine.prepared] == [DOCUMENT.uri]
        await suggest(inline, DOCUMENT, params(), Settings())
        inline.closed(DOCUMENT.uri)
        await asyncio.sleep(0.2)
        assert (
            len(engine.prepared) == 1
            and engine.forgotten == [DOCUMENT.uri]
            and not inline.preparing
        )

    run(scenario)


def at(text, character, kind=types.InlineCompletionTriggerKind.Automatic):
    asked = params(kind)
    asked.position = types.Position(0, character)
    return open_snapshot(DOCUMENT.uri, "python", 2, text, "utf-16"), asked


def test_typing_along_a_suggestion_asks_no_engine_and_asking_for_one_does():
    async def scenario():
        engine = Scripted(text="compute(1)")
        engine.gate.set()
        inline = Suggester(engine)
        await suggest(inline, *at("x = \n", 4), Settings())
        [item] = await suggest(inline, *at("x = comp\n", 8), Settings())
        assert item.insert_text == "ute(1)" and len(engine.requests) == 1
        await suggest(
            inline, *at("x = comp\n", 8, types.InlineCompletionTriggerKind.Invoked), Settings()
        )
        await suggest(inline, *at("x = con\n", 7), Settings())
        assert len(engine.requests) == 3
        inline.closed(DOCUMENT.uri)

    run(scenario)


def test_what_follows_an_accepted_suggestion_is_there_already(monkeypatch):
    monkeypatch.setattr("lsp_server.suggestions.suggester.IDLE_S", 0.01)

    async def scenario():
        engine = Scripted(text="ab")
        engine.gate.set()
        inline = Suggester(engine)
        await suggest(inline, *at("x = \n", 4), Settings())
        await asyncio.sleep(0.1)
        assert [
            (request.spans[0].start, interactive) for request, interactive in engine.requests
        ] == [(4, True), (6, False)]
        [item] = await suggest(inline, *at("x = ab\n", 6), Settings())
        assert item.insert_text == "ab" and len(engine.requests) == 2
        inline.closed(DOCUMENT.uri)

    run(scenario)


def test_nothing_follows_an_accepted_suggestion_unless_it_is_sure(monkeypatch):
    monkeypatch.setattr("lsp_server.suggestions.suggester.IDLE_S", 0.01)

    async def scenario():
        engine = Scripted(text="ab", confidence=0.4)
        engine.gate.set()
        inline = Suggester(engine)
        assert await suggest(inline, *at("x = \n", 4), Settings())
        await asyncio.sleep(0.1)
        assert inline.cache.remaining(DOCUMENT.uri, "x = ab\n", 6) == ((), False)
        inline.closed(DOCUMENT.uri)

    run(scenario)


@pytest.mark.parametrize(
    "kind", [types.InlineCompletionTriggerKind.Automatic, types.InlineCompletionTriggerKind.Invoked]
)
def test_what_was_deleted_a_moment_ago_does_not_come_back(kind):
    async def scenario():
        engine = Scripted(text=".id")
        engine.gate.set()
        inline = Suggester(engine)
        inline.deletions.edited(
            open_snapshot(DOCUMENT.uri, "python", 1, "x = a.id\n", "utf-16"), 5, 8, ""
        )
        assert await suggest(inline, *at("x = a\n", 5, kind)) == []
        inline.deletions.edited(
            open_snapshot(DOCUMENT.uri, "python", 1, "x = a\n", "utf-16"), 5, 5, ".id"
        )
        assert await suggest(inline, *at("x = a\n", 5, kind))
        inline.closed(DOCUMENT.uri)

    run(scenario)


def test_what_was_deleted_does_not_come_back_while_a_suggestion_is_typed_along():
    async def scenario():
        engine = Scripted(text=".id.name")
        engine.gate.set()
        inline = Suggester(engine)
        assert await suggest(inline, *at("x = a\n", 5))
        # ".id" is typed along the suggestion, and then ".name", which is deleted again.
        inline.deletions.edited(
            open_snapshot(DOCUMENT.uri, "python", 2, "x = a.id.name\n", "utf-16"), 8, 13, ""
        )
        before = len(engine.requests)
        items = await suggest(inline, *at("x = a.id\n", 8))
        assert (
            len(engine.requests) == before + 1
        )  # the rest of it is not an answer: the engine is asked
        assert ".name" not in [item.insert_text for item in items]
        inline.closed(DOCUMENT.uri)

    run(scenario)


@pytest.mark.parametrize(
    ("wish", "shown", "prepared"), [("full", 1, 1), ("less", 1, 0), ("off", 0, 0)]
)
def test_on_battery_the_user_decides_what_is_computed(wish, shown, prepared, monkeypatch):
    monkeypatch.setattr("lsp_server.suggestions.suggester.IDLE_S", 0.01)

    async def scenario():
        engine = Scripted()
        engine.gate.set()
        inline = Suggester(engine, power=Power(ask=lambda: True))
        assert len(await suggest(inline, DOCUMENT, params(), Settings(on_battery=wish))) == shown
        await asyncio.sleep(0.1)
        assert len(engine.prepared) == prepared
        inline.closed(DOCUMENT.uri)
        mains = Suggester(engine, power=Power(ask=lambda: False))
        assert await suggest(mains, DOCUMENT, params(), Settings(on_battery=wish))
        mains.closed(DOCUMENT.uri)

    run(scenario)


def test_an_answer_replaces_nothing_in_a_line_of_any_length():
    async def scenario():
        engine = Scripted()
        engine.gate.set()
        inline = Suggester(engine)
        line = "é😀" * 60_000
        document = open_snapshot(DOCUMENT.uri, "python", 1, line + "\n", "utf-16")
        asked = params()
        asked.position = types.Position(0, 90_000)
        [item] = await suggest(inline, document, asked)
        assert item.range == types.Range(asked.position, asked.position) and item.insert_text == "1"
        inline.closed(DOCUMENT.uri)

    run(scenario)


def test_typing_never_waits_for_a_model_that_is_loading():
    async def scenario():
        engine = Scripted()
        engine.ready = False
        assert await suggest(Suggester(engine), DOCUMENT, params(), Settings()) == []
        assert not engine.requests

    run(scenario)


def test_an_unsure_answer_is_shown_only_when_asked_for():
    async def scenario():
        engine = Scripted(confidence=0.05)
        engine.gate.set()
        inline = Suggester(engine)
        assert await suggest(inline, DOCUMENT, params(), Settings()) == []
        assert (
            inline.withheld == {"low_confidence": 1} and "5% sure" in inline.reasons[DOCUMENT.uri]
        )
        assert await suggest(
            inline, DOCUMENT, params(types.InlineCompletionTriggerKind.Invoked), Settings()
        )

    run(scenario)


def test_requests_go_to_the_engine_as_interactive_with_a_deadline():
    async def scenario():
        engine = Scripted()
        engine.gate.set()
        await suggest(Suggester(engine), DOCUMENT, params(), Settings(deadline_ms=123.0))
        ((request, interactive),) = engine.requests
        assert interactive and request.deadline_ms == 123.0 and request.spans[0].single_line

    run(scenario)


def test_an_engine_error_brings_nothing_rather_than_a_trace():
    async def scenario():
        engine = Scripted(error=EngineError("broken"))
        engine.gate.set()
        assert await suggest(Suggester(engine), DOCUMENT, params(), Settings()) == []

    run(scenario)


@pytest.mark.parametrize(
    ("line", "several", "single"),
    [("", True, False), ("    ", True, False), ("", False, True), ("x", True, True)],
)
def test_only_an_empty_line_may_become_several(line, several, single):
    async def scenario():
        engine = Scripted()
        engine.gate.set()
        document = open_snapshot(DOCUMENT.uri, "python", 1, line + "\n", "utf-16")
        params = types.InlineCompletionParams(
            context=types.InlineCompletionContext(types.InlineCompletionTriggerKind.Automatic),
            text_document=types.TextDocumentIdentifier(DOCUMENT.uri),
            position=types.Position(0, len(line)),
        )
        await suggest(Suggester(engine), document, params, Settings(several_lines=several))
        assert engine.requests[0][0].spans[0].single_line is single

    run(scenario)


def test_a_suggestion_waits_for_its_delay_which_is_not_the_engines_time():
    async def scenario():
        engine = Scripted()
        engine.gate.set()
        inline = Suggester(engine, wait_s=lambda asked: 0.05)
        assert inline.engine_s == 0.0
        began = asyncio.get_running_loop().time()
        assert await suggest(inline, DOCUMENT, params())
        assert asyncio.get_running_loop().time() - began >= 0.05
        assert inline.engine_s == pytest.approx(0.001)  # what the scripted engine says it took
        inline.closed(DOCUMENT.uri)

    run(scenario)

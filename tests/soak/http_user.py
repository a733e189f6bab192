"""A client of the real HTTP server that asks, breaks off, and sends what no server should accept."""

from __future__ import annotations

import random
import time
from collections import Counter

import httpx

LINE = "total = compute(width, height)\n"
TEXT = LINE * 30
BUSY = {429, 503}
"""The server's own words for: come back later."""


class HttpUser:
    """One client with a connection of its own."""

    def __init__(self, url: str, rng: random.Random) -> None:
        self._rng = rng
        self._client = httpx.Client(base_url=url, timeout=120)
        self.outcomes: Counter[str] = Counter()

    def act(self) -> None:
        """One request."""
        self._rng.choice(
            [self._fill] * 3 + [self._infill, self._complete, self._leave, self._err]
        )()

    def close(self) -> None:
        self._client.close()

    def _span(self) -> dict[str, object]:
        start = self._rng.randrange(len(TEXT))
        end = min(len(TEXT), start + self._rng.randrange(12))
        return {"start": start, "end": end, "max_tokens": self._rng.randrange(1, 12)}

    def _fill(self) -> None:
        body = {"text": TEXT, "language": "python", "spans": [self._span()]}
        if self._rng.random() < 0.3:
            body["session"] = f"s{self._rng.randrange(4)}"
        self._expect(self._client.post("/v1/fill", json=body), {200})

    def _infill(self) -> None:
        at = self._rng.randrange(len(TEXT))
        body = {"input_prefix": TEXT[:at], "input_suffix": TEXT[at:], "n_predict": 8}
        self._expect(self._client.post("/infill", json=body), {200})

    def _complete(self) -> None:
        body = {"prompt": TEXT[:200], "suffix": TEXT[200:], "max_tokens": 8}
        self._expect(self._client.post("/v1/completions", json=body), {200})

    def _leave(self) -> None:
        """Stop reading in the middle of an answer."""
        body = {"text": TEXT, "spans": [self._span() | {"max_tokens": 60}], "stream": True}
        with self._client.stream("POST", "/v1/fill", json=body) as answer:
            for _ in answer.iter_lines():
                break
        self.outcomes["left"] += 1

    def _err(self) -> None:
        body = self._rng.choice(
            [
                b"{not json",
                b"[]",
                b'{"text": 3}',
                b'{"text": "a", "spans": [{"start": 9, "end": 1}]}',
            ]
        )
        headers = {"content-type": "application/json"}
        self._expect(self._client.post("/v1/fill", content=body, headers=headers), {400, 422})

    def _expect(self, answer: httpx.Response, statuses: set[int]) -> None:
        assert answer.status_code in statuses | BUSY, (answer.status_code, answer.text)
        self.outcomes[str(answer.status_code)] += 1
        if answer.status_code in BUSY:
            time.sleep(0.2)

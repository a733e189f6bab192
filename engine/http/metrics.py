"""What an operator watches, in Prometheus' text format: times, queue, passes, cache, cancellations.
No user text."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily, Metric
from prometheus_client.registry import Collector

SECONDS = (
    0.005,
    0.01,
    0.025,
    0.05,
    0.1,
    0.15,
    0.2,
    0.3,
    0.4,
    0.6,
    0.8,
    1.2,
    2.0,
    4.0,
    8.0,
    16.0,
    32.0,
    64.0,
)
PASSES = (0, 1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 128)


class Metrics:
    """The instruments of one server, in a registry of its own."""

    def __init__(
        self,
        running: Callable[[], float],
        waiting: Callable[[], float],
        contexts: Callable[[], Mapping[str, int]],
    ) -> None:
        """``contexts`` tells how contexts of sessions came about: reused, edited, encoded."""
        self.registry = registry = CollectorRegistry(auto_describe=True)
        self.seconds = Histogram(
            "lacuna_request_seconds",
            "From the request to its answer.",
            ["kind"],
            registry=registry,
            buckets=SECONDS,
        )
        self.queue_seconds = Histogram(
            "lacuna_queue_seconds",
            "Before a request entered the engine.",
            registry=registry,
            buckets=SECONDS,
        )
        self.requests = Counter(
            "lacuna_requests",
            "Requests by outcome: ok, rejected, overloaded, cancelled, late, failed.",
            ["kind", "outcome"],
            registry=registry,
        )
        self.withheld = Counter(
            "lacuna_answers_withheld",
            "Answers that the gate held back, by its reason.",
            ["kind", "reason"],
            registry=registry,
        )
        self.passes = Histogram(
            "lacuna_fill_passes",
            "Passes of the mask predictor for one fill.",
            registry=registry,
            buckets=PASSES,
        )
        # Under the names of llama.cpp's server, which dashboards know.
        self.prompt_tokens = Counter(
            "llamacpp:prompt_tokens", "Tokens of prompts.", registry=registry
        )
        self.written_tokens = Counter(
            "llamacpp:tokens_predicted", "Tokens of answers.", registry=registry
        )
        self._gauge("lacuna_requests_running", "Requests in the engine.", running)
        self._gauge("lacuna_requests_waiting", "Requests in the queue.", waiting)
        self._gauge("llamacpp:requests_processing", "Requests in the engine.", running)
        self._gauge("llamacpp:requests_deferred", "Requests in the queue.", waiting)
        registry.register(_Contexts(contexts))

    def exposition(self) -> bytes:
        """All of it as text."""
        return generate_latest(self.registry)

    def _gauge(self, name: str, text: str, value: Callable[[], float]) -> None:
        Gauge(name, text, registry=self.registry).set_function(value)


class _Contexts(Collector):
    """Counted by the engine; read when somebody asks."""

    def __init__(self, contexts: Callable[[], Mapping[str, int]]) -> None:
        self._contexts = contexts

    def collect(self) -> Iterator[Metric]:
        family = CounterMetricFamily(
            "lacuna_contexts", "Contexts of sessions by how they came about.", labels=["served"]
        )
        for served, count in self._contexts().items():
            family.add_metric([served], count)
        yield family

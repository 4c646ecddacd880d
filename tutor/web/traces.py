"""OpenTelemetry traces of answers, where `TUTOR_TRACES_URL` names a collector; nothing is imported otherwise.

A span for the answer and one for each of its stages, with figures and no texts. Knows finished answers, no requests.
"""

from __future__ import annotations

from typing import Any

from ingest.errors import UsageError
from tutor import __version__
from tutor.answering.answer import Answer


class Traces:
    """Sends spans, or does nothing when `tracer` is None."""

    def __init__(self, tracer: Any = None, provider: Any = None) -> None:
        self._tracer = tracer
        self._provider = provider

    @classmethod
    def to(cls, url: str) -> Traces:
        """Traces to an OTLP collector (gRPC, usually port 4317); to nowhere when `url` is empty.

        Raises:
            UsageError: OpenTelemetry is not installed.
        """
        if not url:
            return cls()
        try:
            from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter
            from opentelemetry.sdk.trace.export import BatchSpanProcessor
        except ImportError as error:
            raise UsageError(
                "TUTOR_TRACES_URL is set, and OpenTelemetry is not installed.", "pip install 'interview-tutor[server]'"
            ) from error
        return cls.through(BatchSpanProcessor(OTLPSpanExporter(endpoint=url, insecure=url.startswith("http://"))))

    @classmethod
    def through(cls, processor: Any) -> Traces:
        """Traces handed to this span processor; tests bring one that keeps them."""
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider

        resource = Resource.create({"service.name": "interview-tutor", "service.version": __version__})
        provider = TracerProvider(resource=resource)
        provider.add_span_processor(processor)
        return cls(provider.get_tracer("tutor"), provider)

    def answer(self, started_ns: int, answer: Answer | None, outcome: str, request_id: str) -> None:
        """One finished or broken-off answer; `started_ns` is nanoseconds since the epoch."""
        if self._tracer is None:
            return
        from opentelemetry import trace

        whole = self._tracer.start_span("answer", start_time=started_ns)
        whole.set_attribute("tutor.outcome", outcome)
        if request_id:
            whole.set_attribute("tutor.request_id", request_id)
        if answer is None:
            whole.end()
            return
        attributes = {
            "language": answer.language,
            "model": answer.model,
            "citations": len(answer.citations),
            **answer.usage,
        }
        for key, value in attributes.items():
            whole.set_attribute(f"tutor.{key}", value)
        inside = trace.set_span_in_context(whole)
        stages = ("retrieval_ms", "first_token_ms", "total_ms")
        ends = [started_ns + round((answer.timings.get(stage) or 0.0) * 1e6) for stage in stages]
        begin = started_ns
        for name, end in zip(("retrieval", "first token", "wording"), ends, strict=True):
            if end > begin:
                self._tracer.start_span(name, context=inside, start_time=begin).end(end_time=end)
                begin = end
        whole.end(end_time=max(ends[-1], started_ns))

    def close(self) -> None:
        """Send what is still held back."""
        if self._provider is not None:
            self._provider.shutdown()

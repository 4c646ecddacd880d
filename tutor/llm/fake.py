"""A deterministic stand-in for a language model: a small OpenAI-compatible server on loopback, in a thread.

Answers by rule. If a message holds passages marked with ids such as 【第3題】, it says the first
sentence behind each of the first two distinct ids, each followed by its id; otherwise it echoes. Asked for
JSON by schema, it gives the smallest value that fits. Knows nothing of LangChain or of the tutor's prompts.
"""

from __future__ import annotations

import json
import re
import secrets
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import pairwise
from typing import Any

from tutor.llm.state import StateBox

MODEL = "fake"
_ID = re.compile(r"【[^【】\n]{0,20}\d[^【】\n]{0,20}】")
_SENTENCE_END = re.compile(r"[。！？!?](?=\s|$|[^\s」』）)])|\.(?=\s|$)|\n")
_TOKEN = re.compile(r"[\u2e80-\u9fff\uff00-\uffef\u3000-\u303f]|\s?[A-Za-z0-9_]+|\s+|.", re.S)
MAX_CITED = 2


def tokenize(text: str) -> list[str]:
    """The fake's tokens; joined they are the text again. One CJK character or one word each."""
    return _TOKEN.findall(text)


def fake_answer(prompt: str) -> str:
    """What the fake says to a last user message: cited sentences, or an echo."""
    sentences: dict[str, str] = {}
    marks = list(_ID.finditer(prompt))
    for mark, following in pairwise([*marks, None]):
        assert mark is not None
        body = prompt[mark.end() : following.start() if following else len(prompt)].strip()
        sentence = _first_sentence(body)
        if sentence and mark.group() not in sentences:
            sentences[mark.group()] = sentence
    if not sentences:
        return f"Echo: {prompt.strip()}"
    return "\n".join(f"{sentence}{mark}" for mark, sentence in list(sentences.items())[:MAX_CITED])


def _first_sentence(body: str) -> str:
    """The first listed point where there is a list (a title may stand above it), else the first sentence."""
    body = body.partition("\n- ")[2] or body
    end = _SENTENCE_END.search(body)
    return body[: end.end()].strip() if end else body


def smallest(schema: dict[str, Any]) -> Any:
    """The smallest instance of a JSON schema, as far as the usual keywords go; deterministic."""
    if "$ref" in schema or "$defs" in schema:
        definitions = schema.get("$defs", {})
        schema = {key: value for key, value in schema.items() if key != "$defs"}
        return smallest(_inline(schema, definitions))
    for key in ("const", "default"):
        if key in schema:
            return schema[key]
    if "enum" in schema:
        return schema["enum"][0]
    for key in ("anyOf", "oneOf", "allOf"):
        if key in schema:
            return smallest(schema[key][0])
    match schema.get("type", "object"):
        case "object":
            return {name: smallest(inner) for name, inner in schema.get("properties", {}).items()}
        case "array":
            return [smallest(schema.get("items", {})) for _ in range(schema.get("minItems", 0))]
        case "string":
            return "x" * schema.get("minLength", 0)
        case "integer" | "number":
            return schema.get("minimum", 0)
        case "boolean":
            return False
        case _:
            return None


def _inline(schema: Any, definitions: dict[str, Any]) -> Any:
    if isinstance(schema, dict):
        if "$ref" in schema:
            return _inline(definitions[schema["$ref"].rsplit("/", 1)[1]], definitions)
        return {key: _inline(value, definitions) for key, value in schema.items()}
    return [_inline(value, definitions) for value in schema] if isinstance(schema, list) else schema


class FakeServer:
    """The fake on a free loopback port."""

    def __init__(self, box: StateBox | None = None, *, context: int = 4096) -> None:
        self._box = box or StateBox()
        self.api_key = secrets.token_urlsafe(12)
        self.context = context
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, name="fake-model", daemon=True
        )

    @property
    def address(self) -> str:
        """`http://127.0.0.1:PORT`."""
        return f"http://127.0.0.1:{self._server.server_port}"

    def start(self) -> None:
        """Answer from now on."""
        self._thread.start()
        self._box.set("ready", "the fake model is ready")

    def close(self) -> None:
        """Stop answering. May be called twice."""
        if self._thread.is_alive():
            self._server.shutdown()
            self._thread.join()
        self._server.server_close()
        self._box.set("stopped", "closed")


def complete(body: dict[str, Any], context: int) -> tuple[list[str], dict[str, Any], str]:
    """Answer tokens, usage and finish reason for a chat request. Pure: the same request, the same answer."""
    messages = body.get("messages") or []
    last: dict[str, Any] = next((message for message in reversed(messages) if message.get("role") == "user"), {})
    prompt_tokens = sum(len(tokenize(_text(message))) + 4 for message in messages)
    wanted = body.get("response_format") or {}
    if wanted.get("type") == "json_schema":
        answer = json.dumps(smallest(wanted["json_schema"].get("schema", {})), ensure_ascii=False)
    elif wanted.get("type") == "json_object":
        answer = "{}"
    else:
        question = _text(last)
        passages = next((text for message in messages if _ID.search(text := _text(message))), question)
        answer = fake_answer(passages if _ID.search(passages) else question)
    tokens = tokenize(answer)
    limit = body.get("max_completion_tokens") or body.get("max_tokens") or context
    finish = "stop" if len(tokens) <= limit else "length"
    tokens = tokens[:limit]
    usage = {
        "prompt_tokens": prompt_tokens,
        "completion_tokens": len(tokens),
        "total_tokens": prompt_tokens + len(tokens),
        "prompt_tokens_details": {"cached_tokens": 0},
    }
    return tokens, usage, finish


def _text(message: dict[str, Any]) -> str:
    content = message.get("content") or ""
    if isinstance(content, str):
        return content
    return "".join(part.get("text", "") for part in content if isinstance(part, dict))


def _handler(fake: FakeServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.0"  # one request a connection

        def log_message(self, format: str, *args: Any) -> None:
            """Say nothing."""

        def do_GET(self) -> None:
            answers: dict[str, Any] = {
                "/health": {"status": "ok"},
                "/v1/models": {
                    "object": "list",
                    "data": [{"id": MODEL, "object": "model", "owned_by": "tutor", "meta": {"n_ctx": fake.context}}],
                },
                "/props": {"default_generation_settings": {"n_ctx": fake.context}, "total_slots": 1},
            }
            if self.path == "/health" or self._allowed():
                self._json(200, answers[self.path]) if self.path in answers else self._error(404, "no such path")

        def do_POST(self) -> None:
            try:
                body = json.loads(self.rfile.read(int(self.headers.get("content-length") or 0)))
            except ValueError:
                self._error(400, "the body is not JSON")
                return
            if not self._allowed():
                return
            if self.path == "/tokenize":
                self._json(
                    200,
                    {"tokens": list(range(len(tokenize(body.get("content") or body.get("prompt") or ""))))},
                )
            elif self.path == "/v1/chat/completions":
                self._chat(body)
            else:
                self._error(404, "no such path")

        def _chat(self, body: dict[str, Any]) -> None:
            tokens, usage, finish = complete(body, fake.context)
            if usage["prompt_tokens"] > fake.context:
                self._error(400, "the request exceeds the available context size")
                return
            head = {"id": "chatcmpl-fake", "created": 0, "model": MODEL}
            if not body.get("stream"):
                message = {"role": "assistant", "content": "".join(tokens)}
                choice: dict[str, Any] = {"index": 0, "message": message, "finish_reason": finish}
                if body.get("logprobs"):
                    choice["logprobs"] = {"content": [_logprob(token) for token in tokens]}
                self._json(200, {**head, "object": "chat.completion", "choices": [choice], "usage": usage})
                return
            self.send_response(200)
            self.send_header("Content-Type", "text/event-stream")
            self.end_headers()
            chunk = {**head, "object": "chat.completion.chunk"}
            deltas: list[tuple[dict[str, str], str | None]] = [({"role": "assistant", "content": ""}, None)]
            deltas += [({"content": token}, None) for token in tokens] + [({}, finish)]
            try:
                for delta, reason in deltas:
                    self._event({**chunk, "choices": [{"index": 0, "delta": delta, "finish_reason": reason}]})
                if (body.get("stream_options") or {}).get("include_usage"):
                    self._event({**chunk, "choices": [], "usage": usage})
                self.wfile.write(b"data: [DONE]\n\n")
            except (BrokenPipeError, ConnectionResetError):
                return  # the reader went away, as a user who presses stop does

        def _event(self, data: dict[str, Any]) -> None:
            self.wfile.write(b"data: " + json.dumps(data, ensure_ascii=False).encode() + b"\n\n")
            self.wfile.flush()

        def _allowed(self) -> bool:
            if self.headers.get("authorization") == f"Bearer {fake.api_key}":
                return True
            self._error(401, "wrong API key")
            return False

        def _error(self, status: int, message: str) -> None:
            self._json(status, {"error": {"message": message, "type": "fake_error", "code": status}})

        def _json(self, status: int, data: Any) -> None:
            content = json.dumps(data, ensure_ascii=False).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json; charset=utf-8")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

    return Handler


def _logprob(token: str) -> dict[str, Any]:
    row = {"token": token, "logprob": -0.01, "bytes": list(token.encode())}
    return {**row, "top_logprobs": [row]}

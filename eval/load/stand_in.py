"""A stand-in for a model server on a GPU: OpenAI-compatible, streams at a fixed rate to everybody at once, fails on demand.

    python -m eval.load.stand_in --port 8000 --rate 50

It answers as the fake model does, so that the application's own work is what a load run measures. In tests it also plays a
server in trouble (`trouble`). Asynchronous: hundreds of streams cost it one thread. Knows nothing of the tutor's prompts.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import socket
import threading
import time
from collections.abc import AsyncIterator
from typing import Any, Literal

import uvicorn
from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse, StreamingResponse

from tutor.llm.fake import complete, tokenize

MODEL = "stand-in"
CONTEXT = 8192
Trouble = Literal["", "error", "html", "garbage", "cut", "hang", "out-of-memory", "empty"]


class StandIn:
    """The server, in a thread of its own.

    Args:
        rate: tokens per second in each stream.
        first: seconds before the first token.
    """

    def __init__(self, rate: float = 50.0, first: float = 0.0, port: int = 0) -> None:
        self.rate, self.first = rate, first
        self.trouble: Trouble = ""
        self.template = True
        self.hold = threading.Event()  # while it is set, streams stop after their first token
        self.running = 0
        self.begun = 0
        self._socket = socket.socket()
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._socket.bind(("127.0.0.1", port))
        self._socket.listen(1024)  # whoever comes before the server runs waits for it
        self.port = int(self._socket.getsockname()[1])
        config = uvicorn.Config(self._app(), log_level="error", access_log=False, timeout_graceful_shutdown=1)
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, kwargs={"sockets": [self._socket]}, daemon=True)

    @property
    def url(self) -> str:
        """`http://127.0.0.1:PORT`."""
        return f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> StandIn:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.hold.clear()
        self._server.should_exit = True
        self._thread.join(10)
        self._socket.close()

    def serve_forever(self) -> None:
        """Serve in this thread."""
        self._server.run(sockets=[self._socket])

    def _app(self) -> FastAPI:
        app = FastAPI()

        @app.get("/v1/models")
        def models() -> dict[str, Any]:
            return {"data": [{"id": MODEL, "object": "model", "max_model_len": CONTEXT}]}

        @app.get("/figures")
        def used() -> dict[str, float]:
            return {"cpu_seconds": time.process_time()}

        @app.post("/tokenize")
        async def count(request: Request) -> JSONResponse:
            body = await request.json()
            if "messages" in body and not self.template:
                return JSONResponse({"error": {"message": "default chat template is no longer allowed"}}, 400)
            return JSONResponse({"count": len(tokenize(str(body.get("prompt", ""))))})

        @app.post("/v1/chat/completions")
        async def chat(request: Request) -> Response:
            return await self._chat(await request.json())

        return app

    async def _chat(self, body: dict[str, Any]) -> Response:
        self.begun += 1
        match self.trouble:
            case "error":
                return JSONResponse({"error": {"message": "internal error"}}, 500)
            case "out-of-memory":
                message = "CUDA out of memory. Tried to allocate 2.00 GiB."
                return JSONResponse({"error": {"message": message, "type": "InternalServerError"}}, 500)
            case "html":
                return Response("<html><h1>502 Bad Gateway</h1></html>", media_type="text/html")
            case "hang":
                await asyncio.sleep(3600)
        tokens, usage, finish = complete(body, CONTEXT)
        if not body.get("stream"):
            said = {"role": "assistant", "content": "".join(tokens)}
            choice: dict[str, Any] = {"index": 0, "message": said, "finish_reason": finish}
            head = {"id": "x", "object": "chat.completion", "model": MODEL}
            return JSONResponse({**head, "choices": [choice], "usage": usage})
        return StreamingResponse(self._stream(tokens, usage, finish), media_type="text/event-stream")

    async def _stream(self, tokens: list[str], usage: dict[str, Any], finish: str) -> AsyncIterator[str]:
        self.running += 1
        try:
            # Each token has its moment: how late the last one was must not add up to a slower model.
            due = time.monotonic() + self.first
            await asyncio.sleep(self.first)
            if self.trouble == "empty":
                return
            for position, token in enumerate(tokens):
                yield _event({"role": "assistant", "content": token})
                if self.trouble == "garbage" and position == 2:
                    yield 'data: {"id": "x", "choices": [{"delta": \n\n'
                if self.trouble == "cut" and position >= len(tokens) // 2:
                    raise ConnectionResetError("cut in mid-stream, on purpose")
                while self.hold.is_set():
                    await asyncio.sleep(0.02)
                    due = time.monotonic()
                due += 1 / self.rate
                await asyncio.sleep(max(0.0, due - time.monotonic()))
            yield _event({}, finish)
            yield _event(None, usage=usage)
            yield "data: [DONE]\n\n"
        finally:
            self.running -= 1


def _event(delta: dict[str, str] | None, finish: str | None = None, usage: dict[str, Any] | None = None) -> str:
    choices = [] if delta is None else [{"index": 0, "delta": delta, "finish_reason": finish}]
    row = {"id": "x", "object": "chat.completion.chunk", "model": MODEL, "choices": choices, "usage": usage}
    return f"data: {json.dumps(row, ensure_ascii=False)}\n\n"


def main() -> None:
    """Serve until stopped."""
    parser = argparse.ArgumentParser(description="A model server that streams at a fixed rate.")
    parser.add_argument("--port", type=int, default=8000)
    parser.add_argument("--rate", type=float, default=50.0, help="tokens per second in each stream")
    parser.add_argument("--first", type=float, default=0.05, help="seconds before the first token")
    arguments = parser.parse_args()
    stand_in = StandIn(arguments.rate, arguments.first, arguments.port)
    print(stand_in.url, flush=True)  # who started it reads the port here
    stand_in.serve_forever()


if __name__ == "__main__":
    main()

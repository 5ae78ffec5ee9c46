"""Claude as a script: clients of the real SDK whose replies were written before, and what they were sent."""

from __future__ import annotations

import json
from typing import Any

import anthropic
import httpx2


def text(words: str) -> dict[str, Any]:
    return {"type": "text", "text": words}


def use(id: str, name: str, /, **input: Any) -> dict[str, Any]:
    return {"type": "tool_use", "id": id, "name": name, "input": input}


def reply(*blocks: dict[str, Any], stop_reason: str | None = None) -> dict[str, Any]:
    uses = any(block["type"] == "tool_use" for block in blocks)
    return {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": "claude-scripted",
        "content": list(blocks),
        "stop_reason": stop_reason or ("tool_use" if uses else "end_turn"),
        "stop_sequence": None,
        "usage": {"input_tokens": 1, "output_tokens": 1},
    }


def _events(message: dict[str, Any]) -> bytes:
    events: list[dict[str, Any]] = [
        {"type": "message_start", "message": {**message, "content": [], "stop_reason": None}},
    ]
    for index, block in enumerate(message["content"]):
        if block["type"] == "tool_use":
            start = {**block, "input": {}}
            delta = {"type": "input_json_delta", "partial_json": json.dumps(block["input"])}
        else:
            start = {"type": "text", "text": ""}
            delta = {"type": "text_delta", "text": block["text"]}
        events.append({"type": "content_block_start", "index": index, "content_block": start})
        events.append({"type": "content_block_delta", "index": index, "delta": delta})
        events.append({"type": "content_block_stop", "index": index})
    events.append(
        {
            "type": "message_delta",
            "delta": {"stop_reason": message["stop_reason"], "stop_sequence": None},
            "usage": {"output_tokens": 1},
        }
    )
    events.append({"type": "message_stop"})
    return "".join(f"event: {event['type']}\ndata: {json.dumps(event)}\n\n" for event in events).encode()


class Claude:
    """Gives its replies in turn; `requests` has the bodies it was sent."""

    def __init__(self, *replies: dict[str, Any]) -> None:
        self.replies = list(replies)
        self.requests: list[dict[str, Any]] = []

    def _answer(self, request: httpx2.Request) -> httpx2.Response:
        body = json.loads(request.content)
        self.requests.append(body)
        assert self.replies, "the script has no more replies"
        message = self.replies.pop(0)
        if body.get("stream"):
            return httpx2.Response(200, headers={"content-type": "text/event-stream"}, content=_events(message))
        return httpx2.Response(200, json=message)

    @property
    def client(self) -> anthropic.Anthropic:
        http_client = httpx2.Client(transport=httpx2.MockTransport(self._answer))
        return anthropic.Anthropic(api_key="test", max_retries=0, http_client=http_client)

    @property
    def async_client(self) -> anthropic.AsyncAnthropic:
        http_client = httpx2.AsyncClient(transport=httpx2.MockTransport(self._answer))
        return anthropic.AsyncAnthropic(api_key="test", max_retries=0, http_client=http_client)

    def results(self, request: int = -1) -> dict[str, dict[str, Any]]:
        """The tool results in the last message of a request, by the id of the call."""
        content = self.requests[request]["messages"][-1]["content"]
        return {block["tool_use_id"]: block for block in content if block["type"] == "tool_result"}

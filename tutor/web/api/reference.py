"""GET /docs: the OpenAPI document as a plain page, for people. No script, nothing fetched from elsewhere.

The usual reference pages load theirs from other hosts, which this application forbids. Knows OpenAPI, no routes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from html import escape
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

router = APIRouter(include_in_schema=False)
Schema = Mapping[str, Any]
STYLE = """
:root{color-scheme:light dark;--paper:#fbfaf7;--surface:#fff;--ink:#20262b;--quiet:#5b656d;--line:#d9dcd8;--accent:#2b6168}
@media(prefers-color-scheme:dark){:root{--paper:#14181b;--surface:#1d2327;--ink:#e8ebed;--quiet:#a9b3ba;--line:#3a444b;--accent:#8fc4cb}}
body{margin:0 auto;padding:1.5rem;max-width:58rem;background:var(--paper);color:var(--ink);font:16px/1.6 system-ui,sans-serif}
details{margin:.4rem 0;padding:.5rem .8rem;background:var(--surface);border:1px solid var(--line);border-radius:8px}
summary{cursor:pointer}summary:focus-visible,a:focus-visible{outline:3px solid var(--accent)}code{overflow-wrap:anywhere}
b.method{color:var(--accent)}table{border-collapse:collapse;width:100%;font-size:.92rem}
td,th{padding:.25rem .6rem .25rem 0;text-align:left;vertical-align:top;border-top:1px solid var(--line)}
td:first-child code{overflow-wrap:normal}.quiet{color:var(--quiet)}a{color:var(--accent)}h2{margin:1.8rem 0 .2rem}h3{font-size:.95rem;margin:.8rem 0 .1rem}
"""


@router.get("/docs", response_class=HTMLResponse)
def reference(request: Request) -> str:
    """Every operation with its fields, by subject."""
    document = request.app.openapi()
    subjects = {tag["name"]: tag["description"] for tag in document.get("tags", ())}
    operations = [
        (path, method, operation)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    ]
    parts = []
    for subject, words in subjects.items():
        mine = [o for o in operations if subject in o[2].get("tags", ())]
        if mine:
            parts.append(f"<h2>{escape(subject)}</h2><p class='quiet'>{escape(words)}</p>")
            parts += ["".join(_operation(document, *one)) for one in mine]
    parts += _shapes(document)
    title = f"{document['info']['title']} {document['info']['version']}: reference"
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>{escape(title)}</title><style>{STYLE}</style></head><body><main><h1>{escape(title)}</h1>"
        '<p>The same for programs: <a href="/openapi.json">/openapi.json</a>. Errors of /api/v1 are '
        "<code>application/problem+json</code> (RFC 9457) with <code>detail</code> and <code>mend</code>. Where sign-in is on, send "
        f"<code>Authorization: Bearer KEY</code>.</p>{''.join(parts)}</main></body></html>"
    )


def _operation(document: Schema, path: str, method: str, operation: Schema) -> Iterator[str]:
    yield f"<details><summary><b class='method'>{method.upper()}</b> <code>{escape(path)}</code> {escape(operation['summary'])}</summary>"
    yield f"<p>{_words(operation.get('description', ''))}</p>"
    parameters = operation.get("parameters", ())
    if parameters:
        rows = [
            (p["name"], p.get("required", False), {**p["schema"], "description": p.get("description", "")})
            for p in parameters
        ]
        yield "<h3>Parameters</h3>" + _table(document, rows)
    body = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema")
    if body:
        yield "<h3>Body</h3>" + _fields(document, body)
    for kind, content in (
        operation["responses"].get("200", operation["responses"].get("201", {})).get("content", {}).items()
    ):
        yield f"<h3>Reply <span class='quiet'>{escape(kind)}</span></h3>" + _fields(document, content.get("schema", {}))
    yield "</details>"


def _fields(document: Schema, schema: Schema) -> str:
    schema = _resolved(document, schema)
    required = schema.get("required", ())
    rows = [(name, name in required, inner) for name, inner in schema.get("properties", {}).items()]
    return _table(document, rows) if rows else f"<p class='quiet'>{escape(_kind(document, schema))}</p>"


def _table(document: Schema, rows: Sequence[tuple[str, bool, Schema]]) -> str:
    lines = []
    for name, required, schema in rows:
        words = schema.get("description") or _resolved(document, schema).get("description", "")
        examples = schema.get("examples") or ()
        shown = f" <span class='quiet'>as in <code>{escape(str(examples[0]))}</code></span>" if examples else ""
        need = "" if required else " <span class='quiet'>optional</span>"
        lines.append(
            f"<tr><td><code>{escape(name)}</code>{need}</td><td>{escape(_kind(document, schema))}</td><td>{_words(words)}{shown}</td></tr>"
        )
    return f"<table>{''.join(lines)}</table>"


def _shapes(document: Schema) -> Iterator[str]:
    """What the fields' types consist of, by name."""
    yield "<h2>shapes</h2><p class='quiet'>What the types of the fields consist of.</p>"
    for name, schema in sorted(document.get("components", {}).get("schemas", {}).items()):
        yield f"<details><summary><code>{escape(name)}</code></summary><p>{_words(schema.get('description', ''))}</p>"
        yield _fields(document, schema) + "</details>"


def _words(text: str) -> str:
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", escape(text))


def _resolved(document: Schema, schema: Schema) -> Schema:
    while "$ref" in schema:
        found: Any = document
        for step in schema["$ref"].removeprefix("#/").split("/"):
            found = found[step]
        schema = found
    return schema


def _kind(document: Schema, schema: Schema) -> str:
    """The type of a field in a few words: an array of Hit, one of several texts, a number."""
    if "$ref" in schema:
        return str(schema["$ref"].rpartition("/")[2])
    if "enum" in schema or "const" in schema:
        return " | ".join(str(value) for value in schema.get("enum", [schema.get("const")]))
    if "anyOf" in schema:
        return " or ".join(_kind(document, one) for one in schema["anyOf"])
    if schema.get("type") == "array":
        return f"array of {_kind(document, schema['items'])}" if "items" in schema else "array"
    return str(schema.get("type", "anything"))

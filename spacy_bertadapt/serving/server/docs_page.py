"""`/docs`: a page that needs nothing from elsewhere, as servers often have no way out."""

from __future__ import annotations

import json
from html import escape
from string import Template
from typing import Any

from fastapi.responses import HTMLResponse

from .openapi import JSON, PREDICT

NOTHING_FROM_ELSEWHERE = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; connect-src 'self'"
PAGE = Template("""<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>$title</title>
<style>
body { font: 16px/1.5 sans-serif; max-width: 50em; margin: 2em auto; padding: 0 1em }
pre, textarea { font: 14px/1.4 monospace; background: #f4f4f4; padding: 0.7em; overflow: auto; white-space: pre-wrap }
textarea { width: 100%; box-sizing: border-box; border: 1px solid #ccc }
td { padding: 0.2em 1em 0.2em 0; vertical-align: top }
</style>
<h1>$title</h1>
<table>$operations</table>
<p>Types and all answers: <a href="openapi.json">openapi.json</a></p>
<h2>POST $predict</h2>
<form><textarea rows="8" aria-label="Request">$request</textarea><p><button>Send</button></p></form>
<pre id="answer">$answer</pre>
<h2>Types</h2>
<pre>$types</pre>
<script>
document.querySelector("form").addEventListener("submit", async (event) => {
  event.preventDefault();
  const answer = document.querySelector("#answer");
  const settings = {method: "POST", headers: {"Content-Type": "$json"}, body: document.querySelector("textarea").value};
  try {
    const response = await fetch("$path", settings);
    answer.textContent = response.status + "\\n" + JSON.stringify(await response.json(), null, 2);
  } catch (error) {
    answer.textContent = error;
  }
});
</script>
</html>
""")


def docs_page(description: dict[str, Any], types: dict[str, Any]) -> HTMLResponse:
    """Return the page of an OpenAPI description, with a form to try it. types: of requests and predictions."""
    predict = description["paths"][PREDICT]["post"]
    page = PAGE.substitute(
        title=escape(description["info"]["title"]),
        operations="".join(_rows(description["paths"])),
        predict=PREDICT,
        path=PREDICT.lstrip("/"),  # so it works behind a proxy that puts a path before it
        json=JSON,
        request=_example(predict["requestBody"]),
        answer=_example(predict["responses"]["200"]),
        types=_as_json(types),
    )
    return HTMLResponse(page, headers={"Content-Security-Policy": NOTHING_FROM_ELSEWHERE})


def _rows(paths: dict[str, Any]) -> list[str]:
    return [
        f"<tr><td>{method.upper()}</td><td>{escape(path)}</td><td>{escape(operation['summary'])}</td></tr>"
        for path, operations in paths.items()
        for method, operation in operations.items()
    ]


def _example(body: dict[str, Any]) -> str:
    return _as_json(body["content"][JSON]["example"])


def _as_json(value: Any) -> str:
    return escape(json.dumps(value, indent=2, ensure_ascii=False))

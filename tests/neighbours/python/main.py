"""A FastAPI service with OpenTelemetry's instrumentation: one hop of a trace that crosses languages.

Usage: main.py [NEXT_URL]

A POST brings baggage as JSON, `{"name": "value"}`. With a next hop, it is posted to with this baggage, and its
answer is the answer; without one, the answer is the context that arrived here. Ends with its standard input.
"""

import os
import socket
import sys
import threading

import httpx
import uvicorn
from fastapi import FastAPI, Request
from opentelemetry import baggage, context, trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.instrumentation.fastapi import FastAPIInstrumentor
from opentelemetry.instrumentation.httpx import HTTPXClientInstrumentor
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

next_url = sys.argv[1] if len(sys.argv) > 1 else None

provider = TracerProvider()
provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
trace.set_tracer_provider(provider)
HTTPXClientInstrumentor().instrument()

app = FastAPI()
FastAPIInstrumentor.instrument_app(app, exclude_spans=["receive", "send"])


@app.post("/hop")
async def hop(request: Request):
    if not next_url:
        headers = {name: request.headers.getlist(name) for name in ("baggage", "tracestate")}
        return {"baggage": baggage.get_all(), "headers": headers}
    carried = context.get_current()
    for name, value in (await request.json()).items():
        carried = baggage.set_baggage(name, value, carried)
    token = context.attach(carried)
    try:
        async with httpx.AsyncClient(trust_env=False) as client:
            return (await client.post(next_url, json={})).json()
    finally:
        context.detach(token)


def end_with_standard_input():
    sys.stdin.read()
    os._exit(0)


threading.Thread(target=end_with_standard_input, daemon=True).start()
listener = socket.create_server(("127.0.0.1", 0))
print(f"http://127.0.0.1:{listener.getsockname()[1]}/hop", flush=True)
uvicorn.Server(uvicorn.Config(app, log_level="warning")).run(sockets=[listener])

"""OpenTelemetry's own Python messages on what a connector at work sends to a collector."""

import http.server
import json
import os
import pathlib
import subprocess
import tempfile
import threading
import time
import urllib.request

from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest, ExportMetricsServiceResponse
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest, ExportTraceServiceResponse
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from stories import run

TRACE, CALLER = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
SETTINGS = """
[connections.snow]
provider = "servicenow"
url = "{url}"
auth = {{ type = "basic", username = "itsm", password = "$SNOW_PASSWORD" }}

[intake]
api_keys = ["$INTAKE_KEY"]

[schedule]
sync = ""
configuration_refresh = ""

[telemetry]
interval = "5s"
"""
ALERT = {
    "schemaId": "azureMonitorCommonAlertSchema",
    "data": {
        "essentials": {
            "alertId": "/subscriptions/s/providers/Microsoft.AlertsManagement/alerts/a",
            "alertRule": "told-to-nobody",
            "severity": "Sev2",
            "signalType": "Metric",
            "monitorCondition": "Fired",
            "monitoringService": "Platform",
            "firedDateTime": "2026-03-02T04:00:00Z",
        },
        "alertContext": {},
    },
}
PATHS = {
    "/v1/traces": (ExportTraceServiceRequest, ExportTraceServiceResponse),
    "/v1/metrics": (ExportMetricsServiceRequest, ExportMetricsServiceResponse),
}


class Receiver(http.server.BaseHTTPRequestHandler):
    """Takes what can be decoded without a field that the messages do not know."""

    def do_POST(self):
        """One call."""
        body = self.rfile.read(int(self.headers["content-length"]))
        request, response = PATHS[self.path]
        message = request.FromString(body)
        assert self.headers["content-type"] == "application/x-protobuf", self.headers["content-type"]
        assert message.SerializeToString(deterministic=True), "an empty call"
        message.DiscardUnknownFields()
        self.server.unknown += len(body) - message.ByteSize()
        self.server.taken.append((self.headers.get("x-scope"), body, message))
        answer = response().SerializeToString()
        self.send_response(200)
        self.send_header("content-type", "application/x-protobuf")
        self.send_header("content-length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_):
        """Not a word."""


def told():
    """What a connector tells that takes one alert, whose collector is named by the environment, until it has ended."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
    server.taken, server.unknown = [], 0
    threading.Thread(target=server.serve_forever, daemon=True).start()
    with tempfile.TemporaryDirectory() as home:
        config = pathlib.Path(home) / "connector.toml"
        config.write_text(SETTINGS.format(url=os.environ["EMULATOR_URL"]), encoding="utf-8")
        variables = {
            **os.environ,
            "INTAKE_KEY": "k",
            "SNOW_PASSWORD": "p",
            "RUST_LOG": "warn",
            "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{server.server_port}",
            "OTEL_EXPORTER_OTLP_HEADERS": "x-scope=a%20b",
            "OTEL_SERVICE_NAME": "itsm",
        }
        command = [os.environ["CONNECTOR_EXECUTABLE"], "local", "--listen", "127.0.0.1:0", "--config", str(config), "--data", home]
        process = subprocess.Popen(command, env=variables, stdout=subprocess.PIPE, text=True)
        url = process.stdout.readline().split()[-1]
        headers = {"x-functions-key": "k", "traceparent": f"00-{TRACE}-{CALLER}-01", "tracestate": "a=1"}
        request = urllib.request.Request(url + "/api/alerts/snow/incident", json.dumps(ALERT).encode(), headers)
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        assert opener.open(request, timeout=20).status == 202
        end = time.monotonic() + 60
        while time.monotonic() < end and not any(span.kind == Span.SPAN_KIND_CONSUMER for span in spans(server)):
            time.sleep(0.1)
        process.terminate()
        process.stdout.close()
        assert process.wait(timeout=30) == 0
    server.shutdown()
    return server


def spans(server):
    """All spans that came."""
    messages = [message for _, _, message in server.taken if isinstance(message, ExportTraceServiceRequest)]
    scopes = [scope for message in messages for resource in message.resource_spans for scope in resource.scope_spans]
    return [span for scope in scopes for span in scope.spans]


SERVER = told()


def story_decodes():
    """every call is decoded by OpenTelemetry's own messages, without a field that they do not know"""
    assert len(SERVER.taken) >= 2 and SERVER.unknown == 0, (len(SERVER.taken), SERVER.unknown)
    assert {scope for scope, _, _ in SERVER.taken} == {"a b"}
    for _, body, message in SERVER.taken:
        assert b"told-to-nobody" not in body
        for part in getattr(message, "resource_spans", None) or message.resource_metrics:
            attributes = {one.key: one.value.string_value for one in part.resource.attributes}
            assert attributes["service.name"] == "itsm" and attributes["service.version"], attributes


def story_trace():
    """one alert is one trace: SERVER, PRODUCER, CONSUMER, CLIENT, each below the one before it"""
    found = spans(SERVER)
    assert {span.trace_id.hex() for span in found} == {TRACE} and {span.trace_state for span in found} == {"a=1"}
    above = bytes.fromhex(CALLER)
    for kind in (Span.SPAN_KIND_SERVER, Span.SPAN_KIND_PRODUCER, Span.SPAN_KIND_CONSUMER):
        (span,) = [span for span in found if span.kind == kind]
        assert span.parent_span_id == above and span.end_time_unix_nano >= span.start_time_unix_nano > 0
        above = span.span_id
    calls = [span for span in found if span.kind == Span.SPAN_KIND_CLIENT]
    assert len(calls) >= 2 and all(span.parent_span_id == above for span in calls)


def story_metrics():
    """metrics come with their units, counted once"""
    found = {}
    for _, _, message in SERVER.taken:
        for resource in getattr(message, "resource_metrics", []):
            found.update({metric.name: metric for scope in resource.scope_metrics for metric in scope.metrics})
    accepted = found["itsm_connector.deliveries.accepted"]
    assert (accepted.unit, accepted.sum.is_monotonic, accepted.sum.data_points[0].as_int) == ("{delivery}", True, 1)
    assert found["itsm_connector.delivery.duration"].histogram.data_points[0].count == 1
    assert found["itsm_connector.backlog"].gauge.data_points[0].as_double == 0


run("opentelemetry-proto", globals())

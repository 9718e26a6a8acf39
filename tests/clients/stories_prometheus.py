"""prometheus_client's parser, Prometheus' own for Python, on what a connector at work serves at /metrics."""

import json
import os
import re
import time
import urllib.error
import urllib.request

from prometheus_client.parser import text_string_to_metric_families

from stories import refuses, run

URL = os.environ["CONNECTOR_URL"]
KEY = os.environ["CONNECTOR_KEY"]
CONNECTION = os.environ["CONNECTOR_CONNECTION"]
DOCUMENT = os.environ["METRICS_DOCUMENT"]


def call(path, body=None, key=KEY):
    headers = {"x-functions-key": key} if key else {}
    request = urllib.request.Request(URL + path, body, headers)
    return urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=10)


def scraped():
    """The families by name."""
    text = call("/metrics").read().decode()
    families = list(text_string_to_metric_families(text))
    names = [family.name for family in families]
    assert len(set(names)) == len(names), "a family twice"
    assert text.endswith("\n") and len(families) == text.count("# TYPE ") == text.count("# HELP ")
    return {family.name: family for family in families}


def value(families, name, **labels):
    """The value of one sample; 0 when there is none."""
    samples = [sample for family in families.values() for sample in family.samples if sample.name == name]
    found = [sample.value for sample in samples if labels.items() <= sample.labels.items()]
    return sum(found)


def documented():
    """Prometheus' type by name in docs/METRICS.md."""
    types = {"Counters": "counter", "Durations": "histogram", "What stands now": "gauge"}
    found, kind = {}, None
    for line in open(DOCUMENT, encoding="utf-8"):
        if line.startswith("## "):
            kind = types.get(line[3:].strip())
        row = re.match(r"\| `([a-z_]+)` \| `", line)
        if kind and row:
            found[row[1]] = kind
    return found


def story_content_type():
    """GET /metrics: the type that Prometheus asks for, and only for who has a key"""
    assert call("/metrics").headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert refuses(urllib.error.HTTPError, lambda: call("/metrics", key=None)).code == 401


def story_parsed():
    """text format: everything parses, types and texts included, and is documented"""
    alert = json.dumps({"data": {"essentials": {"alertRule": 'quote" } back\\slash'}}}).encode()
    before = value(scraped(), "itsm_connector_deliveries_total", outcome="done")
    assert call(f"/api/alerts/{CONNECTION}/incident", alert).status == 202
    assert call(f"/api/connections/{CONNECTION}/sync", b"").status == 200
    deadline = time.monotonic() + 30
    while value(families := scraped(), "itsm_connector_deliveries_total", outcome="done") <= before:
        assert time.monotonic() < deadline, "the alert was not delivered"
        time.sleep(0.05)
    documents = documented()
    assert len(documents) > 25, documents
    for family in families.values():
        name = family.name + ("_total" if family.type == "counter" else "")
        assert documents.get(name) == family.type, (name, family.type)
        assert family.documentation and family.samples, name
    told = {family.name + ("_total" if family.type == "counter" else "") for family in families.values()}
    seldom = {"itsm_connector_gate_closings_total", "itsm_connector_rate_limit_wait_seconds"}
    assert set(documents) - told <= seldom, set(documents) - told


def story_histograms():
    """histograms: buckets only grow, and the last one is the count"""
    families = [family for family in scraped().values() if family.type == "histogram"]
    assert families
    for family in families:
        series = {}
        for sample in family.samples:
            labels = tuple(sorted((name, of) for name, of in sample.labels.items() if name != "le"))
            series.setdefault(labels, []).append(sample)
        for samples in series.values():
            buckets = [sample for sample in samples if sample.name.endswith("_bucket")]
            bounds, counts = [float(sample.labels["le"]) for sample in buckets], [sample.value for sample in buckets]
            assert bounds == sorted(set(bounds)) and bounds[-1] == float("inf"), bounds
            assert counts == sorted(counts), counts
            (count,) = (sample.value for sample in samples if sample.name.endswith("_count"))
            (total,) = (sample.value for sample in samples if sample.name.endswith("_sum"))
            assert count == counts[-1] > 0 and total >= 0, samples


def story_standing():
    """gauges: the process began before now, and the store answers"""
    families = scraped()
    assert 0 <= time.time() - value(families, "process_start_time_seconds") < 600
    assert value(families, "itsm_connector_store_up") == 1
    assert value(families, "itsm_connector_build_info") == 1


if __name__ == "__main__":
    run("prometheus_client", globals())

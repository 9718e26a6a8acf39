"""azure-monitor-ingestion, Microsoft's own, against the Logs Ingestion emulator, over HTTPS."""

import io
import os
import time

from azure.core.credentials import AccessToken
from azure.core.exceptions import ClientAuthenticationError, HttpResponseError, ResourceNotFoundError
from azure.monitor.ingestion import LogsIngestionClient

from stories import refuses, run

URL = os.environ["EMULATOR_URL"]
RULE = "dcr-00000000000000000000000000000001"
STREAM = "Custom-ServiceDesk"


class Credential:
    """A token as a signed-in identity would get it."""

    def __init__(self, token="ingestion-token"):
        self.token = token
        self.scopes = []

    def get_token(self, *scopes, **_):
        self.scopes += scopes
        return AccessToken(self.token, int(time.time()) + 3600)


def client(token="ingestion-token"):
    return LogsIngestionClient(URL, Credential(token), retry_total=0)


def rows(count, size=0):
    text = "x" * size
    return [{"TimeGenerated": "2026-09-01T12:00:00Z", "Title_s": f"row {n} {text}", "Count_d": n} for n in range(count)]


def story_upload():
    """upload: a list of records, with the public cloud's scope"""
    credential = Credential()
    LogsIngestionClient(URL, credential).upload(RULE, STREAM, rows(10))
    assert credential.scopes == ["https://monitor.azure.com/.default"], credential.scopes


def story_chunks():
    """upload: three megabytes in calls of one"""
    client().upload(RULE, STREAM, rows(300, 10_000))


def story_stream():
    """upload: a file as it is, plain"""
    client().upload(RULE, STREAM, io.BytesIO(b'[{"Title_s":"from a file"}]'))


def story_not_an_array():
    """400: an object instead of an array"""
    error = refuses(HttpResponseError, lambda: client().upload(RULE, STREAM, io.BytesIO(b'{"Title_s":"a"}')))
    assert error.status_code == 400 and error.error.code == "InvalidPayload", error


def story_too_large():
    """413: a file over the limit"""
    body = io.BytesIO(b"[" + b" " * 1_200_000 + b"]")
    assert refuses(HttpResponseError, lambda: client().upload(RULE, STREAM, body)).status_code == 413


def story_unknown_token():
    """401: a token that nobody gave"""
    error = refuses(ClientAuthenticationError, lambda: client("stolen").upload(RULE, STREAM, rows(1)))
    assert error.status_code == 401, error


def story_role():
    """403: no role on the rule, with the service's own text"""
    attempt = lambda: client("ingestion-token-without-role").upload(RULE, STREAM, rows(1))
    error = refuses(HttpResponseError, attempt)
    assert error.status_code == 403 and "does not have access to ingest data" in str(error), error


def story_unknown_target():
    """404: another rule, another stream"""
    refuses(ResourceNotFoundError, lambda: client().upload("dcr-other", STREAM, rows(1)))
    refuses(ResourceNotFoundError, lambda: client().upload(RULE, "Custom-Other", rows(1)))


def story_on_error():
    """on_error: the failed records are handed back"""
    failed = []
    client().upload(RULE, "Custom-Other", rows(3), on_error=lambda error: failed.extend(error.failed_logs))
    assert failed == rows(3)


if __name__ == "__main__":
    run("azure-monitor-ingestion", globals())

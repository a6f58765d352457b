"""
A bucket at the wire, as S3, Google and Azure each speak it, that answers wrong when told to.

Four operations with their real requests: read, create if absent, list, delete. It counts what it
is asked. That a real server keeps "if absent" under load is shown with one (tests/s3_server.py);
this shows what the client makes of answers that a real one gives rarely.
"""

from __future__ import annotations

import http.server
import json
import threading
import time
from email.utils import formatdate
from hashlib import md5
from typing import TYPE_CHECKING, Literal, NamedTuple
from urllib.parse import parse_qs, unquote, urlsplit
from xml.sax.saxutils import escape

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Self

Dialect = Literal["s3", "gs", "az"]
BUCKET = "wire-bucket"
PAGE = 1000


class Fault(NamedTuple):
    """How the next requests of a method are answered."""

    method: str
    """``GET`` of an object, ``LIST``, ``PUT`` or ``DELETE``."""

    how: str
    """``500``, a status; ``drop``, ``stall`` or ``cut``: the connection; ``busy``: 503."""

    done: bool
    """Whether the work is done before that."""

    code: str
    """What the answer's body says."""


class Wire:
    """The server. ``with Wire("s3") as wire``."""

    def __init__(self, dialect: Dialect) -> None:
        self.dialect = dialect
        self.objects: dict[str, bytes] = {}
        self.requests: list[str] = []
        self.buckets = {BUCKET}
        self.delay = 0.0
        self.faults: list[Fault] = []
        self.lock = threading.Lock()
        wire = self

        class Handler(_Handler):
            pass

        Handler.wire = wire
        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))

    def __enter__(self) -> Self:
        """Serve."""
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop serving."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    @property
    def url(self) -> str:
        return f"{self.dialect}://{BUCKET}/team/calls"

    @property
    def environ(self) -> dict[str, str]:
        """What tells a client of it."""
        if self.dialect == "gs":
            account = {"gcs_base_url": self.endpoint, "disable_oauth": True}
            account |= {"client_email": "", "private_key": "", "private_key_id": ""}
            return {
                "GOOGLE_SERVICE_ACCOUNT_KEY": json.dumps(account),
                "GOOGLE_BASE_URL": self.endpoint,
            }
        if self.dialect == "az":
            return {
                "AZURE_STORAGE_ACCOUNT_NAME": "team",
                "AZURE_STORAGE_ACCOUNT_KEY": "c2VjcmV0LWtleQ==",
                "AZURE_STORAGE_ENDPOINT": self.endpoint,
            }
        return {
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE",
            "AWS_SECRET_ACCESS_KEY": "wire-secret",
            "AWS_REGION": "us-east-1",
        }

    def fail(
        self, method: str, how: str, *, times: int = 1, done: bool = False, code: str = "Strange"
    ) -> None:
        """Answer the next requests of ``method`` so."""
        self.faults += [Fault(method, how, done, code)] * times

    def fault(self, method: str) -> Fault | None:
        with self.lock:
            found = next((one for one in self.faults if one.method == method), None)
            if found is not None:
                self.faults.remove(found)
            return found

    def key(self, path: str) -> tuple[str, str]:
        """The bucket and the key that a request's path names."""
        if self.dialect == "az" and path.startswith("/team/"):
            path = path.removeprefix("/team")
        bucket, _, key = unquote(path).lstrip("/").partition("/")
        return bucket, key


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = 1 << 16
    wire: Wire

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def handle_one_request(self) -> None:
        try:
            super().handle_one_request()
        except OSError:
            self.close_connection = True

    def do_GET(self) -> None:
        wire, parts = self.wire, urlsplit(self.path)
        bucket, key = wire.key(parts.path)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        listing = not key
        if self._begin("LIST" if listing else "GET", bucket, key):
            return
        if bucket not in wire.buckets:
            code = "ContainerNotFound" if wire.dialect == "az" else "NoSuchBucket"
            self._say(404, _error(code))
        elif listing:
            self._say(200, self._listing(query).encode())
        elif key in wire.objects:
            self._say(200, wire.objects[key])
        else:
            self._say(404, _error("BlobNotFound" if wire.dialect == "az" else "NoSuchKey"))

    def do_PUT(self) -> None:
        wire = self.wire
        bucket, key = wire.key(urlsplit(self.path).path)
        data = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        absent = self.headers.get("If-None-Match") == "*"
        absent |= self.headers.get("x-goog-if-generation-match") == "0"

        def work() -> tuple[int, bytes]:
            with wire.lock:
                if bucket not in wire.buckets:
                    return 404, _error("NoSuchBucket")
                if absent and key in wire.objects:
                    if wire.dialect == "az":
                        return 409, _error("BlobAlreadyExists")
                    return 412, _error("PreconditionFailed")
                wire.objects[key] = data
                return (201 if wire.dialect == "az" else 200), b""

        if not self._begin("PUT", bucket, key, work):
            self._say(*work())

    def do_DELETE(self) -> None:
        bucket, key = self.wire.key(urlsplit(self.path).path)
        if not self._begin("DELETE", bucket, key):
            self.wire.objects.pop(key, None)
            self._say(202 if self.wire.dialect == "az" else 204, b"")

    def do_POST(self) -> None:
        """S3's way to delete several."""
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
        if self._begin("DELETE", BUCKET, ""):
            return
        for part in body.split("<Key>")[1:]:
            self.wire.objects.pop(part.partition("</Key>")[0], None)
        self._say(200, b"<DeleteResult></DeleteResult>")

    def _begin(self, method: str, bucket: str, key: str, work: object = None) -> bool:
        """Count; answer wrong where that was asked for, and say whether that was done."""
        wire = self.wire
        wire.requests.append(f"{method} {key}")
        time.sleep(wire.delay)
        fault = wire.fault(method)
        if fault is None:
            return False
        if fault.done and callable(work):
            work()
        if fault.how == "stall":
            time.sleep(2)
        if fault.how in ("drop", "stall"):
            self.close_connection = True
            self.connection.close()
        elif fault.how == "cut":
            self._say(200, wire.objects.get(key, b"{}"), short=1)
        else:
            self._say(int(fault.how), _error(fault.code))
        del bucket
        return True

    def _say(self, status: int, body: bytes, *, short: int = 0) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("ETag", f'"{md5(body, usedforsecurity=False).hexdigest()}"')
        self.send_header("Last-Modified", formatdate(usegmt=True))
        self.send_header("Content-MD5", "")
        self.end_headers()
        self.wfile.write(body[: len(body) - short])
        self.wfile.flush()
        if short:
            self.close_connection = True

    def _listing(self, query: dict[str, str]) -> str:
        prefix, delimiter = query.get("prefix", ""), query.get("delimiter")
        after = query.get("continuation-token") or query.get("marker") or ""
        found = list(_entries(sorted(self.wire.objects), prefix, delimiter))
        rest = [one for one in found if one[0] > after]
        page, more = rest[:PAGE], len(rest) > PAGE
        token = escape(page[-1][0]) if more else ""
        when = formatdate(usegmt=True)
        if self.wire.dialect == "az":
            rows = "".join(
                f"<BlobPrefix><Name>{escape(name)}</Name></BlobPrefix>"
                if is_prefix
                else f"<Blob><Name>{escape(name)}</Name><Properties><Last-Modified>{when}"
                f"</Last-Modified><Content-Length>{len(self.wire.objects[name])}</Content-Length>"
                f'<Content-Type>x</Content-Type><Etag>"1"</Etag></Properties></Blob>'
                for name, is_prefix in page
            )
            return (
                f"<EnumerationResults><Blobs>{rows}</Blobs><NextMarker>{token}</NextMarker>"
                "</EnumerationResults>"
            )
        rows = "".join(
            f"<CommonPrefixes><Prefix>{escape(name)}</Prefix></CommonPrefixes>"
            if is_prefix
            else f"<Contents><Key>{escape(name)}</Key><Size>{len(self.wire.objects[name])}</Size>"
            f"<LastModified>2026-11-23T23:00:00.000Z</LastModified><ETag>1</ETag></Contents>"
            for name, is_prefix in page
        )
        more_words = f"<NextContinuationToken>{token}</NextContinuationToken>" if more else ""
        return f"<ListBucketResult>{rows}{more_words}</ListBucketResult>"


def _entries(keys: list[str], prefix: str, delimiter: str | None) -> Iterator[tuple[str, bool]]:
    """Keys and common prefixes under ``prefix``, in order."""
    last = ""
    for key in keys:
        if not key.startswith(prefix):
            continue
        head, found, _ = key.removeprefix(prefix).partition(delimiter or "\0")
        name = f"{prefix}{head}{delimiter}" if found else key
        if name != last:
            yield name, bool(found)
        last = name


def _error(code: str) -> bytes:
    return (
        f"<?xml version='1.0'?><Error><Code>{code}</Code><Message>The wire says {code}.</Message>"
        "<AWSAccessKeyId>AKIDEXAMPLE</AWSAccessKeyId></Error>"
    ).encode()

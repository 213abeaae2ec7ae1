"""A small server that speaks the Hub's protocol on loopback, as huggingface_hub 2.4 uses it, and fails when it is told to.

The real clients talk to it: HF_ENDPOINT has to name it before they are imported, so they run in processes of their own.
"""

import asyncio
import re
import socket
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import hub_reading as reading
import hub_writing as writing
import uvicorn
from hub_faults import Fault
from hub_state import Hub, Refusal, Repo
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

Answer = Callable[[Request], Awaitable[Response]]
_HANGS_S = 30.0
_OVERDUE_S = 0.05


class Server:
    """The running server: what it holds, what it was asked, what shall fail, and where a client did not give up waiting."""

    def __init__(self, folder: Path) -> None:
        self.hub = Hub(folder, {"acme": {"alice": "write", "carol": "write", "bob": "read"}})
        self.faults: list[Fault] = []
        self.log: list[tuple[str, str]] = []
        self.waited_for: list[str] = []
        self.before: Callable[[int, str, str], None] = lambda _n, _method, _path: None
        self.after: Callable[[int, str, str], None] = lambda _n, _method, _path: None
        self.app = Starlette(routes=list(_routes()), exception_handlers={Refusal: _refused})
        self.app.state.hub = self.hub
        self.url = ""

    def contents(self, repo: Repo, revision: str = "main") -> dict[str, bytes]:
        """The contents of a revision, without the Hub's own file."""
        tree = repo.resolve(revision).tree
        return {
            path: self.hub.large_bytes(blob.large[0]).read_bytes() if blob.large else blob.data
            for path, blob in tree.items()
            if path != ".gitattributes"
        }

    def asked(self, pattern: str) -> list[tuple[str, str]]:
        """The requests whose method and path match."""
        return [entry for entry in self.log if re.search(pattern, " ".join(entry))]

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Log a request, let it fail if it shall, else carry it out. Its path stays percent-encoded: `refs%2Fpr%2F1` is one part."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        path = scope["raw_path"].decode().split("?")[0]
        scope = {**scope, "path": path}
        self.log.append((scope["method"], path))
        number = len(self.log)
        self.before(number, scope["method"], path)
        fault = self._fault(scope["method"], path)
        if fault is None or fault.how == "slow":
            await asyncio.sleep(0.2 if fault else 0)
            await self.app(scope, receive, send)
        else:
            await self._fail(fault, scope, receive, send)
        self.after(number, scope["method"], path)

    def _fault(self, method: str, path: str) -> Fault | None:
        for fault in self.faults:
            if fault.times and fault.method in ("", method) and re.search(fault.path, path):
                fault.times -= 1
                return fault
        return None

    async def _fail(self, fault: Fault, scope: Any, receive: Any, send: Any) -> None:
        async def nowhere(_message: Any) -> None:
            pass

        if isinstance(fault.how, int) or fault.how == "overdue":
            body = [await receive()]
            while body[-1].get("more_body"):
                body.append(await receive())
            status = fault.how if isinstance(fault.how, int) else 504
            await Response(fault.body, status, dict(fault.headers), "application/json")(scope, receive, send)
            if fault.how == "overdue":
                await asyncio.sleep(_OVERDUE_S)
                await self.app(scope, _replay(body), nowhere)
            return
        if fault.how in ("lost", "late"):
            await self.app(scope, receive, nowhere)
        if fault.how in ("hang", "late"):
            try:
                await asyncio.wait_for(_gone(receive), _HANGS_S)
            except TimeoutError:
                self.waited_for.append(scope["path"])
            return
        receive.__self__.transport.abort()  # a real reset: an ASGI application can only answer


async def _gone(receive: Any) -> None:
    """Until the client has given up."""
    while (await receive())["type"] != "http.disconnect":
        pass


def _replay(messages: list[Any]) -> Callable[[], Awaitable[Any]]:
    """A request's body once more, for an application that is called after the answer."""
    rest = iter(messages)

    async def receive() -> Any:
        return next(rest, {"type": "http.disconnect"})

    return receive


async def _refused(_request: Request, refusal: Exception) -> Response:
    if not isinstance(refusal, Refusal):
        raise refusal
    headers = {"X-Error-Message": refusal.message.splitlines()[0], "X-Request-Id": "test"}
    return JSONResponse(refusal.body, refusal.status, {**headers, **({"X-Error-Code": refusal.code} if refusal.code else {})})


async def _nothing(_request: Request) -> Response:
    return JSONResponse({})


def _routes() -> Iterator[Route]:
    yield _route("GET /api/whoami-v2", reading.whoami)
    yield _route("POST /api/repos/create", writing.create)
    yield _route("POST /api/validate-yaml", writing.validate_yaml)
    yield _route("GET /api/agent-harnesses", _nothing)
    yield _route("PUT /_large/{oid}", writing.lfs_put)
    yield _route("GET /_large/{oid}", reading.large)
    yield _route("PUT /_large/{oid}/part/{number}", writing.lfs_part)
    yield _route("POST /_large/{oid}/complete", writing.lfs_complete)
    for kind, prefix in (("dataset", "/datasets"), ("model", "")):
        here, api = prefix + "/{owner}/{name}", f"/api/{kind}s" + "/{owner}/{name}"
        for request, answer in (
            (f"POST {here}.git/info/lfs/objects/batch", writing.lfs_batch),
            (f"POST {here}.git/info/lfs/objects/verify", writing.lfs_verify),
            (f"GET {here}/resolve/{{revision}}/{{path:path}}", reading.resolve),
            (f"GET {api}/revision/{{revision}}", reading.info),
            (f"GET {api}/tree/{{revision}}", reading.tree),
            (f"GET {api}/tree/{{revision}}/{{path:path}}", reading.tree),
            (f"POST {api}/paths-info/{{revision}}", reading.paths_info),
            (f"GET {api}/refs", reading.refs),
            (f"GET {api}/discussions", reading.discussions),
            (f"POST {api}/branch/{{revision}}", writing.branch),
            (f"POST {api}/tag/{{revision}}", writing.tag),
            (f"POST {api}/preupload/{{revision}}", writing.preupload),
            (f"POST {api}/commit/{{revision}}", writing.commit),
            (f"GET {api}/xet-{{right}}-token/{{revision}}", writing.xet_token),
            (f"GET {api}", reading.info),
        ):
            yield _route(request, answer, kind=kind)


def _route(request: str, answer: Answer, **fixed: str) -> Route:
    method, path = request.split(" ")

    async def decoded(request: Request) -> Response:
        for name, value in request.path_params.items():
            request.path_params[name] = unquote(value)
        request.path_params.update(fixed)
        return await answer(request)

    return Route(path, decoded, methods=["GET", "HEAD"] if method == "GET" else [method])


@contextmanager
def serving(folder: Path) -> Iterator[Server]:
    """A server on a free port of loopback, in a thread of this process."""
    server = Server(folder)
    listener = socket.socket(proto=socket.IPPROTO_TCP)  # asyncio sends small answers at once only on a socket that says what it is
    listener.bind(("127.0.0.1", 0))
    server.url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    runner = uvicorn.Server(uvicorn.Config(server, log_level="critical", ws="none", lifespan="off", timeout_graceful_shutdown=1))
    thread = threading.Thread(target=runner.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        runner.should_exit = True
        thread.join(timeout=10)
        listener.close()

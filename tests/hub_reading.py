"""The test Hub's answers to reading: accounts, repositories, trees, references, files."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, quote

import yaml
from hub_state import Blob, Commit, Hub, Refusal, Repo, Tree, owner_of
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response, StreamingResponse

_PAGE = 1000


def user_of(request: Request) -> str | None:
    """The user of the request's token, None without one."""
    kind, _, token = request.headers.get("authorization", "").partition(" ")
    if not kind:
        return None
    if kind != "Bearer" or not token.startswith("hf_") or token == "hf_bad":  # noqa: S105 - a made-up one
        raise Refusal(401, None, "Invalid credentials in Authorization header")
    return token[3:]


def repo_of(request: Request, *, writes: bool = False) -> Repo:
    """The repository that a request names, if its user may see it, or write to it."""
    hub: Hub = request.app.state.hub
    parts, user = request.path_params, user_of(request)
    repo = hub.repos.get((parts["kind"], f"{parts['owner']}/{parts['name']}"))
    reader = owner_of(user or "")
    is_member = reader == parts["owner"] or reader in hub.members.get(parts["owner"], {})
    if repo is None or (repo.private and not is_member):
        raise Refusal(404 if user else 401, "RepoNotFound", "Repository not found")
    if repo.gated and not is_member and "/resolve/" in request.scope["path"]:
        raise Refusal(403 if user else 401, "GatedRepo", f"Access to {repo.kind} {repo.name} is restricted.")
    if writes and not hub.may_write(user, parts["owner"]):
        raise Refusal(403, None, "You don't have the required permissions: write access needed")
    return repo


def base(request: Request) -> str:
    """The server's address."""
    return f"http://{request.headers['host']}"


async def whoami(request: Request) -> Response:
    user = user_of(request)
    if user is None:
        raise Refusal(401, None, "Invalid username or password.")
    name = owner_of(user)
    hub: Hub = request.app.state.hub
    orgs = [{"type": "org", "name": org, "roleInOrg": roles[name]} for org, roles in hub.members.items() if name in roles]
    role = {"ro_": "read", "fg_": "fineGrained"}.get(user[:3], "write")
    token: dict[str, Any] = {"displayName": "t", "role": role}
    if role == "fineGrained":
        token["fineGrained"] = {"canReadGatedRepos": False, "global": [], "scoped": hub.scopes.get(user, [])}
    return JSONResponse({"type": "user", "name": name, "fullname": name, "orgs": orgs, "auth": {"accessToken": token}})


async def info(request: Request) -> Response:
    repo = repo_of(request)
    commit = repo.resolve(request.path_params.get("revision", "main"))
    card = commit.tree.get("README.md")
    return JSONResponse(
        {
            "id": repo.name,
            "sha": commit.id,
            "private": repo.private,
            "gated": "auto" if repo.gated else False,
            "disabled": False,
            "tags": [],
            "downloads": 0,
            "likes": 0,
            "cardData": metadata(card.data.decode()) if card else None,
            "siblings": [{"rfilename": path} for path in sorted(commit.tree)],
        }
    )


def metadata(card: str) -> Any:
    """A card's YAML; None if there is none."""
    found = re.match(r"---[ \t]*\n(.*?)\n---[ \t]*(\n|$)", card, re.DOTALL)
    return yaml.safe_load(found[1]) if found else None


def _entry(tree: Tree, path: str) -> dict[str, Any]:
    blob = tree.get(path)
    if blob is None:
        return {"type": "directory", "oid": "0" * 40, "size": 0, "path": path}
    found: dict[str, Any] = {"type": "file", "oid": blob.oid, "size": blob.size, "path": path}
    if blob.large:
        found["lfs"] = {"oid": blob.large[0], "size": blob.size, "pointerSize": len(blob.pointer)}
    if blob.xet:
        found["xetHash"] = blob.xet
    return found


async def tree(request: Request) -> Response:
    files = repo_of(request).resolve(request.path_params["revision"]).tree
    below = request.path_params.get("path", "").strip("/")
    is_deep = request.query_params.get("recursive", "").lower() in ("1", "true")
    names = set()
    for path in files:
        if below and not path.startswith(f"{below}/"):
            continue
        parts = path.removeprefix(f"{below}/" if below else "").split("/")
        for n in range(1, (len(parts) if is_deep else 1) + 1):
            names.add("/".join([*([below] if below else []), *parts[:n]]))
    if below and not names:
        raise Refusal(404, "EntryNotFound", f"{below} does not exist")
    start, ordered = int(request.query_params.get("cursor", 0)), sorted(names)
    rest = request.url.include_query_params(cursor=start + _PAGE)
    headers = {"Link": f'<{rest}>; rel="next"'} if start + _PAGE < len(ordered) else {}
    return JSONResponse([_entry(files, path) for path in ordered[start : start + _PAGE]], headers=headers)


async def paths_info(request: Request) -> Response:
    files = repo_of(request).resolve(request.path_params["revision"]).tree
    wanted = [path.strip("/") for path in parse_qs((await request.body()).decode()).get("paths", [])]
    return JSONResponse([_entry(files, p) for p in wanted if p in files or any(name.startswith(f"{p}/") for name in files)])


async def refs(request: Request) -> Response:
    repo = repo_of(request)
    branches = [{"name": name, "ref": f"refs/heads/{name}", "targetCommit": c} for name, c in repo.branches.items() if "refs/" not in name]
    tags = [{"name": name, "ref": f"refs/tags/{name}", "targetCommit": commit} for name, commit in repo.tags.items()]
    return JSONResponse({"branches": branches, "tags": tags, "converts": []})


async def discussions(request: Request) -> Response:
    repo = repo_of(request)
    found = [
        {
            "num": number,
            "title": proposal["title"],
            "status": proposal["status"],
            "isPullRequest": True,
            "author": {"name": proposal["author"]},
            "createdAt": "2026-01-01T00:00:00.000Z",
            "repo": {"name": repo.name, "type": repo.kind},
            "repoOwner": {"name": repo.name.split("/")[0]},
        }
        for number, proposal in repo.proposals.items()
    ]
    start = int(request.query_params.get("p", 0))
    return JSONResponse({"discussions": found if start == 0 else [], "count": len(found), "start": 0})


async def resolve(request: Request) -> Response:
    repo = repo_of(request)
    commit = repo.resolve(request.path_params["revision"])
    path = request.path_params["path"]
    blob = commit.tree.get(path)
    headers = {"X-Repo-Commit": commit.id, "Accept-Ranges": "bytes"}
    if blob is None:
        raise Refusal(404, "EntryNotFound", "Entry not found")
    if blob.large:
        return _elsewhere(request, repo, commit, blob, headers)
    return _content(request, blob.data, {**headers, "ETag": f'"{blob.oid}"'})


def _elsewhere(request: Request, repo: Repo, commit: Commit, blob: Blob, headers: dict[str, str]) -> Response:
    """Large files lie at another origin, as on the real Hub: the client's HEAD follows redirects within one."""
    oid, size = blob.large or ("", 0)
    headers |= {"X-Linked-Size": str(size), "X-Linked-Etag": f'"{oid}"'}
    if blob.xet:
        headers |= {
            "X-Xet-Hash": blob.xet,
            "Link": f'<{base(request)}/api/{repo.kind}s/{repo.name}/xet-read-token/{commit.id}>; rel="xet-auth"',
        }
    return RedirectResponse(f"{base(request).replace('127.0.0.1', 'localhost')}/_large/{oid}?n={quote('x')}", 302, headers)


async def large(request: Request) -> Response:
    hub: Hub = request.app.state.hub
    oid = request.path_params["oid"]
    return _content(request, hub.large_bytes(oid), {"ETag": f'"{oid}"', "Accept-Ranges": "bytes"})


def _content(request: Request, source: bytes | Path, headers: dict[str, str]) -> Response:
    """A file, or the range of it that was asked for."""
    size = len(source) if isinstance(source, bytes) else source.stat().st_size
    asked = re.fullmatch(r"bytes=(\d*)-(\d*)", request.headers.get("range", ""))
    first, last, status = 0, size - 1, 200
    if asked and (asked[1] or asked[2]):
        first = int(asked[1]) if asked[1] else max(0, size - int(asked[2]))
        last = min(int(asked[2]), last) if asked[1] and asked[2] else last
        if first >= size:
            return Response(b"", 416, headers={"Content-Range": f"bytes */{size}"})
        status, headers = 206, {**headers, "Content-Range": f"bytes {first}-{last}/{size}"}
    headers = {**headers, "Content-Length": str(last - first + 1)}
    if request.method == "HEAD":
        return Response(b"", status, headers)
    return StreamingResponse(_chunks(source, first, last), status, headers)


def _chunks(source: bytes | Path, first: int, last: int) -> Iterator[bytes]:
    if isinstance(source, bytes):
        yield source[first : last + 1]
        return
    with source.open("rb") as file:
        file.seek(first)
        while first <= last and (chunk := file.read(min(1 << 20, last - first + 1))):
            first += len(chunk)
            yield chunk

"""The test Hub's answers to writing. It refuses what the Hub refuses: a stale parent, bad YAML, missing rights, missing files."""

import base64
import fnmatch
import hashlib
import json
import time
from collections.abc import Mapping
from typing import Any

import yaml
from hub_reading import base, metadata, repo_of, user_of
from hub_state import Blob, Hub, Refusal, Repo, Tree, owner_of
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

_MAX_REGULAR_BYTES = 10 * 1024 * 1024


def _is_true(text: str | None) -> bool:
    return (text or "").lower() in ("1", "true")


async def create(request: Request) -> Response:
    hub: Hub = request.app.state.hub
    asked, user = await request.json(), user_of(request)
    kind, owner = asked.get("type") or "model", asked.get("organization") or owner_of(user or "")
    if not hub.may_write(user, owner):
        raise Refusal(403, None, f'You don\'t have the rights to create a {kind} under the namespace "{owner}"')
    repo = Repo(kind, f"{owner}/{asked['name']}", private=asked.get("visibility") == "private")
    url = f"{base(request)}/{repo.prefix}"
    if (kind, repo.name) in hub.repos:
        raise Refusal(409, None, f"You already created this {kind} repo", error=f"You already created this {kind} repo", url=url)
    hub.repos[kind, repo.name] = repo
    return JSONResponse({"url": url, "name": repo.name})


async def branch(request: Request) -> Response:
    repo, name = repo_of(request, writes=True), request.path_params["revision"]
    if name.startswith("refs/"):
        raise Refusal(400, None, "Invalid reference for a branch")
    if name in repo.branches:
        raise Refusal(409, None, f"Reference refs/heads/{name} already exists")
    asked = json.loads(await request.body() or b"{}")
    repo.branches[name] = repo.resolve(asked.get("startingPoint") or "main").id
    return Response(status_code=201)


async def tag(request: Request) -> Response:
    repo, name = repo_of(request, writes=True), (await request.json())["tag"]
    commit = repo.resolve(request.path_params["revision"]).id
    if name in repo.tags:
        raise Refusal(409, None, f"Tag reference exists already: {name}")
    repo.tags[name] = commit
    return Response(status_code=201)


def card_faults(card: str) -> list[str]:
    """What the Hub refuses in a card's YAML."""
    try:
        found = metadata(card)
    except yaml.YAMLError as error:
        return [f"bad yaml: {str(error)[:200]}"]
    if found is None:
        return []
    if not isinstance(found, dict):
        return ["metadata is not a map"]
    lists = [key for key in ("language", "tags", "size_categories", "task_categories", "datasets") if key in found]
    faults = [f'"{key}" must be a string or array of strings' for key in lists if not _is_texts(found[key])]
    names = [config.get("config_name") for config in found.get("configs") or []]
    return faults + ['"configs[].config_name" is required' for name in names if not isinstance(name, str)]


def _is_texts(value: object) -> bool:
    return isinstance(value, str) or (isinstance(value, list) and all(isinstance(item, str) for item in value))


async def validate_yaml(request: Request) -> Response:
    faults = card_faults((await request.json())["content"])
    return JSONResponse({"errors": [{"message": fault} for fault in faults], "warnings": []}, 400 if faults else 200)


async def preupload(request: Request) -> Response:
    repo = repo_of(request, writes=not _is_true(request.query_params.get("create_pr")))
    asked, files = await request.json(), repo.resolve(request.path_params["revision"]).tree
    ignored = asked["gitIgnore"] if asked.get("gitIgnore") is not None else files.get(".gitignore", Blob()).data.decode()
    answers = []
    for file in asked["files"]:
        sample = base64.b64decode(file.get("sample") or "")
        is_large = _is_large(file["path"], file["size"], sample, files)
        drops = any(fnmatch.fnmatch(file["path"], line) for line in ignored.splitlines() if line)
        answer = {"path": file["path"], "uploadMode": "lfs" if is_large else "regular", "shouldIgnore": drops}
        if held := files.get(file["path"]):
            answer["oid"] = held.large[0] if held.large else held.oid
        answers.append(answer)
    return JSONResponse({"files": answers})


def _is_large(path: str, size: int, sample: bytes, files: Tree) -> bool:
    lines = files.get(".gitattributes", Blob()).data.decode().splitlines()
    patterns = [line.split()[0] for line in lines if "filter=lfs" in line]
    return any(fnmatch.fnmatch(path.rsplit("/", maxsplit=1)[-1], p) for p in patterns) or b"\0" in sample or size > _MAX_REGULAR_BYTES


async def lfs_batch(request: Request) -> Response:
    hub: Hub = request.app.state.hub
    repo = repo_of(request, writes=True)
    objects = []
    for asked in (await request.json())["objects"]:
        oid, size = asked["oid"], asked["size"]
        answer: dict[str, Any] = {"oid": oid, "size": size}
        if not (hub.large / oid).is_file():
            here = f"{base(request)}/_large/{oid}"
            upload: dict[str, Any] = {"href": here, "header": {}}
            if size > hub.multipart_bytes:
                hub.parts[oid] = {}
                parts = {f"{n + 1:05d}": f"{here}/part/{n + 1}" for n in range(-(-size // hub.part_bytes))}
                upload = {"href": f"{here}/complete", "header": {"chunk_size": str(hub.part_bytes), **parts}}
            verify = {"href": f"{base(request)}/{repo.prefix}.git/info/lfs/objects/verify", "header": {}}
            answer["actions"] = {"upload": upload, "verify": verify}
        objects.append(answer)
    return JSONResponse({"transfer": "basic", "objects": objects}, media_type="application/vnd.git-lfs+json")


async def _received(request: Request, name: str) -> str:
    """Stream a body to the disk; give back its SHA-256."""
    hub: Hub = request.app.state.hub
    state = hashlib.sha256()
    with (hub.large / name).open("wb") as file:
        async for chunk in request.stream():
            state.update(chunk)
            file.write(chunk)
    return state.hexdigest()


async def lfs_put(request: Request) -> Response:
    hub: Hub = request.app.state.hub
    oid = request.path_params["oid"]
    partial = f"{oid}.{time.monotonic_ns()}"
    if await _received(request, partial) != oid:
        raise Refusal(400, None, "sha256 mismatch")
    (hub.large / partial).rename(hub.large / oid)
    return Response(headers={"ETag": f'"{oid}"'})


async def lfs_part(request: Request) -> Response:
    hub: Hub = request.app.state.hub
    oid, number = request.path_params["oid"], int(request.path_params["number"])
    etag = await _received(request, f"{oid}.{number}")
    hub.parts[oid][number] = etag
    return Response(headers={"ETag": f'"{etag}"'})


async def lfs_complete(request: Request) -> Response:
    hub: Hub = request.app.state.hub
    asked, oid = await request.json(), request.path_params["oid"]
    if {part["partNumber"]: part["etag"].strip('"') for part in asked["parts"]} != hub.parts[oid]:
        raise Refusal(400, None, "other parts than were sent")
    state = hashlib.sha256()
    whole = hub.large / f"{oid}.whole"
    with whole.open("wb") as file:
        for number in sorted(hub.parts[oid]):
            part = (hub.large / f"{oid}.{number}").read_bytes()
            state.update(part)
            file.write(part)
    if state.hexdigest() != oid:
        raise Refusal(400, None, "sha256 mismatch")
    whole.rename(hub.large / oid)
    return JSONResponse({})


async def lfs_verify(request: Request) -> Response:
    repo_of(request, writes=True)
    hub: Hub = request.app.state.hub
    asked = await request.json()
    if hub.large_blob(asked["oid"]).size != asked["size"]:
        raise Refusal(422, None, "size mismatch")
    return JSONResponse({})


async def xet_token(request: Request) -> Response:
    hub: Hub = request.app.state.hub
    writes = request.path_params["right"] == "write" and not _is_true(request.query_params.get("create_pr"))
    repo_of(request, writes=writes)
    until = int(time.time()) + 3600
    headers = {"X-Xet-Cas-Url": hub.xet_storage, "X-Xet-Access-Token": "xet", "X-Xet-Token-Expiration": str(until)}
    return JSONResponse({"accessToken": "xet", "exp": until, "casUrl": hub.xet_storage}, headers=headers)


async def commit(request: Request) -> Response:
    hub: Hub = request.app.state.hub
    proposes = _is_true(request.query_params.get("create_pr"))
    repo, branch = repo_of(request, writes=not proposes), request.path_params["revision"]
    header, *operations = [json.loads(line) for line in (await request.body()).splitlines() if line.strip()]
    if branch not in repo.branches:
        raise Refusal(404, "RevisionNotFound", f"Invalid rev id: {branch}")
    head, told = repo.resolve(branch), header["value"]
    if not head.id.startswith(told.get("parentCommit") or ""):
        raise Refusal(412, None, "The branch was updated since you opened this page. Please refresh and try again.")
    files = dict(head.tree)
    for operation in operations:
        _apply(hub, files, operation["key"], operation["value"])
    answer: dict[str, Any] = {"success": True, "hookOutput": ""}
    author = owner_of(user_of(request) or "")
    if proposes:
        number = len(repo.proposals) + 1
        repo.proposals[number] = {"title": told["summary"], "status": "open", "author": author}
        branch = f"refs/pr/{number}"
        answer["pullRequestUrl"] = f"{base(request)}/{repo.prefix}/discussions/{number}"
    made = repo.commit(branch, files, told["summary"], author, head.id)
    return JSONResponse({**answer, "commitOid": made, "commitUrl": f"{base(request)}/{repo.prefix}/commit/{made}"})


def _apply(hub: Hub, files: Tree, key: str, value: Mapping[str, Any]) -> None:
    """Carry out one operation of a commit."""
    path = value["path"]
    if key == "deletedFile":
        if files.pop(path, None) is None:
            raise Refusal(404, "EntryNotFound", f"A file with this name doesn't exist: {path}")
    elif key == "lfsFile":
        files[path] = hub.large_blob(value["oid"])
    elif key == "file":
        data = base64.b64decode(value["content"])
        if len(data) > _MAX_REGULAR_BYTES:
            raise Refusal(413, None, "regular file too large")
        faults = card_faults(data.decode("utf-8", "replace")) if path == "README.md" else []
        if faults:
            raise Refusal(400, None, f"Invalid metadata in README.md: {faults}")
        files[path] = Blob(data)
    else:
        raise Refusal(400, None, f"unknown key {key}")

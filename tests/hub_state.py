"""What the test Hub holds: repositories with commits, branches, tags and pull requests, large files, accounts."""

import hashlib
import json
import re
import struct
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

LARGE = ("*.bin", "*.gz", "*.h5", "*.npy", "*.onnx", "*.parquet", "*.pkl", "*.pt", "*.safetensors", "*.tar", "*.zip", "*.zst")
_HEX = re.compile(r"[0-9a-f]{7,40}")


class Refusal(Exception):  # noqa: N818 - an answer, not a fault
    """An answer other than 200, with the Hub's own headers."""

    def __init__(self, status: int, code: str | None, message: str, **body: Any) -> None:
        super().__init__(message)
        self.status, self.code, self.message = status, code, message
        self.body = body or {"error": message}


@dataclass(frozen=True)
class Blob:
    """One version of a file: its bytes, or SHA-256 and size of a large one, whose git blob is a pointer."""

    data: bytes = b""
    large: tuple[str, int] | None = None
    xet: str | None = None

    @property
    def pointer(self) -> bytes:
        """What git holds for it."""
        if self.large is None:
            return self.data
        return f"version https://git-lfs.github.com/spec/v1\noid sha256:{self.large[0]}\nsize {self.large[1]}\n".encode()

    @property
    def oid(self) -> str:
        """Git's name of it."""
        return hashlib.sha1(b"blob %d\0" % len(self.pointer) + self.pointer, usedforsecurity=False).hexdigest()

    @property
    def size(self) -> int:
        """Bytes of the content."""
        return self.large[1] if self.large else len(self.data)


Tree = dict[str, Blob]


@dataclass
class Commit:
    """One commit."""

    id: str
    tree: Tree
    title: str
    author: str
    parent: str | None


@dataclass
class Repo:
    """One repository."""

    kind: str
    name: str
    private: bool = False
    gated: bool = False
    commits: dict[str, Commit] = field(default_factory=dict)
    branches: dict[str, str] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    proposals: dict[int, dict[str, Any]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """A new repository holds which files are large."""
        attributes = "".join(f"{pattern} filter=lfs diff=lfs merge=lfs -text\n" for pattern in LARGE)
        self.commit("main", {".gitattributes": Blob(attributes.encode())}, "initial commit", "system")

    def commit(self, branch: str, tree: Tree, title: str, author: str, parent: str | None = None) -> str:
        """Put a tree on a branch."""
        content = json.dumps([self.kind, self.name, title, parent, len(self.commits), sorted((k, b.oid) for k, b in tree.items())])
        made = Commit(hashlib.sha1(content.encode(), usedforsecurity=False).hexdigest(), tree, title, author, parent)
        self.commits[made.id] = made
        self.branches[branch] = made.id
        return made.id

    def edit(self, path: str, data: bytes, branch: str = "main") -> str:
        """Somebody else's commit of one file."""
        head = self.branches[branch]
        return self.commit(branch, {**self.commits[head].tree, path: Blob(data)}, f"Edit {path}", "somebody", head)

    def resolve(self, revision: str) -> Commit:
        """The commit that a branch, tag or (abbreviated) id means."""
        for names in (self.branches, self.tags):
            if revision in names:
                return self.commits[names[revision]]
        found = [commit for commit in self.commits if commit.startswith(revision)] if _HEX.fullmatch(revision) else []
        if len(found) != 1:
            raise Refusal(404, "RevisionNotFound", f"Invalid rev id: {revision}")
        return self.commits[found[0]]

    def history(self, branch: str = "main") -> list[Commit]:
        """The branch's commits without the first one, oldest first."""
        found, commit = [], self.branches.get(branch)
        while commit and self.commits[commit].parent:
            found.append(self.commits[commit])
            commit = self.commits[commit].parent
        return found[::-1]

    @property
    def prefix(self) -> str:
        """How its addresses begin."""
        return ("datasets/" if self.kind == "dataset" else "") + self.name


def owner_of(user: str) -> str:
    """Whom a token's user stands for."""
    return user.removeprefix("ro_").removeprefix("fg_")


class Hub:
    """Everything that the server holds.

    Tokens are `hf_<user>`, for one that only reads `hf_ro_<user>`, and `hf_fg_<user>` for a fine-grained one with the rights in
    `scopes`. A file of more than `multipart_bytes` is sent in parts of `part_bytes`.
    """

    def __init__(self, folder: Path, members: dict[str, dict[str, str]]) -> None:
        self.folder, self.members = folder, members
        self.repos: dict[tuple[str, str], Repo] = {}
        self.parts: dict[str, dict[int, str]] = {}
        self.multipart_bytes, self.part_bytes = 20_000_000, 8_000_000
        self.scopes: dict[str, list[dict[str, Any]]] = {}
        self.large = folder / "large"
        self.large.mkdir(parents=True, exist_ok=True)

    def repo(self, name: str, kind: str = "dataset") -> Repo:
        """A repository; made if it is not there."""
        return self.repos.setdefault((kind, name), Repo(kind, name))

    def may_write(self, user: str | None, owner: str) -> bool:
        """Whether a token's user may write for an owner."""
        if user is None or user.startswith("ro_"):
            return False
        scoped = [scope for scope in self.scopes.get(user, []) if "repo.write" in scope["permissions"]]
        if user.startswith("fg_") and not any(scope["entity"]["name"].split("/")[0] == owner for scope in scoped):
            return False
        name = owner_of(user)
        return name == owner or self.members.get(owner, {}).get(name) == "write"

    def large_blob(self, oid: str) -> Blob:
        """An uploaded large file by its SHA-256, wherever it was sent."""
        path = self.large / oid
        if path.is_file():
            return Blob(large=(oid, path.stat().st_size))
        found = self.xet_files().get(oid)
        if found is None:
            raise Refusal(400, None, "LFS pointer pointed to a file that does not exist")
        return Blob(large=(oid, found[1]), xet=found[0])

    def large_bytes(self, oid: str) -> Path:
        """The file that holds a large file's content, fetched from Xet's storage if it is there."""
        path = self.large / oid
        if not path.is_file():
            import hf_xet  # noqa: PLC0415 - only with Xet

            with hf_xet.XetSession().new_file_download_group(endpoint=self.xet_storage) as group:
                group.start_download_file(hf_xet.XetFileInfo(*self.xet_files()[oid]), str(path))
        return path

    @property
    def xet_storage(self) -> str:
        """Xet's storage in a folder, which the client writes to itself."""
        return f"local://{self.folder}/cas"

    def xet_files(self) -> dict[str, tuple[str, int]]:
        """SHA-256 to Xet's hash and size, read from the shards that the client wrote (format: xet-core, mdb_shard)."""
        found = {}
        for path in self.folder.glob("cas/xet/xorbs/shards/*.mdb"):
            shard, at = path.read_bytes(), 48
            while at + 48 <= len(shard) and (name := shard[at : at + 32]) != b"\xff" * 32:
                flags, n = struct.unpack("<II", shard[at + 32 : at + 40])
                at += 48
                size = sum(struct.unpack("<I", shard[at + 48 * i + 36 : at + 48 * i + 40])[0] for i in range(n))
                at += 48 * n * (2 if flags & (1 << 31) else 1)
                if flags & (1 << 30):
                    found[_hash(shard[at : at + 32])] = (_hash(name), size)
                    at += 48
        return found


def _hash(raw: bytes) -> str:
    return "".join(f"{word:016x}" for word in struct.unpack("<4Q", raw))

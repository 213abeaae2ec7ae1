"""Where a stage's parts are worked on: in this process, or on the workers of a Dask cluster.

The stages cut their work into calls that know nothing of each other and write files of their own, so an
engine only has to carry out every call once, or again where a worker was lost.
"""

import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from dataprep.errors import CallError, RemoteError
from dataprep.parts import Call, Each
from dataprep.progress import progress_of
from dataprep.recipes.recipe import Run

if TYPE_CHECKING:
    from distributed import Client

_RETRIES = 3  # of a part whose worker was lost
_TIMEOUT_S = 30


@contextmanager
def spread(run: Run, *, stage: str) -> Iterator[Each]:
    """The engine that a recipe names, for the parts of one stage; it tells the log after each part how many are done.

    Args:
        run: The recipe's section.
        stage: Name of the stage, for the log.

    Raises:
        CallError: The engine's package is not installed.
        RemoteError: The cluster does not answer.
    """
    if run.engine == "local":
        yield lambda calls: list(_told((call() for call in calls), stage, len(calls)))
        return
    clients = list["Client"]()

    def each(calls: Sequence[Call]) -> list[Any]:
        if not clients:  # a stage that has no parts starts no cluster
            clients.append(_client(run))
        return _carried_out(clients[0], calls, stage)

    try:
        yield each
    finally:
        for client in clients:
            client.close()
            if client.cluster is not None:
                client.cluster.close()


def _carried_out(client: "Client", calls: Sequence[Call], stage: str) -> list[Any]:
    from distributed import as_completed  # noqa: PLC0415 - an extra

    futures = [client.submit(call, pure=False, retries=_RETRIES) for call in calls]
    try:
        with client.as_current():
            for future in _told(as_completed(futures), stage, len(calls)):
                future.result()  # raises what the call raised, as soon as one has
        return [future.result() for future in futures]
    finally:
        client.cancel(futures)


def _told(results: Iterable[Any], stage: str, total: int) -> Iterator[Any]:
    """The results as they come; after each the log is told how many are there."""
    progress = progress_of(stage)
    for done, result in enumerate(results, start=1):
        progress(done, total)
        yield result


def _client(run: Run) -> "Client":
    try:
        from distributed import Client, LocalCluster  # noqa: PLC0415 - an extra
    except ModuleNotFoundError as error:
        raise CallError('engine = "dask" needs Dask: pip install "dataprep[dask]", or choose engine = "local"') from error
    if run.address:
        try:
            return Client(run.address, timeout=_TIMEOUT_S, set_as_default=False)
        except (OSError, TimeoutError) as error:
            raise RemoteError(f"the Dask scheduler at {run.address} does not answer: {error}") from error
    memory = int(run.memory_gb * 1e9)
    threads = os.environ.get("POLARS_MAX_THREADS") or str(max(1, (os.cpu_count() or 1) // run.workers))
    env = {"POLARS_MAX_THREADS": threads}  # the processors are shared out; each worker would else use all of them
    cluster = LocalCluster(n_workers=run.workers, threads_per_worker=1, memory_limit=memory, dashboard_address=None, env=env)
    return Client(cluster, set_as_default=False)

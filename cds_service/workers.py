"""Several worker processes and what watches over them: uvicorn's supervisor, which hears at once that one has ended."""

from typing import Any

import uvicorn
from uvicorn.supervisors import Multiprocess


class Workers(Multiprocess):
    """uvicorn's supervisor, with ears for the end of a worker that it has just asked whether it lives.

    It asks through a pipe, and holds the worker's end of it as well as its own. So the pipe of a worker that is killed
    between question and answer stays open, and the supervisor waits out the whole time that a busy worker has for an
    answer. Without the worker's end in this process, the pipe ends with the worker.
    """

    def init_processes(self) -> None:
        """Start the workers."""
        super().init_processes()
        self._let_go_of_their_ends()

    def keep_subprocess_alive(self) -> None:
        """Look after each worker, and start another for one that has ended or is silent."""
        super().keep_subprocess_alive()
        self._let_go_of_their_ends()

    def _let_go_of_their_ends(self) -> None:
        for process in self.processes:
            process.child_conn.close()  # a second time it does nothing


def run_workers(app: str, **options: Any) -> None:  # noqa: ANN401 - uvicorn's own options
    """Serve with several worker processes until stopped.

    Args:
        app: what each of them imports, as `module:name`.
        options: uvicorn's, `workers` among them.

    Raises:
        SystemExit: the address cannot be listened at; the log says why.
    """
    config = uvicorn.Config(app, **options)
    Workers(config, sockets=[config.bind_socket()]).run()

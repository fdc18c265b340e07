"""``tocsin serve``: gunicorn with the model loaded once, before the fork, and shared by the workers."""

from __future__ import annotations

import gc
import os
import shutil
import tempfile
from typing import Any

from tocsin_service.settings import Settings


def serve(settings: Settings) -> None:
    """Run until told to stop. A worker that is told to stop finishes what it started, for at most ``settings.timeout`` seconds."""
    # Before prometheus_client is first imported: it reads the variable at import and then counts in files that all workers share.
    shared = tempfile.mkdtemp(prefix="tocsin-metrics-")
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = shared
    try:
        _run(settings)
    finally:
        shutil.rmtree(shared, ignore_errors=True)


def _run(settings: Settings) -> None:
    from gunicorn.app.base import BaseApplication
    from prometheus_client import multiprocess

    from tocsin_service.app import create_app

    class Server(BaseApplication):  # type: ignore[misc]
        def load_config(self) -> None:
            chosen = {
                "bind": f"{settings.host}:{settings.port}",
                "workers": settings.workers or os.cpu_count() or 1,
                "worker_class": "gthread",
                "threads": 2,
                "timeout": settings.timeout,
                "graceful_timeout": settings.timeout,
                "preload_app": True,
                "loglevel": settings.log_level,
                "accesslog": None,  # metrics count requests; a log line could carry an address a client made of text
                "limit_request_line": 4094,
                "worker_tmp_dir": "/dev/shm" if os.path.isdir("/dev/shm") else None,  # noqa: S108, PTH112
                "child_exit": _forget,
                "when_ready": _announce,
                "control_socket_disable": True,
            }
            for name, value in chosen.items():
                if name in self.cfg.settings:
                    self.cfg.set(name, value)

        def load(self) -> Any:
            application = create_app(settings)
            gc.collect()
            gc.freeze()  # what is loaded now is never collected, so workers don't copy its pages
            return application

    def _forget(server: Any, worker: Any) -> None:
        multiprocess.mark_process_dead(worker.pid)  # type: ignore[no-untyped-call]

    def _announce(server: Any) -> None:
        server.log.info("Tocsin is on http://%s:%s", settings.host, settings.port)

    Server().run()

"""What a run is to do, settled before anything is scored."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tocsin_service.bulk import checkpoint
from tocsin_service.bulk.chunks import BYTES, ROWS
from tocsin_service.bulk.work import Job


@dataclass(frozen=True, slots=True)
class Plan:
    """The job and where its outcome goes. ``target`` is None if ``output`` is a stream; ``rejects`` and ``report`` if there is none."""

    job: Job
    output: str
    target: Path | None
    rejects: Path | None
    report: Path | None
    workers: int
    resume: bool

    @property
    def checkpoint(self) -> Path | None:
        """Where the run says how far it has come; None if it can't be gone on with, as a stream can't be read or written again."""
        if self.target is None or any(source.stream for source in self.job.inputs):
            return None
        return checkpoint.beside(self.target)

    def identity(self, digest: str) -> dict[str, Any]:
        """All that decides the output's bytes, by the names an error calls them; ``digest`` is the model's."""
        job = self.job
        return {
            "model": digest,
            "--text-column": job.columns.text,
            "--id-column": job.columns.id,
            "--keep": list(job.columns.keep),
            "--group-by": job.columns.group,
            "--columns": job.writer.level.value,
            "--offsets": job.offsets.value,
            "--min-risk": job.min_risk,
            "--top": job.top,
            "--report": self.report is not None,
            "--rejects": str(self.rejects),
            "size of chunks": [ROWS, BYTES],
        }

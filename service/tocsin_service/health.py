"""Liveness apart from readiness, and the metrics page."""

from __future__ import annotations

from flask import Blueprint, Response

from tocsin_service.api import reply, state

blueprint = Blueprint("health", __name__)


@blueprint.get("/healthz")
def healthz() -> Response:
    """The process answers."""
    return reply({"status": "ok"})


@blueprint.get("/readyz")
def readyz() -> Response:
    """A model is loaded; 503 with the reason until then."""
    info = state().require_classifier().info
    return reply({"status": "ready", "model": {"name": info.name, "version": info.version, "digest": info.digest}})


@blueprint.get("/metrics")
def metrics() -> Response:
    """Prometheus text, summed over all workers."""
    body, content_type = state().metrics.page()
    return Response(body, content_type=content_type)

"""The application factory: collaborators in, a Flask application out."""

from __future__ import annotations

import logging
import time
import uuid
from collections.abc import Callable
from dataclasses import replace
from importlib.util import find_spec
from typing import TYPE_CHECKING

from flask import Flask, Response, current_app, g, request
from flask_compress import Compress
from flask_cors import CORS
from werkzeug.exceptions import HTTPException, MethodNotAllowed, RequestEntityTooLarge

from tocsin_model import ArtifactError, Classifier, load
from tocsin_service import api, auth, feedback, health, items, openapi
from tocsin_service.compat import coral, openai, perspective
from tocsin_service.metrics import Metrics
from tocsin_service.problems import Problem
from tocsin_service.settings import Settings
from tocsin_service.state import State
from tocsin_service.web import files, views

if TYPE_CHECKING:
    from tocsin_service.reviews.database import Database

log = logging.getLogger("tocsin")
_MOST_DRAINED = 1 << 26  # bytes
_DASHBOARD = ("sqlalchemy", "alembic", "argon2", "flask_wtf")  # what tocsin[dashboard] brings


def create_app(settings: Settings | None = None, classifier: Classifier | None = None, database: Database | None = None) -> Flask:
    """A WSGI application. Without a classifier it loads the settings' model; if that fails it runs, unready, and says why.

    Without a database it takes the settings' one, if ``tocsin[dashboard]`` is installed; it connects when the queue is first used.
    """
    settings = settings or Settings()
    reason = ""
    if classifier is None:
        try:
            classifier = load(settings.model or None)
        except ArtifactError as error:
            reason = str(error)
            log.error("no model: %s", reason)  # noqa: TRY400 the reason says it all
    if classifier is not None:
        classifier = with_thresholds(classifier, settings)
    app = Flask(__name__, static_folder=None, template_folder="web/templates")
    app.config["MAX_CONTENT_LENGTH"] = settings.max_body_bytes
    app.config["MAX_FORM_MEMORY_SIZE"] = settings.max_body_bytes
    state = State(settings, Metrics(), classifier, reason)
    app.extensions["tocsin"] = state
    if classifier is not None:
        state.metrics.loaded(classifier.info)
    files.install(app)
    auth.install(app, settings.keys)
    app.extensions["tocsin.feedback"] = feedback.recorder(settings.feedback)
    for blueprint in (
        api.blueprint,
        coral.blueprint,
        openai.blueprint,
        perspective.blueprint,
        feedback.blueprint,
        health.blueprint,
        items.blueprint,
        openapi.blueprint,
        views.blueprint,
    ):
        app.register_blueprint(blueprint)
    _add_reviews(app, settings, database)
    _open_to_browsers(app, settings.cors_origins)
    app.register_error_handler(Problem, _problem)
    app.register_error_handler(HTTPException, _http_error)
    app.register_error_handler(Exception, _unexpected)
    app.before_request(_start)
    app.after_request(_finish)
    return app


def _add_reviews(app: Flask, settings: Settings, database: Database | None) -> None:
    app.extensions["tocsin.database"] = None
    if database is None and (settings.database_url == "off" or any(find_spec(name) is None for name in _DASHBOARD)):
        return
    from tocsin_service.dashboard.install import install  # noqa: PLC0415 an extra
    from tocsin_service.reviews.database import Database  # noqa: PLC0415 an extra

    install(app, database or Database(settings.database_url))


def _open_to_browsers(app: Flask, origins: str) -> None:
    """Answers packed as the client likes, and readable by pages of the origins named."""
    app.config["COMPRESS_MIMETYPES"] = ["application/json", "application/problem+json", "text/html", "text/css", "text/plain"]
    app.config["COMPRESS_ALGORITHM"] = ["br", "gzip"]
    Compress(app)
    if origins:
        named = [origin.strip() for origin in origins.split(",")]
        seen = ["X-Request-ID", "Retry-After", "RateLimit", "RateLimit-Policy", "ETag"]
        CORS(app, resources=[r"/v1/.*", r"/v1alpha1/.*"], origins="*" if "*" in named else named, expose_headers=seen, max_age=600)


def with_thresholds(classifier: Classifier, settings: Settings) -> Classifier:
    """The classifier with the deployment's own bands, where it sets them."""
    own = classifier.thresholds
    if not settings.elevated and not settings.high:
        return classifier
    elevated = settings.elevated or min(own.elevated, settings.high)
    thresholds = replace(own, elevated=elevated, high=settings.high or max(own.high, elevated))
    return Classifier(classifier.vocabulary, classifier.weights, classifier.calibration, thresholds, classifier.info)


def _start() -> None:
    g.started = time.perf_counter()


def _finish(response: Response) -> Response:
    endpoint = request.endpoint or "none"
    metrics = api.state().metrics
    metrics.requests.labels(endpoint, request.method, str(response.status_code)).inc()
    metrics.seconds.labels(endpoint).observe(time.perf_counter() - g.get("started", time.perf_counter()))
    response.headers.setdefault("X-Content-Type-Options", "nosniff")
    response.headers.setdefault("Cache-Control", "no-store")
    return response


def _problem(problem: Problem) -> Response:
    if request.path == openai.PATH:
        return openai.refuse(problem)
    if request.path.startswith("/v1alpha1/"):
        return perspective.render_problem(problem)
    show: Callable[[Problem], Response | None] | None = current_app.extensions.get("tocsin.problem_page")
    if show is not None and (shown := show(problem)) is not None:
        return shown
    response = api.reply(problem.body(), problem.type.status, "application/problem+json")
    response.headers.update(problem.headers)
    return response


def _http_error(error: HTTPException) -> Response:
    if isinstance(error, RequestEntityTooLarge):
        limit = api.state().settings.max_body_bytes
        _drain()
        return _problem(Problem("too-large", f"The body may have {limit} bytes. Split a batch, or raise TOCSIN_MAX_BODY_BYTES."))
    if isinstance(error, MethodNotAllowed):
        allowed = ", ".join(sorted(error.valid_methods or ()))
        return _problem(Problem("method-not-allowed", f"This address takes {allowed}.", headers={"Allow": allowed}))
    if error.code == 404:
        return _problem(Problem("not-found", "No such address. See /openapi.json for those there are."))
    if error.code is not None and 400 <= error.code < 500:
        return _problem(Problem("malformed-json", "The request could not be read."))
    return _unexpected(error)


def _drain() -> None:
    """Read on for a while, so that a client that is still sending gets the answer instead of a broken pipe."""
    stream = request.environ["wsgi.input"]
    for _ in range(_MOST_DRAINED >> 16):
        if not stream.read(1 << 16):
            return


def _unexpected(error: Exception) -> Response:
    # The exception's own text may quote the passage: only its type and place are logged.
    reference = uuid.uuid4().hex
    trace, place = error.__traceback__, "?"
    while trace is not None:
        place = f"{trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}"
        trace = trace.tb_next
    log.error("request %s failed: %s at %s", reference, type(error).__name__, place)
    return _problem(Problem("internal", f"Tocsin failed on this request; its reference is {reference}."))

# syntax=docker/dockerfile:1
FROM python:3.13-slim AS build
WORKDIR /src
RUN python -m venv /opt/tocsin
COPY pyproject.toml README.md LICENSE ./
COPY model ./model
COPY service ./service
COPY training ./training
RUN /opt/tocsin/bin/pip install --no-cache-dir --disable-pip-version-check '.[dashboard,postgresql,oidc]'

FROM python:3.13-slim
LABEL org.opencontainers.image.title="Tocsin" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.description="Classifier of threats and violent incitement in English text, with spans and voices"
# /data holds the review queue; nothing else is written.
RUN useradd --system --uid 10001 --no-create-home tocsin && install -d -o 10001 -g 10001 -m 700 /data
COPY --from=build /opt/tocsin /opt/tocsin
ENV PATH=/opt/tocsin/bin:$PATH PYTHONUNBUFFERED=1 TOCSIN_HOST=0.0.0.0 TOCSIN_PORT=8080 \
    TOCSIN_DATABASE_URL=sqlite:////data/tocsin.db
# The image is useless without its model: fail the build, not the first request.
RUN tocsin model
USER 10001
VOLUME /data
EXPOSE 8080
HEALTHCHECK --interval=15s --timeout=3s --start-period=10s \
  CMD ["python", "-c", "import os, urllib.request as u; u.urlopen('http://127.0.0.1:' + os.environ['TOCSIN_PORT'] + '/readyz', timeout=2)"]
STOPSIGNAL SIGTERM
# gunicorn, the model loaded once before the fork.
CMD ["tocsin", "serve"]

# syntax=docker/dockerfile:1
#
# Presswatch in a container. /config holds the four YAML files, /data the archive.
# docs/operations.md says what to set: web.host has to be 0.0.0.0 in here.

# --- the wheel: built with the pinned build tools, which stay behind in this stage -----------------------------
FROM python:3.12-slim AS wheel
WORKDIR /src
COPY requirements-dev.lock ./
RUN python -m venv /build \
 && /build/bin/pip install --no-cache-dir --disable-pip-version-check --require-hashes -r requirements-dev.lock
COPY pyproject.toml README.md LICENSE ./
COPY config/ config/
COPY archive/ archive/
COPY alerts/ alerts/
COPY crawler/ crawler/
RUN /build/bin/pip wheel --no-cache-dir --disable-pip-version-check --no-deps --no-build-isolation --wheel-dir /wheels .

# --- what runs: the locked dependencies, then the wheel --------------------------------------------------------
FROM python:3.12-slim AS installed
COPY requirements.lock /tmp/
RUN python -m venv /opt/presswatch \
 && /opt/presswatch/bin/pip install --no-cache-dir --disable-pip-version-check --require-hashes -r /tmp/requirements.lock
COPY --from=wheel /wheels /wheels
RUN /opt/presswatch/bin/pip install --no-cache-dir --disable-pip-version-check --no-deps /wheels/*.whl

# --- the image -------------------------------------------------------------------------------------------------
FROM python:3.12-slim
RUN useradd --uid 10001 --create-home --shell /usr/sbin/nologin presswatch \
 && install --directory --owner presswatch --group presswatch /data
COPY --from=installed /opt/presswatch /opt/presswatch
COPY config/ /config/
ENV PATH=/opt/presswatch/bin:$PATH \
    PRESSWATCH_CONFIG=/config \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1
# settings.yaml says data_dir: data, seen from the working directory: from here that is /data.
WORKDIR /
USER presswatch
VOLUME ["/config", "/data"]
EXPOSE 8001
# Asks on loopback, at the default web.port: right for web.host 0.0.0.0, and for 127.0.0.1.
HEALTHCHECK --interval=60s --timeout=10s --start-period=30s --retries=3 \
  CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8001/-/versions.json', timeout=8)"]
CMD ["presswatch", "run"]

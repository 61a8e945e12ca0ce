# The application: server, worker and command line in one image. compose.yaml uses it.
# Debian, not Alpine: some of the locked packages have no wheels for musl.

FROM python:3.13-slim-bookworm AS build
# The compiler builds the matcher's inner loops; it stays behind in this stage.
RUN apt-get update \
    && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends gcc libc6-dev \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /app
COPY scripts scripts
COPY pyproject.toml README.md LICENSE scrapy.cfg requirements.lock requirements-build.lock \
     requirements-uv.lock ./
COPY matchers matchers
COPY lantian lantian
COPY crawler crawler
COPY api api
COPY dashboards dashboards
COPY demo demo
COPY bench bench
RUN scripts/setup.sh core && .venv/bin/python -W ignore -m compileall -q .

FROM python:3.13-slim-bookworm
RUN apt-get update \
    && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends \
       chromium fonts-noto-cjk tini \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --uid 10001 --home-dir /tmp --no-create-home lantian \
    && install -d -o lantian -g lantian /data
COPY --from=build /app /app
WORKDIR /app
ENV PATH=/app/.venv/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    LANTIAN_DATA_DIR=/data
USER lantian
VOLUME /data
EXPOSE 8000
ENTRYPOINT ["tini", "--", "lantian"]
CMD ["serve", "--host", "0.0.0.0", "--port", "8000"]

# One image for every part: `docker run` alone runs everything (`accord up`); docker-compose.yml runs each part apart.
FROM python:3.13-slim-bookworm AS build
WORKDIR /src
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
RUN python -m venv /opt/accord
COPY requirements.run.lock ./
RUN /opt/accord/bin/pip install --quiet --require-hashes -r requirements.run.lock
COPY pyproject.toml LICENSE ./
COPY service service
COPY rules rules
COPY connectors connectors
RUN /opt/accord/bin/pip install --quiet --no-index --no-deps --no-build-isolation .

FROM python:3.13-slim-bookworm
# The fonts draw Chinese in charts; the server is the private Redis of `accord up`, unused where REDIS_URL is set.
RUN apt-get update -qq \
    && apt-get install -y -qq --no-install-recommends fonts-noto-cjk redis-server \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --uid 10001 --create-home --shell /usr/sbin/nologin accord \
    && install -d -o accord -g accord -m 0700 /workspace /workspace/var
COPY --from=build /opt/accord /opt/accord
ENV PATH=/opt/accord/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 \
    ACCORD_HOME=/workspace HOST=0.0.0.0 PORT=8080
USER accord
WORKDIR /workspace
VOLUME /workspace/var
EXPOSE 8080
HEALTHCHECK --interval=15s --timeout=5s --start-period=30s --retries=4 \
    CMD ["python", "-c", "import os, urllib.request; urllib.request.urlopen(f'http://127.0.0.1:{os.environ[\"PORT\"]}/healthz', timeout=4)"]
STOPSIGNAL SIGTERM
ENTRYPOINT ["accord"]
CMD ["up"]

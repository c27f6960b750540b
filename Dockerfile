# The service alone, from this checkout: pinned requirements, checked by hash, then the project's own wheel.

FROM python:3.12-slim AS build
WORKDIR /src
COPY requirements/ requirements/
RUN python -m venv /opt/cds-service \
    && /opt/cds-service/bin/pip install --no-cache-dir --require-hashes --requirement requirements/runtime.txt \
    && python -m venv /opt/build \
    && /opt/build/bin/pip install --no-cache-dir --require-hashes --requirement requirements/build.txt
COPY pyproject.toml README.md LICENSE ./
COPY cds_service/ cds_service/
COPY fhir_fixtures/ fhir_fixtures/
RUN /opt/build/bin/pip wheel --no-deps --no-build-isolation --wheel-dir /dist . \
    && /opt/cds-service/bin/pip install --no-cache-dir --no-deps --no-index /dist/*.whl

FROM python:3.12-slim
# In `var`: the spool and the secret behind order episodes, where the card log is on PostgreSQL. Mount a volume there.
RUN useradd --system --uid 10001 --create-home --home-dir /var/lib/cds-service cds-service \
    && install --directory --owner=cds-service --mode=0700 /var/lib/cds-service/var
COPY --from=build /opt/cds-service /opt/cds-service
USER cds-service
WORKDIR /var/lib/cds-service
# Authentication is left at its default, "required". Whoever runs the image gives CDS_SERVICE_BASE_URL, the https address
# at which EHRs reach it, because their tokens name it; and mounts a folder whose clients.yaml names those EHRs.
ENV PATH=/opt/cds-service/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    CDS_SERVICE_CONFIG=/etc/cds-service \
    CDS_SERVICE_DATABASE_URL=sqlite:////var/lib/cds-service/card-log.sqlite3 \
    CDS_SERVICE_HOST=0.0.0.0 \
    CDS_SERVICE_PORT=8000
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=3s --start-period=10s CMD ["python", "-c", "import os, urllib.request; urllib.request.urlopen(f\"http://127.0.0.1:{os.environ['CDS_SERVICE_PORT']}/health/live\", timeout=2)"]
CMD ["cds-service", "serve"]

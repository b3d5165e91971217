FROM python:3.13-slim AS build
WORKDIR /app
COPY locks/run.txt .
RUN python -m venv /venv && /venv/bin/pip install --no-cache-dir --require-hashes --no-deps -r run.txt

FROM python:3.13-slim
RUN apt-get update && apt-get install -y --no-install-recommends postgresql-client \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --uid 10001 --no-create-home dramatis
WORKDIR /app
ENV PATH=/venv/bin:$PATH PYTHONUNBUFFERED=1
COPY --from=build /venv /venv
COPY . .
RUN mkdir var && chown dramatis var && python -m compileall -q config core personas
USER dramatis
EXPOSE 8000
CMD ["python", "manage.py", "serve"]

# The hub in a container. `docker build -t clonvo-hub .`; compose.yaml runs it with its neighbours.
FROM python:3.13-slim AS build
WORKDIR /src
RUN python -m venv /opt/hub
COPY requirements.lock ./
RUN /opt/hub/bin/pip install --no-cache-dir --require-hashes -r requirements.lock
COPY pyproject.toml README.md LICENSE ./
COPY hub ./hub
COPY plugins ./plugins
RUN /opt/hub/bin/pip install --no-cache-dir --no-deps --no-build-isolation .

FROM python:3.13-slim
RUN useradd --system --create-home --home-dir /srv/hub hub
COPY --from=build /opt/hub /opt/hub
ENV PATH=/opt/hub/bin:$PATH
USER hub
WORKDIR /srv/hub
# Where SQLite and its secret are kept; made here so that a volume over it belongs to the account.
RUN mkdir --mode=700 data
VOLUME /srv/hub/data
EXPOSE 8000
ENTRYPOINT ["clonvo"]
CMD ["serve", "--host", "0.0.0.0"]

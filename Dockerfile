# syntax=docker/dockerfile:1
# Three stages: the portal, the program, and a small image that runs it as an ordinary user.

FROM node:24-bookworm-slim AS portal
WORKDIR /src/web/ui
COPY web/ui/package.json web/ui/package-lock.json web/ui/.npmrc ./
RUN --mount=type=cache,target=/root/.npm npm ci --no-audit --no-fund
COPY web/ui ./
RUN npm run build

FROM golang:1.26-bookworm AS program
WORKDIR /src
COPY go.mod go.sum ./
RUN --mount=type=cache,target=/go/pkg/mod go mod download
COPY . .
COPY --from=portal /src/web/ui/dist web/ui/dist
ARG VERSION=docker
RUN --mount=type=cache,target=/go/pkg/mod --mount=type=cache,target=/root/.cache/go-build \
    CGO_ENABLED=0 go build -trimpath -ldflags "-s -w -X main.version=$VERSION" -o /out/tandem ./cmd/tandem

FROM debian:bookworm-slim
RUN apt-get update \
    && apt-get install -y --no-install-recommends ca-certificates asterisk-core-sounds-en-wav flite \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --uid 985 --home-dir /var/lib/tandem --create-home tandem
COPY --from=program /out/tandem /usr/local/bin/tandem
USER tandem
ENV TANDEM_DATA=/var/lib/tandem
VOLUME /var/lib/tandem
EXPOSE 5060/udp 5060/tcp 5061/tcp 6084/tcp 6085/tcp 8080/tcp 8443/tcp
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=3s --retries=6 \
    CMD ["bash", "-c", "exec 3<>/dev/tcp/127.0.0.1/8080 && printf 'GET /healthz HTTP/1.0\\r\\nHost: localhost\\r\\n\\r\\n' >&3 && head -1 <&3 | grep -q ' 200 '"]
ENTRYPOINT ["tandem"]
CMD ["serve"]

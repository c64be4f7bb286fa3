# syntax=docker/dockerfile:1
# billhook with the git, Helm and Kustomize that it runs, and nothing else: no shell, no package manager, no root.
#
#   docker run --rm -v "$PWD:/work:ro" ghcr.io/billhook/billhook lint
#
# Everything is static, or comes with the one loader it needs, so the last stage can be distroless.

# Alpine keeps no old packages, so none is pinned.
FROM rust:1.95-alpine3.23 AS build
# hadolint ignore=DL3018
RUN apk add --no-cache gcc make musl-dev
WORKDIR /src
COPY . .
RUN --mount=type=cache,target=/usr/local/cargo/registry --mount=type=cache,target=/src/target \
    cargo build --release --locked --bin billhook \
    && cp target/release/billhook /billhook

# The versions that Argo CD 3.5 ships; they stand in .ci/tools too, and tests/packages.rs holds the two together.
FROM golang:1.26-alpine3.23 AS renderers
ENV CGO_ENABLED=0 GOBIN=/renderers GOCACHE=/go/cache GOFLAGS=-trimpath
RUN --mount=type=cache,target=/go/pkg/mod --mount=type=cache,target=/go/cache \
    go install -ldflags "-s -w -X helm.sh/helm/v4/internal/version.version=v4.2.1" helm.sh/helm/v4/cmd/helm@v4.2.1 \
    && go install -ldflags "-s -w" sigs.k8s.io/kustomize/kustomize/v5@v5.8.1

# git reads trees and revisions; of it and the libraries it is linked with only the files that they are. What is mounted
# belongs to another user, and nothing of it is executed (see src/files/git.rs), so git may read it.
FROM alpine:3.23 AS git
SHELL ["/bin/ash", "-eo", "pipefail", "-c"]
# hadolint ignore=DL3018
RUN apk add --no-cache coreutils git \
    && mkdir -p /git/etc /git/usr/bin /git/work \
    && cp /usr/bin/git /git/usr/bin/ \
    && ldd /usr/bin/git | grep -o '/[^ ]*' | sort -u | xargs -I{} cp -L --parents {} /git \
    && printf '[safe]\n\tdirectory = *\n' > /git/etc/gitconfig

FROM gcr.io/distroless/static-debian12:nonroot
LABEL org.opencontainers.image.title="billhook" \
      org.opencontainers.image.source="https://github.com/billhook/billhook" \
      org.opencontainers.image.licenses="Apache-2.0 OR MIT"
COPY --from=git /git /
COPY --from=renderers /renderers/helm /renderers/kustomize /usr/local/bin/
COPY --from=build /billhook /usr/local/bin/billhook
WORKDIR /work
ENTRYPOINT ["/usr/local/bin/billhook"]
CMD ["--help"]

# SPDX-License-Identifier: Apache-2.0
#
#   docker build --build-arg VERSION="$(git describe --tags --always)" -t certbridge .
#
# The image holds one static file, the certificates of the public authorities,
# and two directories that its user may write: /tmp and /data.

FROM golang:1.26.8-bookworm AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
ARG VERSION=unknown
RUN CGO_ENABLED=0 go build -trimpath -ldflags "-s -w -X main.version=${VERSION}" -o /out/certbridge ./cmd/certbridge \
 && mkdir /out/tmp /out/data

FROM scratch
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
COPY --from=build --chown=65532:65532 /out/tmp /tmp
COPY --from=build --chown=65532:65532 /out/data /data
COPY --from=build /out/certbridge /certbridge
COPY LICENSE /LICENSE
USER 65532:65532
WORKDIR /data
# Inside of a container, loopback would be reachable by nobody.
ENV CERTBRIDGE_CONFIG=/etc/certbridge/certbridge.yaml \
    CERTBRIDGE_LISTEN=0.0.0.0:8080
EXPOSE 8080
ENTRYPOINT ["/certbridge"]
CMD ["serve"]

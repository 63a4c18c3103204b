# Two images: one function in an otherwise empty image (./deploy.sh image --function createTeam), and all functions
# behind a web server (./deploy.sh image --http).
#
#   BASE      image with Swift 6.2 or later on Debian, with its digest: swift@sha256:...
#   FUNCTION  a folder of Functions/, or nofx, which the target http needs
#   NOFX_ACCEPT_OLDER  see scripts/static-libs --help
ARG BASE

FROM ${BASE} AS build
WORKDIR /build
# The static libraries change rarely; a change of the sources does not build them again.
COPY scripts/setup scripts/static-libs scripts/
COPY scripts/lib/common.sh scripts/lib/
ARG NOFX_ACCEPT_OLDER
RUN scripts/setup bundle && scripts/static-libs
COPY . .
ARG FUNCTION=nofx
RUN ./deploy.sh bundle --functions "${FUNCTION}"

FROM scratch AS function
ARG FUNCTION=nofx
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
COPY --from=build /build/dist/sbom.cdx.json /sbom.cdx.json
COPY --from=build /build/dist/${FUNCTION} /function
USER 65532:65532
ENTRYPOINT ["/function"]

FROM ${BASE} AS web
COPY scripts/setup scripts/
COPY scripts/lib/common.sh scripts/lib/
RUN scripts/setup http
COPY deploy/http/rootfs /
RUN /rootfs /files

FROM scratch AS http
COPY --from=web /files /
COPY --from=build /build/dist/sbom.cdx.json /sbom.cdx.json
COPY --from=build /build/dist/nofx /nofx
COPY deploy/http/serve deploy/http/lighttpd.conf /
COPY deploy/http/errors /errors
USER 65532:65532
ENV PATH=/usr/bin:/bin:/usr/sbin PORT=8080
EXPOSE 8080
# `serve` answers all requests that have begun when it gets SIGTERM.
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s CMD ["/bin/bash", "/serve", "health"]
ENTRYPOINT ["/bin/bash", "/serve"]

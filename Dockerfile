# One function in an otherwise empty image: ./deploy.sh image --function createTeam
#
#   BASE      image with Swift 6.2 or later on Debian, with its digest: swift@sha256:...
#   FUNCTION  a folder of Functions/
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
ARG FUNCTION=createTeam
RUN ./deploy.sh bundle --functions "${FUNCTION}"

FROM scratch
ARG FUNCTION=createTeam
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
COPY --from=build /build/dist/${FUNCTION} /function
USER 65532:65532
ENTRYPOINT ["/function"]

# docker build -t bpt --build-arg COMMIT="$(git rev-parse --short HEAD)" .
# The build runs on the machine's own kind of processor, also for another one (docker build --platform linux/arm64).
FROM --platform=$BUILDPLATFORM oven/bun:1.4.5 AS build
WORKDIR /build
COPY package.json bun.lock bunfig.toml ./
RUN bun install --production --frozen-lockfile --ignore-scripts
COPY scripts scripts
COPY drizzle drizzle
COPY src src
ARG TARGETARCH
ARG COMMIT=""
RUN case "$TARGETARCH" in amd64) arch=x64 ;; *) arch=$TARGETARCH ;; esac \
  && bun scripts/build.ts --arch "$arch" --commit "$COMMIT" \
  && mv "dist/bpt-linux-$arch" /bpt \
  && mkdir /data

# No shell and no package manager; glibc and libgcc, which the database driver needs.
FROM gcr.io/distroless/cc-debian12:nonroot
COPY --from=build /bpt /usr/local/bin/bpt
# A new volume takes the owner of the folder that it is mounted on.
COPY --from=build --chown=1001:1001 /data /data
USER 1001:1001
# The database driver is unpacked into TMPDIR: in the volume, the rest of the container may be read-only.
ENV HOST=0.0.0.0 PORT=3000 DATA_DIR=/data TMPDIR=/data
VOLUME /data
EXPOSE 3000
HEALTHCHECK --interval=30s --timeout=5s --start-period=15s CMD ["bpt", "health"]
ENTRYPOINT ["bpt"]
CMD ["serve"]

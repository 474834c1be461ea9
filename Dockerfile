# The server as an image: docker build -t ai-calls .
#
# Debian (slim), not Alpine: Node's own builds, the tests and the measurements are of glibc. libsql has binaries for both;
# Alpine would save some 60 MB.
ARG NODE_IMAGE=node:20-slim

FROM ${NODE_IMAGE} AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci
COPY tsconfig.json tsconfig.build.json tsconfig.page.json ./
COPY server/src server/src
COPY server/page server/page
RUN npm run build && npm prune --omit=dev
# What only debuggers, type checkers and other C libraries read.
RUN find dist node_modules -type f \( -name '*.map' -o -name '*.d.ts' -o -name '*.d.mts' -o -name '*.d.cts' \) -delete \
  && rm -rf node_modules/.cache node_modules/telnyx/src node_modules/@libsql/*-musl

FROM ${NODE_IMAGE}
ENV NODE_ENV=production \
    HOST=0.0.0.0 \
    PORT=3000 \
    DATA_DIR=/data
# The only folder that is written to: the root file system may be read-only.
RUN install -d -o node -g node -m 0700 /data
WORKDIR /app
COPY --from=build /app/package.json ./
COPY --from=build /app/node_modules ./node_modules
COPY --from=build /app/dist ./dist
USER node
VOLUME ["/data"]
EXPOSE 3000
# No calls are taken any more, and those that there are may finish: give it longer than DRAIN_SECONDS and 40 s.
STOPSIGNAL SIGTERM
# Alive, not ready: a server that drains or waits for its database is not to be killed for it.
# Each check is a Node of its own: seldom, and not by fetch, which takes three times as long to load.
HEALTHCHECK --interval=60s --timeout=5s --start-period=15s --retries=3 \
  CMD ["node", "-e", "require('node:http').get(`http://127.0.0.1:${process.env.PORT}/health`, (r) => process.exit(r.statusCode === 200 ? 0 : 1)).on('error', () => process.exit(1))"]
# Node itself is the first process and gets the signal; with the flags of `npm start`.
CMD ["node", "--max-semi-space-size=4", "dist/main.js"]

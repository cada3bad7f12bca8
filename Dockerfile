FROM node:26.10.0-trixie

# Set destination for COPY
WORKDIR /app

# Install the libraries before the sources are there: a change of the sources reuses this layer.
# The image has its own Node: the one that npm would install is left out, with what only
# development needs. The mount keeps npm's downloads for the next build and out of the image. Node's
# compile cache is off for the same reason.
# https://docs.docker.com/build/cache/optimize/#use-cache-mounts
COPY package.json package-lock.json ./
COPY packages/serve/package.json ./packages/serve/
RUN --mount=type=cache,target=/root/.npm \
  NODE_DISABLE_COMPILE_CACHE=1 npm ci --omit=dev --omit=optional

# Copy the source code. Node runs TypeScript as it is, without a build (but not JSX: see Dockerfile.multistage)
COPY packages/serve/src ./packages/serve/src
COPY src ./src
COPY adapters ./adapters
# COPY public ./public

# Limit the heap to half of the container's memory; the rest is for Node itself and for buffers
# outside the heap. Node's own limit can be above the container's, and the container is killed
# before Node collects its garbage.
# https://nodejs.org/api/cli.html#--max-old-space-size-percentagepercentage
# SIGUSR1 would open Node's inspector.
ENV NODE_ENV=production NODE_OPTIONS="--max-old-space-size-percentage=50 --disable-sigusr1"

# To bind to a TCP port, runtime parameters must be supplied to the docker command.
# But we can (optionally) document in the Dockerfile what port
# the application is going to listen on by default.
# https://docs.docker.com/reference/dockerfile/#expose
EXPOSE 8080

# The base image's user node, by number: Kubernetes' runAsNonRoot refuses names
USER 1000:1000

# Run the server itself, not npm or a shell, which would keep SIGTERM from it
CMD ["node", "adapters/node.ts"]

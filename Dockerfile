# One image for all programs: server, agents and administration. `npm run test:peers -- image` runs its steps in a plain
# folder; no developer has built it in a container engine yet. `docker build -t pilotage .`

FROM node:24-slim AS build
WORKDIR /app
COPY package.json package-lock.json ./
COPY scripts scripts
# Not `npm ci`: see there.
RUN node --eval "import('./scripts/install.mjs').then(({ ensurePackages }) => ensurePackages())"
COPY tsconfig.json nest-cli.json ./
COPY src src
RUN node scripts/build.mjs && npm prune --omit=dev --no-audit --no-fund

FROM node:24-slim
ENV NODE_ENV=production \
    PILOTAGE_LISTEN=0.0.0.0:8080 \
    PILOTAGE_DATA_DIR=/var/lib/pilotage
WORKDIR /app
COPY --from=build /app/package.json ./
COPY --from=build /app/node_modules node_modules
COPY --from=build /app/dist dist
COPY bin bin
COPY scripts/health.mjs scripts/health.mjs
RUN install -d -o node -g node /var/lib/pilotage
USER node
VOLUME /var/lib/pilotage
EXPOSE 8080
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s CMD ["node", "scripts/health.mjs"]
CMD ["node", "--enable-source-maps", "--max-semi-space-size=32", "dist/main.js"]

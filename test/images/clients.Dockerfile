# Images with clients of other languages, for machines where a registry answers. ./build builds the same from Debian's packages.
FROM debian:trixie-slim AS redis-py
RUN apt-get update -qq && apt-get install -y -qq --no-install-recommends python3-redis && rm -rf /var/lib/apt/lists/*

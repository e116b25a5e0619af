const library = require("testcontainers-redis-cluster");
const { check } = require("./check.cjs");

const own = process.argv.includes("--no-ioredis") ? undefined : require("ioredis");
void check(require, library, own);

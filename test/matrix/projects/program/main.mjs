import { createRequire } from "node:module";
import * as library from "testcontainers-redis-cluster";
import { check } from "./check.cjs";

const own = process.argv.includes("--no-ioredis") ? undefined : await import("ioredis");
await check(createRequire(import.meta.url), library, own);

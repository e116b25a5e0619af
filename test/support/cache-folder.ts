import { homedir } from "node:os";
import { join } from "node:path";

/** The folder in which `./dev` keeps what it downloads. */
export const CACHE: string = join(
  process.env["XDG_CACHE_HOME"] ?? join(homedir(), ".cache"),
  "testcontainers-redis-cluster",
);

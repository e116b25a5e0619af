/** A version of a server. */
export interface Server {
  readonly name: string;
  /** The official image. */
  readonly image: string;
  /** The name of the stand-in for test/images/build; undefined if Debian has no package of this version. */
  readonly standIn?: string;
}

/** The supported versions, oldest first. */
export const SERVERS: readonly Server[] = [
  { name: "Redis 6.2", image: "redis:6.2" },
  { name: "Redis 7.0", image: "redis:7.0", standIn: "redis-7.0" },
  { name: "Redis 7.2", image: "redis:7.2" },
  { name: "Redis 7.4", image: "redis:7.4" },
  { name: "Redis 8.0", image: "redis:8.0", standIn: "redis-8.0" },
  { name: "Redis 8.2", image: "redis:8.2" },
  { name: "Redis 8.4", image: "redis:8.4" },
  { name: "Redis 8.6", image: "redis:8.6", standIn: "redis-8.6" },
  { name: "Redis 8.8", image: "redis:8.8" },
  { name: "Redis 8.10", image: "redis:8.10" },
  { name: "Redis Stack 7.4", image: "redis/redis-stack-server:7.4.0-v8" },
  { name: "Valkey 7.2", image: "valkey/valkey:7.2" },
  { name: "Valkey 8.0", image: "valkey/valkey:8.0" },
  { name: "Valkey 8.1", image: "valkey/valkey:8.1", standIn: "valkey-8.1" },
  { name: "Valkey 9.0", image: "valkey/valkey:9.0" },
  { name: "Valkey 9.1", image: "valkey/valkey:9.1", standIn: "valkey-9" },
  { name: "Valkey unstable", image: "valkey/valkey:unstable" },
  { name: "Valkey Bundle 9.1", image: "valkey/valkey-bundle:9.1" },
];

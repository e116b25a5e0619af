/** Another server that the tests cover. `./dev test` provides its image in advance, so that no test spends time on it. */
export interface OtherServer {
  readonly name: string;
  readonly image: string;
}

export const OTHER_SERVERS: readonly OtherServer[] = [
  { name: "redis-7.0", image: process.env["TRC_IMAGE_REDIS_7_0"] || "redis:7.0" },
  { name: "valkey-8.1", image: process.env["TRC_IMAGE_VALKEY_8_1"] || "valkey/valkey:8.1" },
];

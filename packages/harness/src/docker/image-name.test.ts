import { afterEach, expect, test, vi } from "vitest";
import { imageName } from "./image-name.ts";

afterEach(() => {
  vi.unstubAllEnvs();
});

function nameWith(prefix: string | undefined, image: string): string {
  vi.stubEnv("TESTCONTAINERS_HUB_IMAGE_NAME_PREFIX", prefix);
  return imageName(image);
}

test.for([
  [undefined, "redis:8.0", "redis:8.0"],
  [undefined, "redis", "redis:latest"],
  [undefined, "valkey/valkey:8.1", "valkey/valkey:8.1"],
  ["registry.corp/mirror", "redis:8.0", "registry.corp/mirror/redis:8.0"],
  ["registry.corp/mirror/", "redis:8.0", "registry.corp/mirror/redis:8.0"],
  ["registry.corp", "valkey/valkey:8.1", "registry.corp/valkey/valkey:8.1"],
  ["localhost:5000/mirror", "redis", "localhost:5000/mirror/redis:latest"],
  ["registry.corp/mirror", "quay.io/team/redis:8", "quay.io/team/redis:8"],
  ["organization", "redis:8.0", "docker.io/organization/redis:8.0"],
  ["organization/", "redis:8.0", "docker.io/organization/redis:8.0"],
] as const)(
  "with the prefix %s, the name of %s is %s, also if it is applied twice",
  ([prefix, image, name]) => {
    expect(nameWith(prefix, image)).toBe(name);
    expect(nameWith(prefix, name)).toBe(name);
  },
);

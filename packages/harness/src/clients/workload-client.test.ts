import { expect, test } from "vitest";
import { workloadClientOptions } from "./workload-client.ts";

test("options of the user override the defaults, except scaleReads", () => {
  const { options, keyPrefix } = workloadClientOptions({ retryDelayOnFailover: 7, scaleReads: "slave" });
  expect(options).toMatchObject({
    retryDelayOnFailover: 7,
    retryDelayOnClusterDown: 20,
    scaleReads: "master",
  });
  expect(keyPrefix).toBe("");
});

test("removes a key prefix from both places in which ioredis accepts it", () => {
  const own = workloadClientOptions({ keyPrefix: "app:", redisOptions: { keyPrefix: "other:", db: 0 } });
  expect(own.keyPrefix).toBe("app:");
  expect(own.options).not.toHaveProperty("keyPrefix");
  expect(own.options.redisOptions).toEqual({ db: 0 });
  expect(workloadClientOptions({ redisOptions: { keyPrefix: "other:" } }).keyPrefix).toBe("other:");
});

test("the reading client has the credentials of the user, but no retry limits", () => {
  const { readBack } = workloadClientOptions({
    clusterRetryStrategy: () => null,
    maxRedirections: 0,
    redisOptions: { username: "app", password: "secret", commandTimeout: 1 },
  });
  expect(readBack).toEqual({
    ...{
      retryDelayOnFailover: 20,
      retryDelayOnClusterDown: 20,
      slotsRefreshTimeout: 500,
      scaleReads: "master",
    },
    redisOptions: { username: "app", password: "secret" },
  });
});

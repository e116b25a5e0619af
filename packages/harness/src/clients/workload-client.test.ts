import { expect, test } from "vitest";
import { workloadClientOptions } from "./workload-client.ts";

test("the user's options win over the defaults, but reads go to primaries", () => {
  const { options, keyPrefix } = workloadClientOptions({ retryDelayOnFailover: 7, scaleReads: "slave" });
  expect(options).toMatchObject({
    retryDelayOnFailover: 7,
    retryDelayOnClusterDown: 20,
    scaleReads: "master",
  });
  expect(keyPrefix).toBe("");
});

test("a key prefix is taken out, wherever ioredis would have found it", () => {
  const own = workloadClientOptions({ keyPrefix: "app:", redisOptions: { keyPrefix: "other:", db: 0 } });
  expect(own.keyPrefix).toBe("app:");
  expect(own.options).not.toHaveProperty("keyPrefix");
  expect(own.options.redisOptions).toEqual({ db: 0 });
  expect(workloadClientOptions({ redisOptions: { keyPrefix: "other:" } }).keyPrefix).toBe("other:");
});

test("the client that reads back has the user's credentials, and none of the limits that make it give up", () => {
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

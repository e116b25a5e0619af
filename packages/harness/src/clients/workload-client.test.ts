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

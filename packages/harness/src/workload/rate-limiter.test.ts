import { expect, test } from "vitest";
import { RateLimiter } from "./rate-limiter.ts";

test("spaces operations evenly, without a burst after a pause", () => {
  const limiter = new RateLimiter(100);
  limiter.reserve(1000);
  limiter.reserve(1000);
  limiter.reserve(1000);
  expect([limiter.reserve(1000), limiter.reserve(1000)]).toEqual([10, 20]);
  // A minute later only the backlog of 20 ms is caught up on.
  expect([61_000, 61_000, 61_000, 61_000].map((now) => limiter.reserve(now))).toEqual([0, 0, 0, 10]);
  expect(new RateLimiter(undefined).reserve(5)).toBe(0);
});

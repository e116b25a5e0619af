import { afterEach, beforeAll, expect } from "vitest";
import { leftoversOfProcess } from "./engine.ts";

/** Checks after each test of a file that it has left nothing. Clusters of other files, which run in the same process, do not count. */
export function expectNoLeftovers(): void {
  let clustersOfOthers: readonly string[];
  beforeAll(async () => {
    clustersOfOthers = await leftoversOfProcess(process.pid);
  });
  afterEach(async () => {
    expect(await leftoversOfProcess(process.pid)).toEqual(clustersOfOthers);
  });
}

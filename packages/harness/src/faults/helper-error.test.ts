import { describe, expect, test } from "vitest";
import { helperError, type HelperTask } from "./helper-error.ts";

const failure = (task: HelperTask, output: string, exitCode = 1): Parameters<typeof helperError>[0] => ({
  ...{ node: "node-0", task, exitCode, output, faultImage: "an/image" },
});

describe("reports the missing kernel feature", () => {
  test.each([
    ["filter", "/dev/stdin:1:1-12: Error: Could not process rule: Operation not supported", "nf_tables"],
    ["filter", "netlink: Error: cache initialization failed: Protocol not supported", "nf_tables"],
    ["filter", "Unable to initialize Netlink socket: Protocol not supported", "nf_tables"],
    ["loss", "/dev/stdin:4:5-60: Error: Could not process rule: No such file or directory", "nft_numgen"],
    ["delay", "Error: Specified qdisc kind is unknown.", "sch_netem"],
    ["delay", "RTNETLINK answers: No such file or directory", "sch_netem"],
  ] as const)("%s: %s", (task, output, needs) => {
    const error = helperError(failure(task, output));
    expect(error).toMatchObject({
      code: "FAULT_UNSUPPORTED",
      details: { node: "node-0", output, needs: expect.stringContaining(needs) },
    });
    expect(error.message).toContain(`the kernel of the engine's host lacks `);
    expect(error.message).not.toContain("an/image");
  });
});

test("names the engine as the reason if it denies the capability", () => {
  const error = helperError(failure("filter", "Error: Could not process rule: Operation not permitted"));
  expect(error).toMatchObject({ code: "FAULT_UNSUPPORTED", details: { needs: "NET_ADMIN" } });
  expect(error.message).toContain(
    "the engine denies it to the helper, although the helper has the capability NET_ADMIN",
  );
});

test.each([
  [127, "helper: 1: nft: not found"],
  [1, "Error: syntax error, unexpected string"],
  [1, ""],
])("reports any other failure with the name of the image: exit code %i, %s", (exitCode, output) => {
  const error = helperError(failure("filter", output, exitCode));
  expect(error).toMatchObject({ code: "FAULT_FAILED", details: { exitCode, output } });
  expect(error.message).toContain('The helper\'s image "an/image" must contain sh, nft');
});

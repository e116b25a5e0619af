import { expect, test } from "vitest";
import { sweepOrphans } from "./sweep-orphans.ts";

// An invalid option must not sweep anything, so that no engine is needed here.

test.each([
  ["a misspelled dryRun", { dryrun: true }, /Invalid dryrun: .*Did you mean `dryRun`\?/],
  ["a dryRun that is not a boolean", { dryRun: "yes" }, /Invalid dryRun: expected true or false, got "yes"/],
])("rejects %s before the engine is contacted", async (_, options, message) => {
  await expect(sweepOrphans(options as object)).rejects.toMatchObject({
    code: "INVALID_ARGUMENT",
    message: expect.stringMatching(message),
  });
});

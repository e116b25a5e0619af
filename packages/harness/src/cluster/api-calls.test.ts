import { expect, test } from "vitest";
import { ApiCalls } from "./api-calls.ts";

const calls = new ApiCalls({ nodeTimeoutMs: 1_000, timeScale: 1 }, (_, error) => Promise.resolve(error));

test.each([
  ["an AbortController", new AbortController()],
  ["a string", "soon"],
])("rejects %s as a signal before anything is done", async (_, signal) => {
  let done = 0;
  const act = async (): Promise<void> => {
    done += 1;
  };
  await expect(calls.run("Waiting", { signal: signal as never }, act)).rejects.toMatchObject({
    code: "INVALID_ARGUMENT",
    message: expect.stringMatching(/^Waiting: expected signal to be an AbortSignal, got /),
  });
  expect(() => calls.bound("Isolating", { signal: signal as never })).toThrow(/^Isolating: expected signal/);
  expect(done).toBe(0);
});

test.each([
  ["run", (options: object) => calls.run("Waiting", options, async () => {})],
  ["waitFor", (options: object) => calls.waitFor("Waiting", options, async () => {})],
  ["query", (options: object) => calls.query("Waiting", options, async () => {})],
])("%s rejects unknown options", async (_, call) => {
  await expect(call({ timeout: 5 })).rejects.toMatchObject({
    code: "INVALID_ARGUMENT",
    message: expect.stringContaining("Did you mean `timeoutMs`?"),
  });
});

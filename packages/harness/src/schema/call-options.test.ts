import { expect, test } from "vitest";
import { readCallOptions, requireArgument, requireKnownOptions } from "./call-options.ts";
import { choice, flag, numberFrom, type OptionTable } from "./option.ts";

interface Options {
  readonly with?: "SIGKILL" | "SIGTERM" | undefined;
  readonly oneWay?: boolean | undefined;
}

const TABLE: OptionTable<Options> = {
  with: { schema: choice(["SIGKILL", "SIGTERM"]), description: "", default: "SIGKILL" },
  oneWay: { schema: flag(), description: "" },
};
const WAIT = { timeoutMs: {}, signal: {} };

test("fills in the defaults of options that are not set", () => {
  expect(readCallOptions("kill()", TABLE, {})).toEqual({ with: "SIGKILL", oneWay: undefined });
  expect(readCallOptions("kill()", TABLE, { oneWay: true, with: undefined })).toEqual({
    with: "SIGKILL",
    oneWay: true,
  });
});

test("rejects all invalid options and unknown names in one error", () => {
  const given = { with: "SIGSTOP", oneWay: 1, timeout: 5 };
  expect(() => readCallOptions("kill()", TABLE, given, WAIT)).toThrow(
    expect.objectContaining({
      code: "INVALID_ARGUMENT",
      message:
        "Invalid timeout: expected one of the options with, oneWay, timeoutMs, signal, got an unknown option. " +
        "Did you mean `timeoutMs`? " +
        'Invalid with: expected one of "SIGKILL", "SIGTERM", got "SIGSTOP". ' +
        "Invalid oneWay: expected true or false, got 1.",
    }),
  );
});

test("accepts the names of options that are read elsewhere", () => {
  expect(() => readCallOptions("kill()", TABLE, { timeoutMs: 5 } as Options, WAIT)).not.toThrow();
  expect(() => requireKnownOptions("pause()", WAIT, { timeoutMs: 5 })).not.toThrow();
  expect(() => requireKnownOptions("pause()", WAIT, { timeout: 5 })).toThrow("Did you mean `timeoutMs`?");
});

test.for([null, 5, "SIGTERM", []])("rejects options that are %j instead of an object", (given) => {
  expect(() => readCallOptions("kill()", TABLE, given as Options)).toThrow(
    "Invalid options of kill(): expected an object",
  );
  expect(() => requireKnownOptions("pause()", WAIT, given as object)).toThrow("expected an object");
});

test.for([Number.NaN, Number.POSITIVE_INFINITY, 0, 11, "5", undefined, null])(
  "rejects %j as a number from 1 to 10",
  (value) => {
    expect(() => requireArgument("share", { schema: numberFrom(1, 10) }, value as number)).toThrow(
      "Invalid share: expected a number from 1 to 10, got ",
    );
  },
);

import { types } from "node:util";

/** Every code that an error of this library can carry; docs/reference/errors.md explains each. */
export type ErrorCode =
  | "INVALID_OPTIONS"
  | "SUBNET_TAKEN"
  | "NO_FREE_SUBNET"
  | "HOST_LIMIT"
  | "NO_DOCKER"
  | "REAPER_UNAVAILABLE"
  | "IMAGE_UNAVAILABLE"
  | "IMAGE_UNSUITABLE"
  | "PORT_TAKEN"
  | "NODE_EXITED"
  | "START_FAILED"
  | "START_TIMEOUT"
  | "START_ABORTED"
  | "FORMATION_FAILED"
  | "WAIT_TIMEOUT"
  | "WAIT_ABORTED"
  | "INVALID_ARGUMENT"
  | "UNKNOWN_NODE"
  | "NODE_NOT_RUNNING"
  | "ENGINE_FAILED"
  | "FAULT_FAILED"
  | "FAULT_UNSUPPORTED"
  | "FAILOVER_TIMEOUT"
  | "FAILOVER_IMPOSSIBLE"
  | "RESET_FAILED"
  | "CLUSTER_IN_USE"
  | "TURN_OVER"
  | "CLUSTER_STOPPED"
  | "CLEANUP_FAILED";

/** The one error class of this library: everything that it throws on purpose is one, but for failed assertions. */
export class RedisClusterError extends Error {
  override readonly name: string = "RedisClusterError";
  /** What went wrong, in a form that a program can act on; docs/reference/errors.md says of each what to do. */
  readonly code: ErrorCode;
  /** The facts behind the message; its keys depend on the code, and docs/reference/errors.md lists them. */
  readonly details: Readonly<Record<string, unknown>>;

  /** `cause` is the first error underneath, where there is one. */
  constructor(
    code: ErrorCode,
    message: string,
    options: { readonly cause?: unknown; readonly details?: Readonly<Record<string, unknown>> } = {},
  ) {
    super(message, "cause" in options ? { cause: options.cause } : undefined);
    this.code = code;
    this.details = options.details ?? {};
  }
}

/** A problem with one option. */
export interface OptionProblem {
  /** The option's name, with a path if it has parts: `config["save"]`. */
  readonly option: string;
  /** The given value. Never a secret: a password is shown as its type and length. */
  readonly given: string;
  /** The allowed values; completes "expected …". */
  readonly allowed: string;
  /** What to do, in a sentence, if `allowed` does not say it all. */
  readonly remedy?: string | undefined;
}

/** Every wrong option at once; thrown before anything is started. */
export class InvalidOptionsError extends RedisClusterError {
  override readonly name: string = "InvalidOptionsError";
  readonly problems: readonly OptionProblem[];

  constructor(problems: readonly OptionProblem[], whose = "The cluster's") {
    const lines = problems.map(
      ({ option, given, allowed, remedy }) =>
        `  - ${option}: expected ${allowed}, got ${given}.${remedy === undefined ? "" : ` ${remedy}`}`,
    );
    super("INVALID_OPTIONS", `${whose} options are wrong; nothing was started.\n${lines.join("\n")}`, {
      details: { problems },
    });
    this.problems = problems;
  }
}

/**
 * Returns the reason why a wait has ended, with what was missing at that moment: at the end of the message, and as
 * `details.missing`.
 *
 * @param error what said that it was missing; the cause, unless the reason has one.
 */
export function withMissing(
  reason: RedisClusterError,
  missing: string,
  error: unknown,
  words: "Still" | "Still missing" = "Still",
  details: Readonly<Record<string, unknown>> = {},
): RedisClusterError {
  return new RedisClusterError(reason.code, `${reason.message} ${words}: ${missing}`, {
    cause: reason.cause ?? error,
    details: { ...reason.details, ...details, missing },
  });
}

/** The message of anything that was thrown, for use inside a longer message. */
export function messageOf(thrown: unknown): string {
  return isError(thrown) ? thrown.message : String(thrown);
}

/**
 * Whether this is an Error, of whatever realm: Jest runs tests, and with them this library, in a realm of their own,
 * where what Node itself throws, such as ECONNREFUSED, is no instance of Error.
 */
export function isError(thrown: unknown): thrown is Error {
  return thrown instanceof Error || types.isNativeError(thrown);
}

/** The first few of many sentences, and how many more there are. */
export function summarize(sentences: readonly string[], most = 5): string {
  const more = sentences.length - most;
  return more > 0 ? `${sentences.slice(0, most).join("; ")}; and ${more} more` : sentences.join("; ");
}

import { types } from "node:util";

/** The codes of the errors of this library. docs/reference/errors.md explains each code. */
export type ErrorCode =
  | "INVALID_OPTIONS"
  | "PACKAGE_CONFLICT"
  | "SUBNET_TAKEN"
  | "NO_FREE_SUBNET"
  | "HOST_LIMIT"
  | "NO_DOCKER"
  | "REAPER_UNAVAILABLE"
  | "IMAGE_UNAVAILABLE"
  | "IMAGE_UNSUITABLE"
  | "PORT_TAKEN"
  | "DIRECT_ACCESS_UNAVAILABLE"
  | "LIMITS_UNAVAILABLE"
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
  | "CLIENT_MISSING"
  | "CLUSTER_IN_USE"
  | "TURN_OVER"
  | "CLUSTER_STOPPED"
  | "CLEANUP_FAILED";

/** The class of all errors that this library throws on purpose, except those of failed assertions. */
export class RedisClusterError extends Error {
  override readonly name: string = "RedisClusterError";
  /** Identifies the kind of the failure. docs/reference/errors.md explains for each code what to do. */
  readonly code: ErrorCode;
  /** The facts on which the message is based. The keys depend on the code: see docs/reference/errors.md. */
  readonly details: Readonly<Record<string, unknown>>;

  /**
   * @param options.cause the first error that led to this one.
   * @param options.details the facts on which the message is based. @default no details
   */
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

/** A problem with an option. */
export interface OptionProblem {
  /** The name of the option, or the path of the invalid part: `config["save"]`. */
  readonly option: string;
  /** The given value as text. It is never a secret: for a password it is the type and the length. */
  readonly given: string;
  /** The allowed values. It completes "expected …". */
  readonly allowed: string;
  /** One sentence about what to do, if `allowed` alone does not explain it. */
  readonly remedy?: string | undefined;
}

/** The error about invalid options, with all problems. It is thrown before anything is started. */
export class InvalidOptionsError extends RedisClusterError {
  override readonly name: string = "InvalidOptionsError";
  /** All problems with the options. */
  readonly problems: readonly OptionProblem[];

  /** @param owner the owner of the options, as a possessive at the start of the message. */
  constructor(problems: readonly OptionProblem[], owner = "The cluster's") {
    const lines = problems.map(
      ({ option, given, allowed, remedy }) =>
        `  - ${option}: expected ${allowed}, got ${given}.${remedy === undefined ? "" : ` ${remedy}`}`,
    );
    super("INVALID_OPTIONS", `${owner} options are wrong; nothing was started.\n${lines.join("\n")}`, {
      details: { problems },
    });
    this.problems = problems;
  }
}

/**
 * Returns the error of a wait that has ended, with the condition that was not met: at the end of the message, and as
 * `details.missing`.
 *
 * @param reason the error with which the wait has ended, such as a timeout.
 * @param missing the condition that was not met.
 * @param error the error that reported the condition. It becomes the cause unless the reason has one.
 * @param words the words before the condition in the message.
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

/** Returns the message of a thrown value, for use in a longer message. */
export function messageOf(thrown: unknown): string {
  return isError(thrown) ? thrown.message : String(thrown);
}

/**
 * Returns whether a thrown value is an Error of any realm. Jest runs tests, and with them this library, in a realm of their own.
 * There, errors of Node.js itself, such as ECONNREFUSED, are not instances of Error.
 */
export function isError(thrown: unknown): thrown is Error {
  return thrown instanceof Error || types.isNativeError(thrown);
}

/** Joins sentences. If there are more than the maximum, the rest is only counted: "a; b; and 3 more". */
export function summarize(sentences: readonly string[], max = 5): string {
  const more = sentences.length - max;
  return more > 0 ? `${sentences.slice(0, max).join("; ")}; and ${more} more` : sentences.join("; ");
}

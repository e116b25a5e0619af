import type { Report } from "./option-problems.ts";

/** The environment variable that names another time scale. */
const TIME_SCALE_VARIABLE = "TRC_TIME_SCALE";
/** Beyond this, limits would be longer than anybody waits. */
const MOST = 100;

/** Reads the option, or the environment variable if the option is not set. Without both, the time scale is 1. */
export function validateTimeScale(
  given: unknown,
  environment: Readonly<Record<string, string | undefined>>,
  report: Report,
): number {
  const fromEnvironment = environment[TIME_SCALE_VARIABLE] || undefined;
  const value = given === undefined ? (numberOr(fromEnvironment) ?? 1) : given;
  if (typeof value === "number" && value >= 1 && value <= MOST) return value;
  const source = given === undefined ? `environment variable ${TIME_SCALE_VARIABLE}` : "timeScale";
  report(source, given === undefined ? fromEnvironment : given, `a number from 1 to ${MOST}`);
  return 1;
}

function numberOr(text: string | undefined): string | number | undefined {
  const number = Number(text);
  return text === undefined || Number.isNaN(number) ? text : number;
}

/** What a time scale stretches of a cluster's options. */
interface Stretchable {
  readonly timeScale: number;
  readonly nodeTimeoutMs: number;
  readonly startupTimeoutMs: number;
}

/** The same options on a machine that is so many times slower than they were made for. */
export function stretch<T extends Stretchable>(options: T, timeScale: number): T {
  return {
    ...options,
    timeScale,
    nodeTimeoutMs: Math.round(options.nodeTimeoutMs * timeScale),
    startupTimeoutMs: Math.round(options.startupTimeoutMs * timeScale),
  };
}

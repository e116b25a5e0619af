import type { Report } from "./option-problems.ts";

/** The environment variable that names another time scale. */
const TIME_SCALE_VARIABLE = "TRC_TIME_SCALE";
/** Beyond this, limits would be longer than anybody waits. */
const MOST = 100;

/** What was asked for. */
export interface ValidTimeScale {
  /** 1 where it is still to be measured. */
  readonly timeScale: number;
  readonly measureTime: boolean;
}

/** Reads the option or, where it is left out, the environment variable; 1 where neither says anything. */
export function validateTimeScale(
  given: unknown,
  environment: Readonly<Record<string, string | undefined>>,
  report: Report,
): ValidTimeScale {
  const fromEnvironment = environment[TIME_SCALE_VARIABLE] || undefined;
  const value = given === undefined ? (numberOr(fromEnvironment) ?? 1) : given;
  if (value === "measured") return { timeScale: 1, measureTime: true };
  if (typeof value === "number" && value >= 1 && value <= MOST)
    return { timeScale: value, measureTime: false };
  const source = given === undefined ? `environment variable ${TIME_SCALE_VARIABLE}` : "timeScale";
  report(source, given === undefined ? fromEnvironment : given, `a number from 1 to ${MOST}, or "measured"`);
  return { timeScale: 1, measureTime: false };
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

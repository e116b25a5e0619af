import { median } from "../../bench/statistics.ts";
import type { Survival } from "./trial.ts";

/** Why a client without an address map cannot be tried in some columns. */
export const NO_MAP = "no address map";

/** What a client has done in one round of a column. */
export interface Trial {
  readonly name: string;
  readonly version: string;
  /** Undefined if the client could not be tried. */
  readonly survival: Survival | undefined;
  /** Why it could not be tried. */
  readonly obstacle: string | undefined;
}

/** Returns a cell of the table: the medians of the times to recovery and of the errors, and the greatest number of lost writes. */
export function formatCell(trials: readonly Trial[]): string {
  const survivals = trials.flatMap(({ survival }) => survival ?? []);
  if (survivals.length === 0) return trials[0]?.obstacle === NO_MAP ? NO_MAP : "not run";
  const recovered = survivals.flatMap(({ recoveredMs }) => recoveredMs ?? []);
  const errors = survivals.map((each) => Object.values(each.errors).reduce((sum, one) => sum + one, 0));
  return [
    ...(recovered.length === survivals.length
      ? []
      : [`recovers in ${recovered.length} of ${survivals.length} rounds`]),
    ...(recovered.length === 0
      ? []
      : [median(recovered) === 0 ? "uninterrupted" : formatSeconds(median(recovered))]),
    count(median(errors), "error"),
    `${Math.max(...survivals.map(({ lost }) => lost))} lost`,
  ].join(", ");
}

function count(number: number, what: string): string {
  return `${number} ${what}${number === 1 ? "" : "s"}`;
}

/** Returns milliseconds as seconds. */
export function formatSeconds(ms: number): string {
  return `${(ms / 1_000).toFixed(1)} s`;
}

import { RedisClusterError } from "../errors.ts";
import type { Engine } from "./engine.ts";
import type { EngineTraits } from "./engine-traits.ts";

/** The options that limit the resources of containers; undefined if no limit was requested. */
export type LimitOptions = Readonly<Record<keyof EngineTraits["limits"], number | undefined>>;

/**
 * Checks that the engine enforces the limits that were requested. It would ignore others with a warning.
 *
 * @throws RedisClusterError LIMITS_UNAVAILABLE if it does not.
 */
export function requireLimits({ traits }: Pick<Engine, "traits">, options: LimitOptions): void {
  const ignored = (Object.keys(traits.limits) as (keyof LimitOptions)[]).filter(
    (name) => options[name] !== undefined && !traits.limits[name],
  );
  if (ignored.length === 0) return;
  const names = ignored.map((name) => `\`${name}\``).join(", ");
  const reason = traits.cgroupObstacle ?? "the kernel of the engine lacks control groups for that";
  throw new RedisClusterError(
    "LIMITS_UNAVAILABLE",
    `The engine cannot limit the containers as requested by ${names}: ${reason}. Leave out ${ignored.length === 1 ? "this option" : "these options"}.`,
    { details: { options: ignored } },
  );
}

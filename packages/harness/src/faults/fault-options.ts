import { choice, flag, numberFrom, type Option, type OptionTable, type Schema } from "../schema/option.ts";
import type { WaitOptions } from "../timing/options.generated.ts";
import { KILL_SIGNALS } from "./kill-signals.ts";
import type {
  DelayPacketsOptions,
  DropPacketsOptions,
  FailoverMode,
  FailoverOptions,
  KillOptions,
  KillSignal,
  PartitionOptions,
  Plane,
  RestartOptions,
} from "./options.generated.ts";

// The options of faults. `./dev pnpm run generate` writes the types in options.generated.ts from them.

/** The options of a call without those of all waits, which `startCallDeadline` validates. */
type Own<T> = Omit<T, keyof WaitOptions>;

/** An argument that is not an option. */
type Argument = Pick<Option<number>, "schema">;

/** With a longer delay the library's own queries would count the node as silent. */
export const COMMAND_DELAY_MS: Argument = { schema: numberFrom(1, 1_000) };
export const PACKET_DELAY_MS: Argument = { schema: numberFrom(1, 60_000) };
/** nftables compares random numbers in ten-thousandths. */
export const PACKET_SHARE: Argument = { schema: numberFrom(0.0001, 1) };

export const PLANE: Schema<Plane> = choice<Plane>(["bus", "replication", "clients", "all"], "Plane");
export const FAILOVER_MODE: Schema<FailoverMode> = choice<FailoverMode>(
  ["graceful", "force", "takeover"],
  "FailoverMode",
);
export const KILL_SIGNAL: Schema<KillSignal> = choice<KillSignal>(KILL_SIGNALS, "KillSignal");

export const KILL_OPTIONS: OptionTable<Own<KillOptions>> = {
  with: {
    schema: KILL_SIGNAL,
    description:
      'The signal that is sent to the server. `"SIGKILL"` ends it without a chance to write or announce anything. With the other signals the server shuts down by itself. No other signal ends a server that is the first process of its container.',
    default: "SIGKILL",
  },
};

export const RESTART_OPTIONS: OptionTable<Own<RestartOptions>> = {
  data: {
    schema: choice<"kept" | "wiped">(["kept", "wiped"]),
    description: '`"wiped"` deletes the stored data of the node, but keeps its node id.',
    default: "kept",
  },
};

export const PARTITION_OPTIONS: OptionTable<PartitionOptions> = {
  plane: {
    schema: PLANE,
    description:
      'The connections that are cut. With `"clients"`, nodes still reach each other, and clients reach only the group that contains `"clients"` or, if no group contains it, the last group.',
    default: "all",
  },
  oneWay: {
    schema: flag(),
    description:
      'Whether only packets from the first group to the other groups are dropped. Packets in the other direction arrive. Clients belong to the group that contains `"clients"` or, if no group contains it and the plane is `"clients"`, to the last group.',
    default: false,
  },
};

export const DROP_PACKETS_OPTIONS: OptionTable<Own<DropPacketsOptions>> = {
  plane: {
    schema: PLANE,
    description: "The connections on which packets are dropped.",
    default: "all",
  },
};

export const DELAY_PACKETS_OPTIONS: OptionTable<Own<DelayPacketsOptions>> = {
  jitterMs: {
    schema: numberFrom(0, 60_000),
    description: "The random deviation of the delay in milliseconds, at most the delay itself.",
    default: 0,
  },
};

export const FAILOVER_OPTIONS: OptionTable<Own<FailoverOptions>> = {
  mode: {
    schema: FAILOVER_MODE,
    description: "How the replica takes over: see {@link FailoverMode}.",
    default: "graceful",
  },
};

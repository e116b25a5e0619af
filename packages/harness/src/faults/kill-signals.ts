import type { KillSignal } from "./options.generated.ts";

/**
 * The signals that end a server. It ignores SIGHUP and SIGPIPE. As process 1 of its container it survives all signals without a
 * handler. It also survives SIGSEGV and similar signals, because its handler ends with the default action, which does not end
 * process 1.
 */
export const KILL_SIGNALS: readonly KillSignal[] = ["SIGKILL", "SIGTERM", "SIGINT"];

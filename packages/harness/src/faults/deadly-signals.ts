/**
 * The signals that end a server. It ignores SIGHUP and SIGPIPE. As process 1 of its container it survives all that it has
 * no handler for and, since its handler of SIGSEGV and the like ends in the default action, those too.
 */
export const DEADLY_SIGNALS: readonly string[] = ["SIGKILL", "SIGTERM", "SIGINT"];

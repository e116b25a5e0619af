/**
 * The log messages with which a server reports that it is a candidate in an election, without the timestamp and level mark. Every
 * part of this library that searches logs for elections uses these patterns. The messages are logged by
 * `clusterHandleSlaveFailover` in cluster.c of Redis 6.2 and 7.0, and in cluster_legacy.c of newer Redis versions and Valkey.
 */

/** Groups: the delay in milliseconds, the rank, the replication offset. */
export const ELECTION_SCHEDULED: RegExp =
  /^Start of election delayed for (-?\d+) milliseconds \(rank #(\d+),(?: primary rank #\d+,)? offset (-?\d+)\)/;

/** Valkey 9.1: no other replica can have newer data, so the server does not wait. */
export const ELECTION_AT_ONCE: RegExp = /best ranked replica.* initiate the election immediately/;

/** Group: the epoch. The server sends its requests for votes. */
export const ELECTION_STARTED: RegExp = /^Starting a failover election for epoch (\d+)/;

/** The server has a majority of the votes. */
export const ELECTION_WON: RegExp = /^Failover election won: I'm the new (?:master|primary)/;

/** The first line of a process. */
const BOOT = /(?:Redis|Valkey) is starting/;

/** A log line. Group: the message, without the timestamp of the engine, if any, and without the prefix of the server. */
const PREFIXED_LINE = /^(?:\S+Z )?\d+:[A-Z] .*? [.\-*#] (.*)$/;

/** Returns whether a log shows that the node has scheduled, started or won an election. */
export function hasElectionLine(log: string): boolean {
  const patterns = [ELECTION_SCHEDULED, ELECTION_AT_ONCE, ELECTION_STARTED, ELECTION_WON];
  return log.split("\n").some((line) => {
    const message = messageOfLine(line);
    return patterns.some((pattern) => pattern.test(message));
  });
}

/**
 * Returns when the current process started its last election, in milliseconds since the epoch, or `undefined` if it has not
 * started an election.
 *
 * @param log a log in which each line starts with a timestamp of the engine.
 */
export function lastElectionMs(log: string): number | undefined {
  const lines = log.split("\n");
  const boot = lines.findLastIndex((line) => BOOT.test(line));
  const election = lines.slice(boot + 1).findLast((line) => ELECTION_STARTED.test(messageOfLine(line)));
  return election === undefined ? undefined : Date.parse(election.slice(0, election.indexOf(" ")));
}

/** Returns the message of a log line, also in the `logfmt` format that the directive `log-format` of Valkey 8.1 selects. */
function messageOfLine(line: string): string {
  const text = line.trimEnd();
  const message = PREFIXED_LINE.exec(text)?.[1];
  return message ?? /message="([^"]*)"/.exec(text)?.[1] ?? text;
}

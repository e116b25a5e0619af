/**
 * The lines by which a server says that it is a candidate in an election, after their time and level mark. Every part
 * of this library that looks for elections in a log uses these patterns. They are of `clusterHandleSlaveFailover` in
 * cluster.c of Redis 6.2 and 7.0, and cluster_legacy.c of newer Redis and of Valkey.
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

/** A line without what precedes the server's words: the engine's stamp, if any, and the server's own mark. */
const MARKED = /^(?:\S+Z )?\d+:[A-Z] .*? [.\-*#] (.*)$/;

/** Returns whether the log says that a node has scheduled, held or won an election. */
export function hasElectionLine(log: string): boolean {
  const patterns = [ELECTION_SCHEDULED, ELECTION_AT_ONCE, ELECTION_STARTED, ELECTION_WON];
  return log.split("\n").some((line) => {
    const words = wordsOf(line);
    return patterns.some((pattern) => pattern.test(words));
  });
}

/**
 * Returns when the process that runs now began its last election, in milliseconds since the epoch, or `undefined` if it
 * has not begun one.
 *
 * @param log a log with the engine's stamps before the lines.
 */
export function lastElectionMs(log: string): number | undefined {
  const lines = log.split("\n");
  const boot = lines.findLastIndex((line) => BOOT.test(line));
  const election = lines.slice(boot + 1).findLast((line) => ELECTION_STARTED.test(wordsOf(line)));
  return election === undefined ? undefined : Date.parse(election.slice(0, election.indexOf(" ")));
}

/** A log in another format (Valkey 8.1: `log-format`) has the words after other marks. */
function wordsOf(line: string): string {
  const text = line.trimEnd();
  const marked = MARKED.exec(text)?.[1];
  return marked ?? /message="([^"]*)"/.exec(text)?.[1] ?? text;
}

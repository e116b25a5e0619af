import type { Fingerprint } from "./fingerprint.ts";

/**
 * A command that nobody needs in a test and that has no effect. It is called once after the statistics were reset:
 * where it is missing from them later, somebody else has reset them, and what was called before is not known.
 */
export const STATISTICS_MARK = "lastsave";

/**
 * Commands with effects that no command takes back for certain: what DEBUG switched, files that the next start of
 * the server would read, code that was loaded, ids that were forgotten for a minute, votes that were gathered.
 */
const LASTING =
  /^(?:debug|pfdebug|save|bgsave|bgrewriteaof|shutdown|failover)(?:\||$)|^config\|rewrite$|^acl\|(?:save|load)$|^module\|(?:load|loadex|unload)$|^script\|debug$|^cluster\|(?:addslots|addslotsrange|bumpepoch|delslots|delslotsrange|failover|flushslots|forget|meet|migration|migrateslots|cancelslotmigrations|replicate|reset|saveconfig|set-config-epoch|setslot)$/;

/** Why the process of a node has to go, each in a few words; none where everything about it can be taken back. */
export function lastingTraces(before: Fingerprint, now: Fingerprint): readonly string[] {
  const found: string[] = [];
  if (now.runId !== before.runId) found.push(`${now.node} was restarted`);
  else if (!now.calls.has(STATISTICS_MARK)) found.push(`the statistics of ${now.node} were reset`);
  const lasting = [...now.calls.keys()].filter((name) => LASTING.test(name));
  if (lasting.length > 0) {
    found.push(
      `${now.node} was told ${lasting.map((name) => name.toUpperCase().replace("|", " ")).join(", ")}`,
    );
  }
  if (now.modules !== before.modules) found.push(`${now.node} has other modules`);
  // A server keeps the votes of its last election, and goes by them again for seconds (docs/failover.md).
  if (more(before, now, "auth-req_sent")) found.push(`${now.node} stood for election`);
  return found;
}

/** Whether a failover, or the beginning of one, went through a node. Its traces are in what it thinks of the others. */
export function failoverTraces(before: Fingerprint, now: Fingerprint): readonly string[] {
  const kinds = [...now.failoverMessages.keys()].filter((kind) => more(before, now, kind));
  if (kinds.length > 0) return [`${now.node} saw a failover (${kinds.join(", ")})`];
  const epochs = [before, now].map(({ configEpoch, view }) => `${configEpoch} of ${view.currentEpoch}`);
  return epochs[0] === epochs[1] ? [] : [`${now.node} went from config epoch ${epochs[0]} to ${epochs[1]}`];
}

function more(before: Fingerprint, now: Fingerprint, kind: string): boolean {
  return (now.failoverMessages.get(kind) ?? 0) > (before.failoverMessages.get(kind) ?? 0);
}

/** Log lines of a node that has planned an election, or gathered votes. */
export const ELECTION_LINE: RegExp =
  /Start of election delayed|Starting a failover election|Failover election won/;

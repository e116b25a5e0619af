import type { Redis } from "ioredis";
import { NO_SOURCE } from "./reply-sources.ts";

type Command = Parameters<Redis["sendCommand"]>[0];

/** A command that a writer has under way. */
export interface Dispatch {
  /** The connection on which it was sent last, as a number of `ReplySources`. */
  source: number;
  /** ioredis' object for it, known once it has been sent to a node. */
  command: Command | undefined;
  /** Whether two commands were taken for this one, so that nothing is known about it. */
  ambiguous: boolean;
}

/**
 * Finds out on which connection each command goes out. ioredis does not report it: it chooses the node, follows
 * redirections and sends a command again by itself (`Cluster.sendCommand`, `Pipeline.exec`), and every one of these
 * ways ends in `Redis.sendCommand` of a node's connection. There a command is recognized by its key, because each key
 * has one writer, which has one command under way. This runs for every command, so it does no more than that.
 */
export class DispatchTracker {
  readonly #underWay = new Map<string, Dispatch>();
  /** Commands without success, which ioredis may still send again. */
  readonly #givenUp = new WeakSet<Command>();

  /** Expects a command for a key. Returns where its connection will be found. */
  expect(key: string): Dispatch {
    const dispatch: Dispatch = { source: NO_SOURCE, command: undefined, ambiguous: false };
    this.#underWay.set(key, dispatch);
    return dispatch;
  }

  /** Stops expecting a command. @param succeeded whether it was answered with success, so that it is not sent again. */
  settle(key: string, { command }: Dispatch, succeeded: boolean): void {
    this.#underWay.delete(key);
    if (!succeeded && command !== undefined) this.#givenUp.add(command);
  }

  /** Records that a connection was handed a command. */
  sent(command: Command, source: number): void {
    const dispatch = this.#underWay.get(command.args[0] as string);
    if (dispatch === undefined || dispatch.ambiguous) return;
    if (dispatch.command !== command) {
      if (this.#givenUp.has(command)) return;
      if (dispatch.command !== undefined) {
        // A command that was given up before it was ever sent goes out only now, and cannot be told from the newer one.
        dispatch.ambiguous = true;
        dispatch.source = NO_SOURCE;
        return;
      }
      dispatch.command = command;
    }
    dispatch.source = source;
  }
}

import type { Redis } from "ioredis";
import { NO_SOURCE } from "./reply-sources.ts";

type Command = Parameters<Redis["sendCommand"]>[0];

/** A command in flight. */
export interface Dispatch {
  /** The connection on which the command was sent last, as a number of `ReplySources`. */
  source: number;
  /** The command object of ioredis. It is known when the command has been sent to a node. */
  command: Command | undefined;
  /** Whether two commands matched this one, so that its connection is unknown. */
  isAmbiguous: boolean;
}

/**
 * Finds out on which connection each command is sent. ioredis does not report it. It chooses the node, follows redirects and
 * repeats commands by itself (`Cluster.sendCommand`, `Pipeline.exec`), but every path ends in `Redis.sendCommand` of the
 * connection to a node. There the tracker recognizes a command by its key, because each key has one writer, which has one command
 * in flight. This code runs for every command, so it does as little as possible.
 */
export class DispatchTracker {
  readonly #inFlight = new Map<string, Dispatch>();
  /** Commands without a successful reply, which ioredis may still send again. */
  readonly #abandoned = new WeakSet<Command>();

  /** Expects a command for a key, and returns the record in which its connection will be stored. */
  expect(key: string): Dispatch {
    const dispatch: Dispatch = { source: NO_SOURCE, command: undefined, isAmbiguous: false };
    this.#inFlight.set(key, dispatch);
    return dispatch;
  }

  /**
   * Stops expecting a command.
   *
   * @param hasSucceeded whether the reply was a success, so that ioredis does not send the command again.
   */
  settle(key: string, { command }: Dispatch, hasSucceeded: boolean): void {
    this.#inFlight.delete(key);
    if (!hasSucceeded && command !== undefined) this.#abandoned.add(command);
  }

  /** Records that a command is sent on a connection. */
  sent(command: Command, source: number): void {
    const dispatch = this.#inFlight.get(command.args[0] as string);
    if (dispatch === undefined || dispatch.isAmbiguous) return;
    if (dispatch.command !== command) {
      if (this.#abandoned.has(command)) return;
      if (dispatch.command !== undefined) {
        // One of the two timed out before it was first sent. It cannot be distinguished from the newer command.
        dispatch.isAmbiguous = true;
        dispatch.source = NO_SOURCE;
        return;
      }
      dispatch.command = command;
    }
    dispatch.source = source;
  }
}

import type { Redis } from "ioredis";
import { NO_SOURCE } from "./answer-sources.ts";

type Command = Parameters<Redis["sendCommand"]>[0];

/** A command that a writer has under way. */
export interface Dispatch {
  /** The connection on which it was sent last, as a number of `AnswerSources`. */
  source: number;
  /** ioredis' object for it, known once it has been sent to a node. */
  command: Command | undefined;
  /** Whether two commands were taken for this one, so that nothing is known about it. */
  ambiguous: boolean;
}

const OWNER: unique symbol = Symbol("dispatch");
type Owned = Command & { [OWNER]?: Dispatch };

/**
 * Finds out on which connection each command goes out. ioredis does not report it: it chooses the node, follows
 * redirections and sends a command again by itself (`Cluster.sendCommand`, `Pipeline.exec`), and every one of these
 * ways ends in `Redis.sendCommand` of a node's connection. There a command is recognized by its key, because each key
 * has one writer, which has one command under way.
 */
export class DispatchWatch {
  readonly #underWay = new Map<string, Dispatch>();

  /** Expects a command for a key. Returns where its connection will be found. */
  expect(key: string): Dispatch {
    const dispatch: Dispatch = { source: NO_SOURCE, command: undefined, ambiguous: false };
    this.#underWay.set(key, dispatch);
    return dispatch;
  }

  /** Stops expecting a command. */
  settle(key: string, dispatch: Dispatch): void {
    if (this.#underWay.get(key) === dispatch) this.#underWay.delete(key);
  }

  /** Records that a connection was handed a command. */
  sent(command: Owned, source: number): void {
    const owner = command[OWNER];
    if (owner !== undefined) {
      if (!owner.ambiguous) owner.source = source;
      return;
    }
    const [key] = command.args;
    const dispatch = typeof key === "string" ? this.#underWay.get(key) : undefined;
    if (dispatch === undefined) return;
    command[OWNER] = dispatch;
    if (dispatch.command === undefined) {
      dispatch.command = command;
      dispatch.source = source;
    } else {
      // A command that was given up before it was ever sent goes out only now, and cannot be told from the newer one.
      dispatch.ambiguous = true;
      dispatch.source = NO_SOURCE;
    }
  }
}

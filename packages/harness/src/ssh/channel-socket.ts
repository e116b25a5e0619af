import { Duplex } from "node:stream";
import type { ClientChannel } from "ssh2";
import { clearTimeout, nextTurn, setTimeout } from "../clock/real-time.ts";

/** The part of the output of the remote command that an error contains, in characters. */
const MAX_ERROR_LENGTH = 1_000;

/**
 * A channel of an SSH connection as the HTTP client of Node uses it: a stream with the methods of a socket. The channels of ssh2 do not
 * have them, so that a request with a timeout fails (`setTimeout`), and so does a caller that does not want a response to keep the
 * process alive (`unref`).
 */
export class ChannelSocket extends Duplex {
  /** The timeout in milliseconds, or 0 without a timeout. The HTTP client of Node reads this property of a socket. */
  timeout = 0;
  readonly #channel: ClientChannel;
  readonly #onUse: (isUsed: boolean) => void;
  #timer: NodeJS.Timeout | undefined;

  /**
   * @param command is named in the error if it fails without an answer.
   * @param onUse is called when the socket begins or ceases to keep the process alive.
   */
  constructor(channel: ClientChannel, command: string, onUse: (isUsed: boolean) => void) {
    super({ allowHalfOpen: false });
    this.#channel = channel;
    this.#onUse = onUse;
    let errors = "";
    let exitCode = 0;
    let hasData = false;
    channel.stderr.on("data", (chunk: Buffer) => {
      errors = `${errors}${chunk.toString()}`.slice(0, MAX_ERROR_LENGTH);
    });
    channel.on("exit", (code: number | null) => {
      exitCode = code ?? 0;
    });
    channel.on("data", (chunk: Buffer) => {
      this.#timer?.refresh();
      hasData = true;
      if (!this.push(chunk)) channel.pause();
    });
    // Data that the command does not read any more. What it printed tells why, which comes with the end.
    channel.on("error", () => {});
    // The exit code comes after the end of the output.
    channel.on("close", () => {
      const output = errors.trim() || "(no output)";
      const hasFailed = exitCode !== 0 && !hasData;
      void this.#finish(hasFailed ? new Error(`${command}: exit code ${exitCode}: ${output}`) : undefined);
    });
    onUse(true);
  }

  override _read(): void {
    this.#channel.resume();
  }

  override _write(chunk: Buffer, encoding: BufferEncoding, callback: (error?: Error | null) => void): void {
    this.#timer?.refresh();
    this.#channel.write(chunk, encoding, () => callback());
  }

  override _final(callback: (error?: Error | null) => void): void {
    this.#channel.end();
    callback();
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    clearTimeout(this.#timer);
    this.#onUse(false);
    this.#channel.destroy();
    callback(error);
  }

  async #finish(error: Error | undefined): Promise<void> {
    // The HTTP client gets the socket first, also if the command has ended at once.
    await nextTurn();
    if (error === undefined) this.push(null);
    else this.destroy(error);
  }

  /**
   * Emits `timeout` after a time without data in either direction. 0 ends the timeout and removes the listener, as `net.Socket` does:
   * the HTTP client relies on it.
   */
  setTimeout(timeoutMs: number, listener?: () => void): this {
    clearTimeout(this.#timer);
    this.timeout = timeoutMs;
    this.#timer = timeoutMs === 0 ? undefined : setTimeout(() => this.emit("timeout"), timeoutMs).unref();
    if (listener === undefined) return this;
    return timeoutMs === 0 ? this.off("timeout", listener) : this.once("timeout", listener);
  }

  ref(): this {
    if (!this.destroyed) this.#onUse(true);
    return this;
  }

  unref(): this {
    this.#onUse(false);
    return this;
  }

  /** The connection is kept alive, not its channels. */
  setKeepAlive(): this {
    return this;
  }

  setNoDelay(): this {
    return this;
  }
}

import { connect, type Socket } from "node:net";
import type { Subprocess } from "bun";
import type { Result } from "../host/machine.ts";

interface Waiting {
  readonly resolve: (result: Result) => void;
  readonly reject: (error: Error) => void;
}

/** The test's end of the port at which agent.pl listens in the machine; its comment has the protocol. */
export class Agent {
  #received: Buffer = Buffer.alloc(0);
  #last = 0;
  readonly #waiting = new Map<number, Waiting>();

  private constructor(private readonly socket: Socket) {
    socket.on("data", (data: Buffer) => {
      this.#received = Buffer.concat([this.#received, data]);
      while (this.#takeAnswer()) {}
    });
    socket.on("error", () => {});
    socket.on("close", () => this.close());
  }

  /** Connects to a machine that is being switched on, and waits until it says that it is up. */
  static async connect(path: string, emulator: Subprocess, timeout: number): Promise<Agent> {
    const end = Date.now() + timeout;
    for (;;) {
      const socket = await open(path);
      if (socket !== undefined) {
        const agent = new Agent(socket);
        await agent.#answer(0, end - Date.now());
        return agent;
      }
      if (emulator.exitCode !== null) throw new Error(`the emulator ended with exit code ${emulator.exitCode}`);
      if (Date.now() > end) throw new Error("the emulator opened no port");
      await Bun.sleep(50);
    }
  }

  /** Runs a bash script in the machine. Fails if the machine goes off meanwhile. */
  async run(script: string, input: string | Uint8Array, timeout: number): Promise<Result> {
    this.#last += 1;
    const id = this.#last;
    const [code, bytes] = [Buffer.from(script), Buffer.from(input as string)];
    const answer = this.#answer(id, timeout);
    this.socket.write(Buffer.concat([Buffer.from(`${id} ${code.length} ${bytes.length}\n`), code, bytes]));
    return answer;
  }

  /** Nobody waits for a machine that is off. */
  close(): void {
    this.socket.destroy();
    for (const { reject } of this.#waiting.values()) reject(new Error("the machine went off"));
    this.#waiting.clear();
  }

  async #answer(id: number, timeout: number): Promise<Result> {
    let timer: Timer | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Error(`no answer from the machine in ${timeout} ms`)), timeout);
    });
    const answer = new Promise<Result>((resolve, reject) => this.#waiting.set(id, { resolve, reject }));
    try {
      return await Promise.race([answer, late]);
    } finally {
      clearTimeout(timer);
      this.#waiting.delete(id);
    }
  }

  #takeAnswer(): boolean {
    const line = this.#received.indexOf("\n");
    if (line < 0) return false;
    const [id = 0, exitCode = 0, out = 0, err = 0] = this.#received.toString("latin1", 0, line).split(" ").map(Number);
    const start = line + 1;
    if (this.#received.length < start + out + err) return false;
    const stdout = this.#received.toString("utf8", start, start + out);
    const stderr = this.#received.toString("utf8", start + out, start + out + err);
    this.#received = this.#received.subarray(start + out + err);
    this.#waiting.get(id)?.resolve({ stdout, stderr, exitCode });
    return true;
  }
}

function open(path: string): Promise<Socket | undefined> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.once("connect", () => resolve(socket));
    socket.once("error", () => resolve(undefined));
  });
}

import dbus, { type MessageBus, type Variant } from "dbus-next";
import type { Scope } from "../../scope.ts";
import { RuntimeError } from "../error.ts";

const SERVICE = "org.freedesktop.systemd1";
const MANAGER_PATH = "/org/freedesktop/systemd1";
const MANAGER = "org.freedesktop.systemd1.Manager";

/** One row of ListUnits, the columns that berth looks at (org.freedesktop.systemd1(5)). */
export interface UnitStatus {
  readonly name: string;
  readonly description: string;
  /** `loaded`, `not-found`, `bad-setting`, `masked`… */
  readonly loadState: string;
  /** `active`, `inactive`, `failed`, `activating`, `deactivating`… */
  readonly activeState: string;
  readonly subState: string;
  /** The queued job (`start`, `stop`, `restart`…), or "". */
  readonly job: string;
}

/** How a job ended: `done`, `failed`, `canceled`, `timeout`, `dependency`, `skipped`. */
export type JobResult = string;

/** One property for StartTransientUnit: its name, D-Bus signature and value. */
export type UnitProperty = readonly [name: string, signature: string, value: unknown];

/** The manager of a scope: the machine's systemd or a user's, over D-Bus. */
export interface SystemdManager {
  /** States of the named units; a unit that does not exist comes as `not-found`. */
  units(names: readonly string[]): Promise<UnitStatus[]>;
  /** All properties of a unit, of its Unit and Service interfaces. */
  properties(unit: string): Promise<Readonly<Record<string, unknown>>>;
  start(unit: string): Promise<JobResult>;
  /** Another job queued for the unit is cancelled, or with "fail" an error. */
  stop(unit: string, mode?: "replace" | "fail"): Promise<JobResult>;
  /** Makes a unit that exists until it stops, and starts it. */
  startTransient(unit: string, properties: readonly UnitProperty[]): Promise<JobResult>;
  /** Keeps a loaded unit loaded, with what became of it, for as long as the connection lasts. */
  hold(unit: string): Promise<void>;
  /** Resets the unit's failed state, after which systemd unloads a transient unit. */
  resetFailed(unit: string): Promise<void>;
  reload(): Promise<void>;
}

/** Connects to the scope's manager for as long as `use` takes. Throws RuntimeError "systemd". */
export async function withManager<T>(
  scope: Scope,
  env: Readonly<Record<string, string | undefined>>,
  use: (manager: SystemdManager) => Promise<T>,
): Promise<T> {
  const bus =
    scope.kind === "system"
      ? dbus.systemBus()
      : dbus.sessionBus({
          busAddress:
            env.DBUS_SESSION_BUS_ADDRESS ?? `unix:path=${env.XDG_RUNTIME_DIR ?? `/run/user/${scope.uid}`}/bus`,
        });
  try {
    // An unreachable bus is reported by an event, which would end the process without a listener.
    const lost = new Promise<never>((_, reject) => {
      bus.on("error", (cause: Error) => reject(new RuntimeError("systemd", "connect to D-Bus", { cause })));
    });
    lost.catch(() => undefined);
    return await Promise.race([use(new ManagerOnBus(bus)), lost]);
  } finally {
    bus.disconnect();
  }
}

class ManagerOnBus implements SystemdManager {
  readonly #bus: MessageBus;
  #subscribed: Promise<void> | undefined;

  constructor(bus: MessageBus) {
    this.#bus = bus;
  }

  async units(names: readonly string[]): Promise<UnitStatus[]> {
    const [rows] = (await this.#manager("ListUnitsByNames", "as", [[...names]])) as [string[][]];
    return rows.map(
      ([name = "", description = "", loadState = "", activeState = "", subState = "", , , , job = ""]) => ({
        name,
        description,
        loadState,
        activeState,
        subState,
        job,
      }),
    );
  }

  async properties(unit: string): Promise<Readonly<Record<string, unknown>>> {
    const [path] = (await this.#manager("LoadUnit", "s", [unit])) as [string];
    const all: Record<string, unknown> = {};
    for (const iface of ["Unit", "Service"]) {
      const reply = await this.#call(path, "org.freedesktop.DBus.Properties", "GetAll", "s", [`${SERVICE}.${iface}`]);
      const [values] = reply as [Record<string, Variant>];
      for (const [name, variant] of Object.entries(values)) all[name] = variant.value;
    }
    return all;
  }

  start(unit: string): Promise<JobResult> {
    return this.#job(() => this.#manager("StartUnit", "ss", [unit, "replace"]));
  }

  stop(unit: string, mode: "replace" | "fail" = "replace"): Promise<JobResult> {
    return this.#job(() => this.#manager("StopUnit", "ss", [unit, mode]));
  }

  startTransient(unit: string, properties: readonly UnitProperty[]): Promise<JobResult> {
    const variants = properties.map(([name, signature, value]) => [name, new dbus.Variant(signature, value)]);
    return this.#job(() => this.#manager("StartTransientUnit", "ssa(sv)a(sa(sv))", [unit, "fail", variants, []]));
  }

  async hold(unit: string): Promise<void> {
    await this.#manager("RefUnit", "s", [unit]);
  }

  async resetFailed(unit: string): Promise<void> {
    await this.#manager("ResetFailedUnit", "s", [unit]);
  }

  async reload(): Promise<void> {
    await this.#manager("Reload", "", []);
  }

  /** Runs a method that queues a job, and waits until the manager says how the job ended. */
  async #job(queue: () => Promise<unknown[]>): Promise<JobResult> {
    this.#subscribed ??= this.#subscribe();
    await this.#subscribed;
    const ended = new Map<string, JobResult>();
    let wake = () => {};
    const listen = (message: dbus.Message) => {
      if (message.member !== "JobRemoved") return;
      const [, path, , result] = message.body as [number, string, string, string];
      ended.set(path, result);
      wake();
    };
    this.#bus.on("message", listen);
    try {
      const [path] = (await queue()) as [string];
      for (;;) {
        const result = ended.get(path);
        if (result !== undefined) return result;
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    } finally {
      this.#bus.off("message", listen);
    }
  }

  /** Asks for the signals about jobs. systemd refuses a client that asks twice. */
  async #subscribe(): Promise<void> {
    await this.#manager("Subscribe", "", []);
    await addMatch(this.#bus, `type='signal',sender='${SERVICE}',interface='${MANAGER}',member='JobRemoved'`);
  }

  #manager(member: string, signature: string, body: unknown[]): Promise<unknown[]> {
    return this.#call(MANAGER_PATH, MANAGER, member, signature, body);
  }

  async #call(path: string, iface: string, member: string, signature: string, body: unknown[]): Promise<unknown[]> {
    try {
      const message = new dbus.Message({ destination: SERVICE, path, interface: iface, member, signature, body });
      const reply = await this.#bus.call(message);
      return reply?.body ?? [];
    } catch (cause) {
      throw new RuntimeError("systemd", `ask systemd (${member})`, { cause });
    }
  }
}

/** Asks the bus itself for signals that match. */
async function addMatch(bus: MessageBus, rule: string): Promise<void> {
  await bus.call(
    new dbus.Message({
      destination: "org.freedesktop.DBus",
      path: "/org/freedesktop/DBus",
      interface: "org.freedesktop.DBus",
      member: "AddMatch",
      signature: "s",
      body: [rule],
    }),
  );
}

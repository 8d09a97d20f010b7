import { commandTable } from "../cli/commands.ts";

/** Every command of berth, `setup` among them. */
export const COMMAND_TABLE = commandTable(() => import("./setup.ts"));

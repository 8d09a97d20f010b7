import { checkLockOrder } from "../src/state/lock-order.ts";

checkLockOrder();

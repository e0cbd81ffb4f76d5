// Workflow steps load this file. A wait ends at once, and advances the clock by its duration. The stubs do
// not change during a wait.
import { syncBuiltinESMExports } from "node:module";
import timers from "node:timers/promises";

const wait = timers.setTimeout;
const now = Date.now;
let ahead = 0;
timers.setTimeout = (milliseconds, ...others) => {
  ahead += milliseconds;
  return wait(Math.min(milliseconds, 5), ...others);
};
Date.now = () => now() + ahead;
syncBuiltinESMExports();

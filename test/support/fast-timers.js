// Loaded into the steps: a pause is over at once, and the clock is as much ahead. What they wait for is
// played, and never changes.
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

// Loaded into the steps: a pause is over at once. What they wait for is played, and never changes.
import { syncBuiltinESMExports } from "node:module";
import timers from "node:timers/promises";

const wait = timers.setTimeout;
timers.setTimeout = (milliseconds, ...others) => wait(Math.min(milliseconds, 5), ...others);
syncBuiltinESMExports();

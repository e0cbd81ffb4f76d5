import { parseArgs } from "node:util";
import { NoEngine } from "./engine.ts";
import { printAct, printEnd, printTimeToReady } from "./report.ts";
import { rehearse } from "./scenario.ts";

const usage = `npm run rehearse -- [--stack NAME] [--fast] [--json]

  --stack NAME  the stack of Pulumi.NAME.yaml (dev)
  --fast        only up, up again, a new image, destroy
  --json        one JSON document instead of the timeline`;

process.exit(await main());

async function main(): Promise<number> {
  let flags: { stack: string; fast: boolean; json: boolean };
  try {
    flags = parseArgs({
      options: {
        stack: { type: "string", default: "dev" },
        fast: { type: "boolean", default: false },
        json: { type: "boolean", default: false },
      },
    }).values;
  } catch (error) {
    console.error(`${messageOf(error)}\n\n${usage}`);
    return 2;
  }
  const { stack, fast, json } = flags;
  const print = (text: string) => {
    if (!json) console.log(text);
  };
  print(`Rehearsal of ${stack}: the real engine and program on a simulated cloud.\n`);
  print(`     ${"step".padEnd(46)} simulated  real`);
  try {
    const rehearsal = await rehearse({
      stack,
      fast,
      say: (line) => console.error(line),
      onAct: (act) => print(printAct(act)),
    });
    if (json) console.log(JSON.stringify(rehearsal, null, 2));
    if (rehearsal.timeToReady) print(`\n${printTimeToReady(rehearsal.timeToReady)}`);
    print(`\n${printEnd(rehearsal)}`);
    return rehearsal.acts.every(({ broken }) => broken.length === 0) ? 0 : 1;
  } catch (error) {
    console.error(messageOf(error));
    return error instanceof NoEngine ? 3 : 1;
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

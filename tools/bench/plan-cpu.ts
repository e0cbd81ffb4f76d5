import { plan } from "../plan/plan-command.ts";

// Prints the CPU milliseconds of this process to the end of a plan, and the number of its resources.
const [stack = "dev", folder] = process.argv.slice(2);
let text = "";
const terminal = {
  out: (more: string) => {
    text += more;
  },
  err: (more: string) => process.stderr.write(more),
  color: false,
};
if ((await plan(["--stack", stack], terminal, folder)) !== 0) throw new Error("there is no plan");
const { user, system } = process.cpuUsage();
const [, resources = "0"] = /^Resources: (\d+)/m.exec(text) ?? [];
process.stdout.write(
  JSON.stringify({ milliseconds: (user + system) / 1000, resources: Number(resources) }),
);
process.exit(0);

/** Runs a command by its name and exits with its code: `node --import ./tools/typescript.js tools/cli.ts <command>`. */

type Command = (args: string[]) => Promise<number>;

const terminal = {
  out: (text: string) => process.stdout.write(text),
  err: (text: string) => process.stderr.write(text),
  color: process.stdout.isTTY && process.stdout.hasColors(),
};
const lines = {
  out: (line: string) => console.log(line),
  err: (line: string) => console.error(line),
};

/** Each imports its own modules only, so that a plan does not wait for the Automation API. */
const commands: Record<string, () => Promise<Command>> = {
  plan: async () => {
    const { plan } = await import("./plan/plan-command.ts");
    return (args) => plan(args, terminal);
  },
  rehearse: async () => (await import("./rehearsal/rehearse-command.ts")).rehearseCommand,
  try: async () => {
    const { tryCommand } = await import("./try/try-command.ts");
    return (args) => tryCommand(args, lines);
  },
  dev: async () => {
    const { devCommand } = await import("./dev/dev-command.ts");
    return (args) => devCommand(args, lines);
  },
  init: async () => {
    const { initCommand } = await import("./init/init-command.ts");
    return (args) => initCommand(args, terminal);
  },
  import: async () => {
    const { importCommand } = await import("./import/import-command.ts");
    return (args) => importCommand(args, lines);
  },
  doctor: async () => {
    const { doctorCommand } = await import("./operate/doctor/doctor-command.ts");
    return (args) => doctorCommand(args, terminal);
  },
  leftovers: async () => {
    const { leftoversCommand } = await import("./operate/leftovers/leftovers-command.ts");
    return (args) => leftoversCommand(args, terminal);
  },
  release: async () => {
    const { command } = await import("./deliver/release-command.ts");
    return (args) => command(["release", ...args], lines);
  },
  rollback: async () => {
    const { command } = await import("./deliver/release-command.ts");
    return (args) => command(["rollback", ...args], lines);
  },
  status: async () => {
    const { statusCommand } = await import("./operate/status/status-command.ts");
    return (args) => statusCommand(args, terminal);
  },
  logs: async () => {
    const { logsCommand } = await import("./operate/logs/logs-command.ts");
    return (args) => logsCommand(args, terminal);
  },
  exec: async () => {
    const { execCommand } = await import("./operate/exec/exec-command.ts");
    return (args) => execCommand(args, terminal);
  },
  wake: async () => {
    const { wakeCommand } = await import("./operate/wake/wake-command.ts");
    return (args) => wakeCommand("wake", args, terminal);
  },
  sleep: async () => {
    const { wakeCommand } = await import("./operate/wake/wake-command.ts");
    return (args) => wakeCommand("sleep", args, terminal);
  },
  upgrade: async () => {
    const { upgradeCommand } = await import("./operate/upgrade/upgrade-command.ts");
    return (args) => upgradeCommand(args, terminal);
  },
  pins: async () => {
    const { pinsCommand } = await import("./operate/pins/pins-command.ts");
    return (args) => pinsCommand(args, terminal);
  },
  deliver: async () => {
    const { deliver } = await import("./deliver/delivery-command.ts");
    return (args) => deliver(args, lines.out);
  },
};

// AWS's clients warn of versions of 2027 on Node.js 20; package.json pins those that run on it.
process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED ??= "true";

// `npm run plan | head` closes the pipe early, which is no failure.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code !== "EPIPE") throw error;
});

const [name = "", ...args] = process.argv.slice(2);
const load = commands[name];
if (load) {
  process.exitCode = await (await load())(args);
} else {
  const known = Object.keys(commands).join(", ");
  console.error(`There is no command "${name}"; allowed: ${known}`);
  process.exitCode = 2;
}

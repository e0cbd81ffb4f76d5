import { command } from "./command.ts";

process.exitCode = await command(process.argv.slice(2), {
  out: (line) => console.log(line),
  err: (line) => console.error(line),
});

import { deliver } from "./command.ts";

process.exitCode = await deliver(process.argv.slice(2), (line) => console.log(line));

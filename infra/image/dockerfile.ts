import { readFileSync } from "node:fs";
import { join } from "node:path";
import { DockerfileParser } from "dockerfile-ast";

/** What a Dockerfile says of the containers that run its image; nothing of what a variable decides. */
interface ImageContract {
  /** Empty where it exposes none. */
  ports: number[];
  user?: number;
  /** Of its base, where it names one only. */
  architecture?: string;
}

/** TCP ports of a word of EXPOSE: one, or a range. */
function portsOf(word: string): number[] {
  const [, first, last = first] = /^(\d+)(?:-(\d+))?(?:\/tcp)?$/i.exec(word) ?? [];
  if (first === undefined || last === undefined) return [];
  return Array.from({ length: Number(last) - Number(first) + 1 }, (_, at) => Number(first) + at);
}

/** Reads the last stage of the Dockerfile of a build context. */
export function contractOf(context: string): ImageContract {
  const dockerfile = DockerfileParser.parse(readFileSync(join(context, "Dockerfile"), "utf8"));
  const last = dockerfile.getFROMs().at(-1)?.getRange()?.start.line ?? 0;
  const ofStage = (keyword: string) =>
    dockerfile
      .getInstructions()
      .filter((one) => one.getKeyword() === keyword && (one.getRange()?.start.line ?? 0) >= last)
      .map((one) => one.getArguments().map((argument) => argument.getValue()));
  const number = (text: string) => (/^\d+$/.test(text) ? Number(text) : undefined);
  const exposed = ofStage("EXPOSE").flat();
  const ports = exposed.some((port) => port.includes("$")) ? [] : exposed.flatMap(portsOf);
  const user = number(ofStage("USER").at(-1)?.[0]?.split(":")[0] ?? "");
  const platform = dockerfile.getFROMs().at(-1)?.getPlatformFlag()?.getValue() ?? "";
  const [, architecture] = /^linux\/(arm64|amd64)$/.exec(platform) ?? [];
  return { ports, ...(user !== undefined && { user }), ...(architecture && { architecture }) };
}

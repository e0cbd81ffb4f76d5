import { readFileSync } from "node:fs";
import { join } from "node:path";
import { DockerfileParser } from "dockerfile-ast";
import { type BuildSource, defaultDockerfile } from "./build-context.ts";

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

/** The names of its stages, and the number of each that has none, as Docker counts them. */
export function stagesOf(source: BuildSource): string[] {
  return parsed(source)
    .getFROMs()
    .map((from, at) => from.getBuildStage() ?? String(at));
}

/** Reads the stage that is built: the last one, or `target`, which must be among the stages. */
export function contractOf({
  target,
  ...source
}: BuildSource & { target?: string }): ImageContract {
  const dockerfile = parsed(source);
  const stages = dockerfile.getFROMs();
  const at = target === undefined ? stages.length - 1 : stagesOf(source).indexOf(target);
  const lineOf = (stage?: { getRange(): { start: { line: number } } | null }) =>
    stage?.getRange()?.start.line;
  const first = lineOf(stages[at]) ?? 0;
  const end = lineOf(stages[at + 1]) ?? Number.POSITIVE_INFINITY;
  const ofStage = (keyword: string) =>
    dockerfile
      .getInstructions()
      .filter((one) => {
        const line = lineOf(one) ?? 0;
        return one.getKeyword() === keyword && line >= first && line < end;
      })
      .map((one) => one.getArguments().map((argument) => argument.getValue()));
  const number = (text: string) => (/^\d+$/.test(text) ? Number(text) : undefined);
  const exposed = ofStage("EXPOSE").flat();
  const ports = exposed.some((port) => port.includes("$")) ? [] : exposed.flatMap(portsOf);
  const user = number(ofStage("USER").at(-1)?.[0]?.split(":")[0] ?? "");
  const platform = stages[at]?.getPlatformFlag()?.getValue() ?? "";
  const [, architecture] = /^linux\/(arm64|amd64)$/.exec(platform) ?? [];
  return { ports, ...(user !== undefined && { user }), ...(architecture && { architecture }) };
}

function parsed({ context, dockerfile = defaultDockerfile }: BuildSource) {
  return DockerfileParser.parse(readFileSync(join(context, dockerfile), "utf8"));
}

import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const scripts = fileURLToPath(new URL("command-stubs/", import.meta.url));

/** What the stand-ins of `aws`, `kubectl` and `docker` answer from. */
export interface State {
  /** As CloudWatch describes them. */
  alarms?: { MetricAlarms: object[]; CompositeAlarms: object[] };
  /** Digests that ECR has, by repository. */
  images?: Record<string, string[]>;
  /** As the Kubernetes API describes them. */
  deployments?: { metadata: { labels?: Record<string, string> } }[];
  docker?: DockerState;
  /** What a command says instead of an answer. */
  failing?: Record<string, string>;
}

/** One container, however often it is started, of images that are all alike. */
export interface DockerState {
  /** As `docker info` names the engine's. */
  architecture?: string;
  /** References that are on this machine; all others cannot be pulled. */
  images?: string[];
  image?: { Architecture: string; Config: object };
  /** What the registry says of each reference. */
  manifest?: object;
  /** By the container's port, the one of this machine. */
  ports?: Record<string, number>;
  /** Nothing while it runs. */
  ended?: { ExitCode: number; OOMKilled?: boolean };
  log?: string;
}

/**
 * Commands, `aws` and `kubectl` unless told otherwise, first on PATH, that understand the options which the real ones have,
 * refuse others, and answer in the real ones' form.
 */
export class CommandStubs {
  readonly folder = mkdtempSync(join(tmpdir(), "stand-ins-"));
  readonly #path = process.env.PATH;

  constructor(names = ["aws", "kubectl"]) {
    mkdirSync(join(this.folder, "bin"));
    for (const name of names) {
      cpSync(join(scripts, `${name}.js`), join(this.folder, "bin", name));
    }
    writeFileSync(join(this.folder, "package.json"), '{"type":"module"}');
    writeFileSync(join(this.folder, "calls"), "");
    process.env.PATH = `${join(this.folder, "bin")}:${this.#path}`;
    this.set({});
  }

  set(state: State): void {
    const file = join(this.folder, "state.json");
    writeFileSync(`${file}.new`, JSON.stringify(state));
    renameSync(`${file}.new`, file);
  }

  /** The calls so far, each with its arguments. */
  get calls(): string[] {
    return readFileSync(join(this.folder, "calls"), "utf8").split("\n").filter(Boolean);
  }

  close(): void {
    process.env.PATH = this.#path;
    rmSync(this.folder, { recursive: true });
  }
}

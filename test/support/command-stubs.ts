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

/** The state of the stubs of `aws`, `kubectl` and `docker`. */
export interface State {
  /** In the format of CloudWatch. */
  alarms?: { MetricAlarms: object[]; CompositeAlarms: object[] };
  /** The digests in ECR, by repository. */
  images?: Record<string, string[]>;
  /** The sizes of a cluster's node groups, by their names. */
  nodeGroups?: Record<string, { minSize: number; desiredSize: number; maxSize: number }>;
  /** In the format of the Kubernetes API. */
  deployments?: { metadata: { labels?: Record<string, string> } }[];
  docker?: DockerState;
  /** The errors of failing commands. */
  failing?: Record<string, string>;
}

/** One container. All images are equal. */
export interface DockerState {
  /** The architecture of `docker info`. */
  architecture?: string;
  /** The local references; others cannot be pulled. */
  images?: string[];
  image?: { Architecture: string; Config: object };
  /** The manifest of each reference in the registry. */
  manifest?: object;
  /** The local port of each container port. */
  ports?: Record<string, number>;
  /** Undefined while it runs. */
  ended?: { ExitCode: number; OOMKilled?: boolean };
  log?: string;
}

/**
 * Stubs of commands, `aws` and `kubectl` by default, first on PATH. They accept and refuse the options of
 * the real commands, and answer in their format.
 */
export class CommandStubs {
  readonly folder = mkdtempSync(join(tmpdir(), "command-stubs-"));
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

import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { type ResourceConfig, stemOf, suffixesOf } from "../../infra/config/resource-schema.ts";
import {
  type Docker,
  dockerOf,
  engineOf,
  hasImage,
  NoDocker,
  portsOf,
  removeContainer,
  stateOf,
} from "../docker-engine.ts";
import { CommandFailed } from "../shell.ts";
import { dummyCredentials, StandInFailed } from "./aws-requests.ts";
import { type Address, type StandIn, standInOf, urlOf } from "./stand-ins.ts";

export interface SuppliesArgs {
  /** What the services use, by name. */
  resources: Record<string, ResourceConfig>;
  /** The stack's. */
  region: string;
  /** What is set already, and stays so. */
  environment: Record<string, string | undefined>;
  /** Where Docker's command runs. */
  folder: string;
  /** Ends the preparation. */
  signal: AbortSignal;
  /** Is told one line a resource. */
  tell(line: string): void;
}

interface Member {
  name: string;
  config: ResourceConfig;
  /** None for a kind that no container plays. */
  standIn: StandIn | undefined;
}

/** Resources that are played together, by one container or by none. */
interface Group {
  members: Member[];
  /** Those of the group's variables that the environment sets. */
  given: string[];
}

interface Started {
  group: Group;
  standIn: StandIn;
  container: string;
}

/** A JVM on a busy machine. */
const readyWithinSeconds = 60;

/**
 * What services use, on this machine: containers of images that the local Docker engine has, and
 * folders. Downloads nothing. Whoever makes them must remove them, whatever happened in between.
 */
export class Supplies {
  /** By resource. */
  readonly #own: Record<string, Record<string, string>> = {};
  /** Of AWS's SDKs. */
  readonly #common: Record<string, string> = {};
  readonly #args: SuppliesArgs;
  readonly #docker: Docker;
  readonly #containers: string[] = [];
  readonly #folders: string[] = [];

  constructor(args: SuppliesArgs) {
    this.#args = args;
    this.#docker = dockerOf(args);
  }

  /**
   * Starts what can be had, and tells of each resource where it is or which variables to set.
   *
   * @throws {StandInFailed} if a stand-in does not start, or refuses the resource
   * @throws the signal's reason, once it is aborted
   */
  async prepare(): Promise<void> {
    const groups = groupsOf(this.#args);
    const played: Group[] = [];
    for (const group of groups) {
      if (group.given.length > 0) this.#tellGiven(group);
      else if (standInOfGroup(group)) played.push(group);
      else for (const { name, config } of group.members) this.#playAlone(name, config);
    }
    const started = await this.#start(played);
    for (const one of started) await this.#make(one);
    if (started.some(({ standIn }) => standIn.endpointVariable)) this.#tellSdks(groups);
  }

  /** What a service that uses these gets beside its environment. */
  variablesOf(resources: string[]): Record<string, string> {
    return Object.assign({}, this.#common, ...resources.map((one) => this.#own[one]));
  }

  /** Ends the containers and deletes all that was in them and in the folders. */
  async remove(): Promise<void> {
    await Promise.all(this.#containers.map((one) => removeContainer(one, this.#args.tell)));
    for (const folder of this.#folders) rmSync(folder, { recursive: true });
  }

  #tell(name: string, text: string): void {
    const { resources, tell } = this.#args;
    const width = Math.max(...Object.keys(resources).map(({ length }) => length));
    tell(`${name.padEnd(width)}  ${(resources[name]?.kind ?? "").padEnd(8)}  ${text}`);
  }

  #tellGiven({ members, given }: Group): void {
    for (const { name, config } of members) {
      const missing = variablesOf(name, config).filter((one) => !given.includes(one));
      const too = missing.length > 0 ? `; set ${missing.join(", ")} too` : "";
      this.#tell(name, `${given.join(", ")} ${given.length > 1 ? "are" : "is"} set here${too}`);
    }
  }

  /** A kind that no container plays. */
  #playAlone(name: string, config: ResourceConfig): void {
    if (config.kind !== "files") {
      const none = config.kind === "topic" ? "no stand-in is kept well: " : "";
      this.#tell(name, `${none}set ${variablesOf(name, config).join(", ")}`);
      return;
    }
    const folder = mkdtempSync(join(tmpdir(), "dev-files-"));
    this.#folders.push(folder);
    const path = join(folder, name);
    mkdirSync(path);
    this.#give(name, "a folder until the end", config, { _PATH: path });
  }

  /** @param values by the suffixes that the kind's link has */
  #give(name: string, where: string, config: ResourceConfig, values: Record<string, string>): void {
    const variables = suffixesOf(config.kind).map((suffix): [string, string] => {
      const value = values[suffix];
      if (value === undefined) throw new Error(`The stand-in of ${name} gives no ${suffix}`);
      return [stemOf(name) + suffix, value];
    });
    this.#own[name] = Object.fromEntries(variables);
    this.#tell(name, `${where}, ${variables.map((one) => one.join("=")).join(", ")}`);
  }

  /** Starts a container for each group whose image is here. */
  async #start(groups: Group[]): Promise<Started[]> {
    if (groups.length === 0) return [];
    try {
      await engineOf(this.#docker);
    } catch (error) {
      if (!(error instanceof NoDocker)) throw error;
      const unset = groups.flatMap(settingsOfGroup);
      this.#args.tell(`${error.message.replaceAll("\n", " ")}; set ${unset.join(", ")}`);
      return [];
    }
    const started: Started[] = [];
    for (const group of groups) {
      const standIn = standInOfGroup(group);
      if (!standIn) continue;
      if (await hasImage(standIn.image, this.#docker)) {
        started.push({ group, standIn, container: await this.#run(group, standIn) });
        continue;
      }
      for (const { name } of group.members) {
        const instead = settingsOfGroup(group).join(", ");
        this.#tell(name, `not here: docker pull ${standIn.image}, or set ${instead}`);
      }
    }
    return started;
  }

  async #run({ members }: Group, standIn: StandIn): Promise<string> {
    const container = `dev-${members[0]?.name}-${process.pid}`;
    // Before it runs: an interrupted command may have made it.
    this.#containers.push(container);
    await this.#ask(standIn, [
      ...["run", "--detach", "--pull", "never", "--name", container],
      ...["--publish", `127.0.0.1::${standIn.port}`],
      ...Object.entries(standIn.environment ?? {}).flatMap((one) => ["--env", one.join("=")]),
      ...[standIn.image, ...(standIn.args ?? [])],
    ]);
    return container;
  }

  async #ask({ product }: StandIn, args: string[]): Promise<string> {
    try {
      return await this.#docker(args);
    } catch (error) {
      if (!(error instanceof CommandFailed)) throw error;
      throw new StandInFailed(`${product} does not start: ${error.message}`);
    }
  }

  async #make({ group, standIn, container }: Started): Promise<void> {
    const { product, endpointVariable } = standIn;
    const port = (await portsOf(container, this.#docker)).get(standIn.port);
    if (port === undefined) throw new StandInFailed(`${product} has no port on this machine`);
    const address = { host: "127.0.0.1", port };
    await this.#untilReady(container, standIn, address);
    if (endpointVariable) this.#common[endpointVariable] = urlOf(address);
    for (const { name, config, standIn: own = standIn } of group.members) {
      try {
        const at = standIn.ready ? `${address.host}:${port}` : urlOf(address);
        this.#give(name, `${product} at ${at}`, config, await own.make(name, address));
      } catch (error) {
        if (!(error instanceof StandInFailed)) throw error;
        throw new StandInFailed(`${name}: ${product}: ${error.message}`);
      }
    }
  }

  async #untilReady(container: string, standIn: StandIn, address: Address): Promise<void> {
    const deadline = Date.now() + readyWithinSeconds * 1000;
    while (!(await this.#answers(container, standIn, address))) {
      const { Running } = await stateOf(container, this.#docker);
      if (!Running || Date.now() > deadline) {
        const log = await this.#docker(["logs", "--tail", "5", container], { both: true });
        const seen = Running ? `does not answer within ${readyWithinSeconds} s` : "has ended";
        throw new StandInFailed(`${standIn.product} ${seen}: ${log.trim()}`);
      }
      await wait(200, undefined, { signal: this.#args.signal });
    }
  }

  async #answers(container: string, { ready }: StandIn, address: Address): Promise<boolean> {
    try {
      if (ready) await this.#docker(["exec", container, ...ready]);
      else await fetch(urlOf(address), { signal: AbortSignal.timeout(2000) });
      return true;
    } catch {
      this.#args.signal.throwIfAborted();
      return false;
    }
  }

  /** Dummy credentials, unless the environment has some, or names a resource that is in AWS. */
  #tellSdks(groups: Group[]): void {
    const { environment, region, tell } = this.#args;
    const own = ["AWS_PROFILE", "AWS_ACCESS_KEY_ID"].find((one) => environment[one] !== undefined);
    const real = groups.some(({ members, given }) => given.length > 0 && isOfSdks(members));
    if (!own && !real) Object.assign(this.#common, dummyCredentials);
    const set = environment.AWS_REGION ?? environment.AWS_DEFAULT_REGION;
    if (set === undefined) this.#common.AWS_REGION = region;
    const credentials = own ? `the credentials of ${own}` : real ? "yours" : "dummies";
    tell(`AWS's SDKs take the region ${set ?? region}, and as credentials ${credentials}`);
  }
}

/** Whether it is reached by an SDK of AWS. */
const isOfSdks = (members: Group["members"]) =>
  members.some(({ config, standIn }) => config.kind === "topic" || standIn?.endpointVariable);

/** What its container is; the members differ in what they make in it. */
const standInOfGroup = ({ members }: Pick<Group, "members">) => members[0]?.standIn;

const variablesOf = (name: string, { kind }: ResourceConfig) =>
  suffixesOf(kind).map((suffix) => stemOf(name) + suffix);

/** What a person sets instead of a stand-in. */
function settingsOfGroup({ members }: Pick<Group, "members">): string[] {
  const own = members.flatMap(({ name, config }) => variablesOf(name, config));
  const endpoint = standInOfGroup({ members })?.endpointVariable;
  return endpoint ? [...own, endpoint] : own;
}

/** All resources of one endpoint are in one place: there, or where the environment says. */
function groupsOf({
  resources,
  environment,
}: Pick<SuppliesArgs, "resources" | "environment">): Group[] {
  const groups = new Map<string, Member[]>();
  for (const [name, config] of Object.entries(resources)) {
    const standIn = standInOf(config);
    const key = standIn?.endpointVariable ?? name;
    groups.set(key, [...(groups.get(key) ?? []), { name, config, standIn }]);
  }
  return [...groups.values()].map((members) => {
    // Leads all SDKs elsewhere.
    const all = standInOfGroup({ members })?.endpointVariable ? ["AWS_ENDPOINT_URL"] : [];
    const given = [...settingsOfGroup({ members }), ...all];
    return { members, given: given.filter((one) => environment[one] !== undefined) };
  });
}

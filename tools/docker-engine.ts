import { CommandFailed, run } from "./shell.ts";

/** There is no engine, or none that can run the image. */
export class NoDocker extends Error {}

export interface DockerOptions {
  /** Where it runs. */
  folder: string;
  /** Interrupts the commands. */
  signal: AbortSignal;
}

/**
 * Runs Docker's command. Returns its output.
 *
 * @throws {CommandFailed} if it cannot start, or ends with another exit code than 0
 * @throws the signal's reason, once it is aborted
 */
export type Docker = (
  args: string[],
  more?: { both?: boolean; end?: AbortSignal },
) => Promise<string>;

export function dockerOf({ folder, signal }: DockerOptions): Docker {
  return async (args, { both, end } = {}) => {
    signal.throwIfAborted();
    try {
      return await run("docker", args, {
        cwd: folder,
        both,
        signal: end ? AbortSignal.any([signal, end]) : signal,
      });
    } catch (error) {
      // An interrupted command says nothing of the image.
      signal.throwIfAborted();
      throw error;
    }
  };
}

export interface Engine {
  architecture: string;
  processors: number;
}

/** @throws {NoDocker} if no engine answers */
export async function engineOf(docker: Docker): Promise<Engine> {
  try {
    const said = await docker(["info", "--format", "{{.Architecture}} {{.NCPU}}"]);
    const [machine = "", processors] = said.trim().split(" ");
    const names: Record<string, string> = { x86_64: "amd64", aarch64: "arm64" };
    return { architecture: names[machine] ?? machine, processors: Number(processors) };
  } catch (error) {
    if (!(error instanceof CommandFailed)) throw error;
    throw new NoDocker(`No Docker engine answers: ${error.message}`);
  }
}

/** Whether the engine has the image, without asking a registry. */
export async function hasImage(image: string, docker: Docker): Promise<boolean> {
  try {
    await docker(["image", "inspect", "--format", "{{.Id}}", image]);
    return true;
  } catch (error) {
    if (!(error instanceof CommandFailed)) throw error;
    return false;
  }
}

/** What `docker inspect` says of a container that was started. */
export interface State {
  Running: boolean;
  ExitCode: number;
  OOMKilled: boolean;
}

export async function stateOf(container: string, docker: Docker): Promise<State> {
  return JSON.parse(await docker(["inspect", "--format", "{{json .State}}", container]));
}

/** The ports of this machine that lead to the container's, by those. */
export async function portsOf(container: string, docker: Docker): Promise<Map<number, number>> {
  // Lines such as `8080/tcp -> 127.0.0.1:49153`.
  const lines = await docker(["port", container]);
  return new Map(
    [...lines.matchAll(/^(\d+)\/tcp -> 127\.0\.0\.1:(\d+)$/gm)].map(([, own, published]) => [
      Number(own),
      Number(published),
    ]),
  );
}

/** Ends a container and deletes it with its data. Tells how to, if it cannot. */
export async function removeContainer(
  container: string,
  tell: (line: string) => void,
): Promise<void> {
  const args = ["rm", "--force", "--volumes", container];
  // A second Ctrl-C may end the first try.
  for (const last of [false, true]) {
    try {
      await run("docker", args);
      return;
    } catch (error) {
      if (/no such container/i.test(String(error))) return;
      if (last) tell(`The container is still there: docker ${args.join(" ")}`);
    }
  }
}

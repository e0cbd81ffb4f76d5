import { CommandFailed } from "../../shell.ts";
import { statusMessage } from "../readings.ts";
import type { Unread } from "./snapshot.ts";

/** Reads what can be read: what fails is noted by name, and the rest is read still. */
export class Tolerant {
  readonly unread: Unread[] = [];

  /** The answer, or nothing; then `unread` says why. */
  async read<Answer>(what: string, ask: () => Promise<Answer>): Promise<Answer | undefined> {
    try {
      return await ask();
    } catch (error) {
      this.unread.push({ what, ...reasonOf(error as Error & { code?: unknown; body?: unknown }) });
      return undefined;
    }
  }
}

/** The Kubernetes API says why in a Status; its client hands it on as text. */
function reasonOf(error: Error & { code?: unknown; body?: unknown }): Omit<Unread, "what"> {
  if (error instanceof CommandFailed) return { why: error.message.split("\n").at(-1) ?? "" };
  if (typeof error.code !== "number") {
    return { why: `${error.name}: ${error.message}`.split("\n")[0] ?? "" };
  }
  const { body } = error;
  // What is no Status is of a proxy, for example.
  const said = statusMessage(body) ?? (typeof body === "string" ? body : undefined);
  const [, named] = /^Message: (.+)$/m.exec(error.message) ?? [];
  return { why: said ?? named ?? `status ${error.code}`, status: error.code };
}

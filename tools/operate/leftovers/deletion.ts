import { setTimeout as sleep } from "node:timers/promises";
import type { Cloud } from "./kind.ts";
import type { Remnant } from "./survey.ts";

export interface Outcome {
  remnant: Remnant;
  /** In AWS's words; undefined if it is deleted. */
  failure?: string;
}

export interface Patience {
  /** Between two tries. */
  seconds: number;
  tries: number;
}

/** Ten minutes a kind: as long as AWS may need to let go of what a load balancer or endpoint used. */
const patience: Patience = { seconds: 10, tries: 60 };

/**
 * Deletes in the given order: one kind after the other, those of a kind at once. What AWS refuses
 * because something still uses it is tried again. A failure ends neither its kind nor what follows.
 */
export async function deleted(
  cloud: Cloud,
  remnants: Remnant[],
  tell: (line: string) => void,
  wait = patience,
): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  for (const kind of new Set(remnants.map((one) => one.kind))) {
    const all = remnants.filter((one) => one.kind === kind);
    if (!kind.deletion) continue;
    const { remove } = kind.deletion;
    outcomes.push(
      ...(await Promise.all(
        all.map(async (remnant) => {
          tell(`deletes ${kind.what} ${remnant.name ?? remnant.id}`);
          const failure = await failureOf(() => remove(cloud, remnant), wait);
          return { remnant, ...(failure !== undefined && { failure }) };
        }),
      )),
    );
  }
  return outcomes;
}

async function failureOf(remove: () => Promise<unknown>, wait: Patience) {
  for (let tried = 1; ; tried += 1) {
    try {
      await remove();
      return undefined;
    } catch (thrown) {
      const error = thrown as Error;
      // By something else in the meantime, such as the instances of an Auto Scaling group.
      if (/NotFound(Exception)?$|^NoSuchEntity/.test(error.name)) return undefined;
      if (!isUsed(error) || tried >= wait.tries) return `${error.name}: ${error.message}`;
      await sleep(wait.seconds * 1000);
    }
  }
}

/** Codes for what something else still uses. */
const inUse = [
  "DependencyViolation",
  "InvalidIPAddress.InUse",
  "InvalidNetworkInterface.InUse",
  "ResourceInUseException",
  "ResourceInUseFault",
  "ScalingActivityInProgressFault",
  "VolumeInUse",
];

/** EC2 says of an address and of an interface in use only in words that they are. */
const isUsed = ({ name, message }: Error) =>
  inUse.includes(name) ||
  (name === "AuthFailure" && message.includes("permission to access the specified resource")) ||
  (name === "InvalidParameterValue" && message.includes("currently in use"));

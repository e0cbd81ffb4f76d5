import { brief, type Images, Refused, sameImages } from "./image-references.ts";
import type { Outputs, PlatformStack } from "./platform-stack.ts";
import {
  type Alarm,
  alarmsAbout,
  slowAlarms,
  type Watched,
  watchSecondsFor,
} from "./release-alarms.ts";
import type { Cloud } from "./release-cloud.ts";
import { previousOf, type Release, releasesOf } from "./release-record.ts";
import type { Rollouts } from "./rollouts.ts";

/** Arguments of `release` and `rollback`. */
export interface ReleaseArgs {
  stack: Pick<
    PlatformStack,
    "name" | "project" | "images" | "signingKey" | "outputs" | "history" | "pin" | "up"
  >;
  cloud: Cloud;
  rollouts: Rollouts;
  /** The author of the release. */
  who: Pick<Release, "by" | "commit" | "run">;
  watched: Watched;
  /** Seconds of the watch after the update. @default the need of the alarms */
  watchSeconds: number | undefined;
  say: (line: string) => void;
  /** Waits; tests replace it. */
  sleep: (seconds: number) => Promise<void>;
}

const pollSeconds = 15;
/** Failed reads in a row that the watch tolerates. */
const maxUnread = 3;

/**
 * Deploys images to a stack and watches its alarms. If the update fails or an alarm rings, the stack
 * returns to its former images. Returns whether the images were released.
 *
 * Alarms count if they notify somebody, and are about a changed service or the load balancer.
 * `wentBackFrom` marks a return: it needs no signatures, since former images may be older than those.
 *
 * @throws {Refused} before any change, if an image or an alarm cannot be read, or a new image of a
 * stack with a signing key is not signed
 */
export async function release(
  args: ReleaseArgs,
  choose: (running: Images) => Images,
  wentBackFrom?: Images,
): Promise<boolean> {
  const { stack, cloud, who, say } = args;
  const outputs = await stack.outputs();
  const running = outputs.imageReferences ?? {};
  const images = choose(running);
  for (const reference of Object.values(images)) await cloud.requireImage(reference);
  if (stack.signingKey && !wentBackFrom) {
    const known = Object.values(running);
    const fresh = Object.values(images).filter((reference) => !known.includes(reference));
    for (const reference of fresh) await cloud.requireSigned(reference, stack.signingKey);
  }
  const names = Object.keys(stack.images);
  const changing = names.filter((name) => images[name] !== running[name]);
  // Without a changed image all services count.
  const services = (changing.length > 0 ? changing : names).flatMap(
    (name) => stack.images[name]?.workloads ?? [],
  );
  const before = await readAlarms(args, services);

  const change = { images, before: running, ...who, at: new Date().toISOString() };
  say(`${stack.name}: ${brief(running) || "nothing"} → ${brief(images)}`);
  const record = { ...change, ...(wentBackFrom && { wentBackFrom }) };
  const failure = await deploy(args, record, outputs, services, before);
  if (!failure) {
    say(`${stack.name} runs ${brief(images)}.`);
    return true;
  }
  say(failure);
  const why = wentBackFrom
    ? `a rollback leaves ${brief(running)}`
    : sameImages(images, running)
      ? "it ran the same before"
      : Object.keys(running).length === 0 && "nothing ran before";
  if (why) {
    say(`${stack.name} does not go back: ${why}. Its settings name ${brief(images)}.`);
    return false;
  }
  await goBack(args, running, images, outputs.release);
  return false;
}

/**
 * Releases the former images of the stack's history. A failed rollback stays as it is. Returns whether
 * the images were released.
 *
 * @throws {Refused} if the history has no former release
 */
export async function rollback(args: ReleaseArgs): Promise<boolean> {
  const { stack } = args;
  const { imageReferences: running = {} } = await stack.outputs();
  const previous = previousOf(releasesOf(await stack.history(), stack.project), running);
  if (!previous) throw new Refused(`The history of ${stack.name} has no release to go back to`);
  return release(args, () => ({ ...running, ...previous }), running);
}

/** Deploys and watches. Returns why the release failed; undefined if it succeeded. */
async function deploy(
  args: ReleaseArgs,
  record: Release,
  outputs: Outputs,
  services: string[],
  before: Alarm[],
): Promise<string | undefined> {
  const { stack, say } = args;
  await stack.pin(record.images, record);
  const over = new AbortController();
  const stalled = args.rollouts(outputs, over.signal, say);
  try {
    // Kubernetes reports a stuck rollout long before the timeout of Pulumi.
    const early = new AbortController();
    stalled.then((reason) => reason && early.abort());
    await stack.up(`Release ${brief(record.images)} by ${record.by}`, {
      signal: early.signal,
      // Former images passed the policies before.
      policies: !record.wentBackFrom,
    });
  } catch (error) {
    over.abort();
    return `The update failed: ${(await stalled) ?? messageOf(error)}`;
  } finally {
    over.abort();
  }
  if (!args.watched) {
    say("No alarm is named: only the rollout has judged.");
    return undefined;
  }
  return watchAlarms(args, services, before, Object.keys(record.before).length === 0);
}

/** Returns which alarms began to ring; undefined if none did. */
async function watchAlarms(
  { cloud, watched, watchSeconds: given, say, sleep }: ReleaseArgs,
  services: string[],
  before: Alarm[],
  first: boolean,
): Promise<string | undefined> {
  const read = async () => alarmsAbout(await cloud.alarms(watched), watched, services);
  // The update may create alarms.
  const alarms = await read().catch(() => before);
  const watchSeconds = given ?? watchSecondsFor(alarms);
  if (alarms.length === 0) say("No alarm is about these services: only the rollout has judged.");
  else say(`Watching ${alarms.length} alarms for ${watchSeconds} s.`);
  const slow = slowAlarms(alarms, watchSeconds).map(({ name }) => name);
  if (slow.length > 0) say(`These alarms need longer, so they do not judge: ${slow.join(", ")}`);

  const rangBefore = before.filter(({ rings }) => rings).map(({ name }) => name);
  let unread = 0;
  for (let waited = 0; waited < watchSeconds; waited += pollSeconds) {
    await sleep(Math.min(pollSeconds, watchSeconds - waited));
    const isLast = waited + pollSeconds >= watchSeconds;
    try {
      const ringing = (await read()).filter(({ rings }) => rings).map(({ name }) => name);
      unread = 0;
      const news = ringing.filter((alarm) => !rangBefore.includes(alarm));
      // After the first update `no-targets` rings until it has data.
      if (news.length > 0 && (isLast || !first)) return `After the update: ${news.join(", ")}`;
    } catch (error) {
      unread += 1;
      if (unread > maxUnread || isLast) {
        return `After the update the alarms cannot be read: ${messageOf(error)}`;
      }
    }
  }
  return undefined;
}

async function goBack(
  { stack, who, say }: ReleaseArgs,
  running: Images,
  failed: Images,
  earlier: Release | undefined,
): Promise<void> {
  say(`Going back to ${brief(running)}.`);
  const at = new Date().toISOString();
  const before = earlier?.before ?? running;
  await stack.pin(running, { images: running, before, ...who, at, wentBackFrom: failed });
  try {
    await stack.up(`Back to ${brief(running)} from ${brief(failed)}`, { policies: false });
    say(
      `${stack.name} runs what it ran before: ${brief(running)}. Not released: ${brief(failed)}.`,
    );
  } catch (error) {
    say(`${stack.name} could not go back: ${messageOf(error)}`);
    say(`Its settings name ${brief(running)}: repair the cause, then run \`pulumi up\`.`);
  }
}

/**
 * The alarms before the change; those that ring then do not judge the release.
 *
 * @throws {Refused} if they cannot be read
 */
async function readAlarms(
  { cloud, watched, say }: ReleaseArgs,
  services: string[],
): Promise<Alarm[]> {
  try {
    const alarms = alarmsAbout(await cloud.alarms(watched), watched, services);
    const ringing = alarms.filter(({ rings }) => rings).map(({ name }) => name);
    if (ringing.length > 0)
      say(`These alarms ring already, so they do not judge: ${ringing.join(", ")}`);
    return alarms;
  } catch (error) {
    throw new Refused(`The alarms cannot be read: ${messageOf(error)}`);
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

import { brief, type Images, Refused, same } from "./image-references.ts";
import type { Outputs, PlatformStack } from "./platform-stack.ts";
import { type Alarm, judging, tooSlow, type Watched, watchFor } from "./release-alarms.ts";
import type { Cloud } from "./release-cloud.ts";
import { previousOf, type Release, releasesOf } from "./release-record.ts";
import type { Rollouts } from "./rollouts.ts";

export interface Attempt {
  stack: Pick<
    PlatformStack,
    "name" | "project" | "images" | "signingKey" | "outputs" | "history" | "pin" | "up"
  >;
  cloud: Cloud;
  rollouts: Rollouts;
  /** Who does it, from where. */
  who: Pick<Release, "by" | "commit" | "run">;
  watched: Watched;
  /** How long alarms are watched after the update; undefined for as long as they need. */
  watchSeconds: number | undefined;
  say: (line: string) => void;
  /** Waits; a test's clock may be faster. */
  sleep: (seconds: number) => Promise<void>;
}

const pollSeconds = 15;
/** So many answers in a row may fail to come: CloudWatch may have a bad moment. */
const patience = 3;

/**
 * Deploys images to a stack and watches alarms. When the update fails or an alarm begins to ring,
 * the stack goes back to the images it ran before. Tells whether the images were released.
 *
 * A stack's alarms count when they tell somebody and are about a service whose image changes, or about
 * the load balancer. They are watched for as long as their own periods need.
 *
 * Throws `Refused`, and has changed nothing, when an image or an alarm cannot be read, or when the
 * stack asks for signatures and an image that it does not run has none. On the way back nothing is
 * asked: what ran before may be older than the signatures, and it must not wait.
 */
export async function release(
  attempt: Attempt,
  choose: (running: Images) => Images,
  wentBackFrom?: Images,
): Promise<boolean> {
  const { stack, cloud, who, say } = attempt;
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
  // The same once more is a release of all.
  const services = (changing.length > 0 ? changing : names).flatMap(
    (name) => stack.images[name]?.workloads ?? [],
  );
  const before = await readable(attempt, services);

  const change = { images, before: running, ...who, at: new Date().toISOString() };
  say(`${stack.name}: ${brief(running) || "nothing"} → ${brief(images)}`);
  const record = { ...change, ...(wentBackFrom && { wentBackFrom }) };
  const failure = await deployed(attempt, record, outputs, services, before);
  if (!failure) {
    say(`${stack.name} runs ${brief(images)}.`);
    return true;
  }
  say(failure);
  const why = wentBackFrom
    ? `${brief(running)} was to be left`
    : same(images, running)
      ? "it ran the same before"
      : Object.keys(running).length === 0 && "nothing ran before";
  if (why) {
    say(`${stack.name} does not go back: ${why}. Its settings name ${brief(images)}.`);
    return false;
  }
  await goBack(attempt, running, images, outputs.release);
  return false;
}

/**
 * Releases the images that the stack ran before, by its history; tells whether it did. When it
 * fails, the stack stays where it is: what it was to leave is nothing to go back to.
 */
export async function rollback(attempt: Attempt): Promise<boolean> {
  const { stack } = attempt;
  const { imageReferences: running = {} } = await stack.outputs();
  const previous = previousOf(releasesOf(await stack.history(), stack.project), running);
  if (!previous) throw new Refused(`The history of ${stack.name} has no release to go back to`);
  return release(attempt, () => ({ ...running, ...previous }), running);
}

/** Why the release failed; nothing when it did not. */
async function deployed(
  attempt: Attempt,
  record: Release,
  outputs: Outputs,
  services: string[],
  before: Alarm[],
): Promise<string | undefined> {
  const { stack, say } = attempt;
  await stack.pin(record.images, record);
  const over = new AbortController();
  const stalled = attempt.rollouts(outputs, over.signal, say);
  try {
    // Pulumi itself would wait for its timeout, long after Kubernetes has given up.
    const early = new AbortController();
    stalled.then((reason) => reason && early.abort());
    await stack.up(`Release ${brief(record.images)} by ${record.by}`, {
      signal: early.signal,
      // What ran before was judged when it came.
      policies: !record.wentBackFrom,
    });
  } catch (error) {
    over.abort();
    return `The update failed: ${(await stalled) ?? messageOf(error)}`;
  } finally {
    over.abort();
  }
  if (!attempt.watched) {
    say("No alarm is named: the rollout alone has judged.");
    return undefined;
  }
  return rang(attempt, services, before, Object.keys(record.before).length === 0);
}

/** What began to ring while the alarms were watched; nothing when nothing did. */
async function rang(
  { cloud, watched, watchSeconds: given, say, sleep }: Attempt,
  services: string[],
  before: Alarm[],
  first: boolean,
): Promise<string | undefined> {
  const look = async () => judging(await cloud.alarms(watched), watched, services);
  // The update may have made the alarms.
  const alarms = await look().catch(() => before);
  const watchSeconds = given ?? watchFor(alarms);
  if (alarms.length === 0) say("No alarm tells of these services: the rollout alone has judged.");
  else say(`Watching ${alarms.length} alarms for ${watchSeconds} s.`);
  const slow = tooSlow(alarms, watchSeconds).map(({ name }) => name);
  if (slow.length > 0) say(`They need longer, so they judge nothing new: ${slow.join(", ")}`);

  const rangBefore = before.filter(({ rings }) => rings).map(({ name }) => name);
  let unread = 0;
  for (let waited = 0; waited < watchSeconds; waited += pollSeconds) {
    await sleep(Math.min(pollSeconds, watchSeconds - waited));
    const isLast = waited + pollSeconds >= watchSeconds;
    try {
      const ringing = (await look()).filter(({ rings }) => rings).map(({ name }) => name);
      unread = 0;
      const news = ringing.filter((alarm) => !rangBefore.includes(alarm));
      // The first update has made the alarms too: `no-targets` rings until its first data have come.
      if (news.length > 0 && (isLast || !first)) return `After the update: ${news.join(", ")}`;
    } catch (error) {
      unread += 1;
      if (unread > patience || isLast) {
        return `After the update the alarms cannot be read: ${messageOf(error)}`;
      }
    }
  }
  return undefined;
}

async function goBack(
  { stack, who, say }: Attempt,
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
    say(`Its settings name ${brief(running)}: put right what failed, then run \`pulumi up\`.`);
  }
}

/** The alarms as they are before anything is changed: what rings then is not the release's fault. */
async function readable({ cloud, watched, say }: Attempt, services: string[]): Promise<Alarm[]> {
  try {
    const alarms = judging(await cloud.alarms(watched), watched, services);
    const ringing = alarms.filter(({ rings }) => rings).map(({ name }) => name);
    if (ringing.length > 0) say(`Ringing already, and not held against it: ${ringing.join(", ")}`);
    return alarms;
  } catch (error) {
    throw new Refused(`The alarms cannot be read: ${messageOf(error)}`);
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

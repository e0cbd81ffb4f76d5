/** What the operator decides; every other time follows from these three. */
export interface DrainArgs {
  /** Seconds the load balancer may still send requests to a pod that is leaving. */
  drainSeconds: number;
  /** Seconds that the longest request may take. */
  requestTimeoutSeconds: number;
  /** Seconds after which the load balancer closes an idle connection. */
  idleTimeoutSeconds: number;
  /** Seconds that a pod has to start. @default 60 */
  startSeconds?: number;
  /** Seconds between two health checks of the load balancer. @default 10 */
  checkSeconds?: number;
}

/**
 * Seconds after which AWS ends a node, whatever its pods do. [1] Amazon EC2 User Guide, Spot Instance
 * interruption notices; [2] containers-roadmap issue 1636: EKS waits "a few minutes" for the nodes of
 * a group that it deletes, seen as five; [3] Amazon EKS User Guide, managed node update behavior:
 * after 15 minutes an update fails with PodEvictionFailure.
 */
export const nodeDeadlines = { spotNotice: 120, groupDeletion: 300, nodeUpdate: 900 };

/** Every timeout between a client and a pod, in seconds. */
export interface DrainClock {
  /** From SIGTERM the service serves at least so long. */
  minSeconds: number;
  /** Then until no request has come for so long and none is in flight. */
  quietSeconds: number;
  /**
   * The preStop sleep of a service that does not read this clock: SIGTERM comes when the load balancer
   * has stopped sending, which it does within `drainSeconds`, and the longest request that came last has
   * ended. So nothing is lost by a process that exits at once either.
   */
  preStopSeconds: number;
  /** At most so long; then it stops accepting. */
  maxSeconds: number;
  /** From then, open requests have so long before their connections are cut. */
  closeTimeoutSeconds: number;
  /** The kubelet sends SIGKILL after so long, a preStop sleep included. */
  terminationGracePeriodSeconds: number;
  /** A rollout that gets no further for so long has failed. */
  progressDeadlineSeconds: number;
  /** The load balancer lets requests in flight finish for so long. */
  deregistrationDelaySeconds: number;
  /** The server keeps an idle connection longer than the load balancer does. */
  keepAliveSeconds: number;
  requestTimeoutSeconds: number;
  idleTimeoutSeconds: number;
}

const quietSeconds = 2;
const marginSeconds = 5;
/** Image pull, doubled. */
const pullSeconds = 140;

/**
 * The one clock of a rollout: with these times no request is lost when a pod leaves.
 *
 * Guaranteed for every accepted input, and held by property tests:
 * - the pod serves for as long as the load balancer may send (`minSeconds` = `drainSeconds`), by itself
 *   or because SIGTERM comes only then (`preStopSeconds`);
 * - SIGKILL comes after the longest drain and the longest request;
 * - the load balancer waits for the longest request, and gives up before the pod is killed;
 * - a rollout has failed only when a pod could have left for good and another one started;
 * - the server never closes an idle connection before the load balancer does.
 */
export function drainClock(args: DrainArgs): DrainClock {
  const { drainSeconds, requestTimeoutSeconds, idleTimeoutSeconds } = args;
  const { startSeconds = 60, checkSeconds = 10 } = args;
  const maxSeconds = 2 * drainSeconds + quietSeconds;
  const closeTimeoutSeconds = requestTimeoutSeconds + marginSeconds;
  const terminationGracePeriodSeconds = maxSeconds + closeTimeoutSeconds + marginSeconds;
  return {
    minSeconds: drainSeconds,
    quietSeconds,
    preStopSeconds: drainSeconds + closeTimeoutSeconds,
    maxSeconds,
    closeTimeoutSeconds,
    terminationGracePeriodSeconds,
    // Two health checks, doubled.
    progressDeadlineSeconds:
      terminationGracePeriodSeconds + pullSeconds + startSeconds + 4 * checkSeconds,
    deregistrationDelaySeconds: closeTimeoutSeconds,
    // Node closes up to one second later than told; the load balancer must always be first.
    keepAliveSeconds: idleTimeoutSeconds + 2 * marginSeconds,
    requestTimeoutSeconds,
    idleTimeoutSeconds,
  };
}

/** The clock as the service's environment (service/src/config.ts reads these names). */
export function drainEnvironment(clock: DrainClock): Record<string, string> {
  return {
    DRAIN_MIN_SECONDS: String(clock.minSeconds),
    DRAIN_QUIET_SECONDS: String(clock.quietSeconds),
    DRAIN_MAX_SECONDS: String(clock.maxSeconds),
    CLOSE_TIMEOUT_SECONDS: String(clock.closeTimeoutSeconds),
    KEEP_ALIVE_SECONDS: String(clock.keepAliveSeconds),
    REQUEST_TIMEOUT_SECONDS: String(clock.requestTimeoutSeconds),
  };
}

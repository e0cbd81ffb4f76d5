import { createSocket } from "node:dgram";
import type { DestinationStream } from "pino";

export interface EmbeddedMetricsSink {
  write(document: string): void;
  close(): Promise<void>;
}

/**
 * Takes documents in embedded metric format to the CloudWatch agent, or to the log when there is
 * none.
 *
 * CloudWatch reads metrics only from a log event that *is* such a document. Fluent Bit as Container
 * Insights sets it up wraps each line in another object, so on a cluster the agent is the way.
 */
export function embeddedMetricsSink(
  agent: URL | undefined,
  log: DestinationStream,
): EmbeddedMetricsSink {
  if (!agent) return { write: (document) => void log.write(document), close: async () => {} };
  const socket = createSocket("udp4").unref();
  // Metrics are worth less than the service: a datagram that cannot be sent is forgotten.
  socket.on("error", () => {});
  let sending = Promise.resolve();
  return {
    write(document) {
      sending = new Promise((resolve) => {
        socket.send(document, Number(agent.port || 25888), agent.hostname, () => resolve());
      });
    },
    close: async () => {
      await sending;
      socket.close();
    },
  };
}

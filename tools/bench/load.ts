import { connect } from "node:net";

export interface Load {
  requests: number;
  /** Answers other than 200, and connections lost. */
  failures: number;
  p99Ms: number;
}

/** The headers that the load balancer adds are there, so that reading them is paid for. */
const request = Buffer.from(
  [
    "GET / HTTP/1.1",
    "host: web.example.com",
    "accept: */*",
    "user-agent: bench",
    "x-forwarded-for: 203.0.113.7",
    "x-forwarded-port: 443",
    "x-forwarded-proto: https",
    "x-amzn-trace-id: Root=1-67a1b2c3-0123456789abcdef01234567",
    "\r\n",
  ].join("\r\n"),
);

/**
 * Every answer of a server is as long as its first, so only that one is read. The less a request
 * costs here, the less the fastest server waits: one that waits wakes up for each request, which
 * costs it more than many at a time.
 */
function answerLength(answer: Buffer): number {
  const text = answer.toString("latin1");
  const length = /content-length: (\d+)/i.exec(text)?.[1];
  return text.indexOf("\r\n\r\n") + 4 + Number(length);
}

/** Asks for `/` on keep-alive connections, each as fast as it is answered. */
export async function load(port: number, connections: number, seconds: number): Promise<Load> {
  const latencies: number[] = [];
  let failures = 0;
  const end = performance.now() + seconds * 1000;

  const client = () =>
    new Promise<void>((resolve) => {
      const socket = connect(port, "127.0.0.1").setNoDelay();
      let sent = 0;
      let received = 0;
      let expected = 0;
      const send = () => {
        sent = performance.now();
        received = 0;
        socket.write(request);
      };
      socket.on("connect", send);
      socket.on("data", (chunk) => {
        if (received === 0 && chunk.toString("latin1", 9, 12) !== "200") failures++;
        expected ||= answerLength(chunk);
        received += chunk.length;
        if (received < expected) return;
        const now = performance.now();
        latencies.push(now - sent);
        if (now < end) send();
        else socket.end();
      });
      socket.on("error", () => failures++);
      socket.on("close", resolve);
    });

  await Promise.all(Array.from({ length: connections }, client));
  latencies.sort((a, b) => a - b);
  return {
    requests: latencies.length,
    failures,
    p99Ms: latencies[Math.floor(latencies.length * 0.99)] ?? Number.NaN,
  };
}

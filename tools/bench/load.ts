import { connect } from "node:net";

export interface Load {
  requests: number;
  /** Responses other than 200, and failed connections. */
  failures: number;
  p99Ms: number;
}

/** Has the headers of the load balancer, so that the servers parse them too. */
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
 * The length of a response. All responses of a server have the length of the first, so only that one is parsed.
 * A slow client would make the fastest server wait, which costs it CPU for each request.
 */
function responseLength(response: Buffer): number {
  const text = response.toString("latin1");
  const length = /content-length: (\d+)/i.exec(text)?.[1];
  return text.indexOf("\r\n\r\n") + 4 + Number(length);
}

/** Requests `/` on keep-alive connections; each sends the next request after a response. */
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
        expected ||= responseLength(chunk);
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

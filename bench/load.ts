import { connect } from "node:net";

export interface Load {
  requests: number;
  /** Answers other than 200, and connections lost. */
  failures: number;
  p99Ms: number;
}

/** The headers that the load balancer adds are there, so that reading them is paid for. */
const request = [
  "GET / HTTP/1.1",
  "host: web.example.com",
  "accept: */*",
  "user-agent: bench",
  "x-forwarded-for: 203.0.113.7",
  "x-forwarded-port: 443",
  "x-forwarded-proto: https",
  "x-amzn-trace-id: Root=1-67a1b2c3-0123456789abcdef01234567",
  "\r\n",
].join("\r\n");

/** Asks for `/` on keep-alive connections, each as fast as it is answered. */
export async function load(port: number, connections: number, seconds: number): Promise<Load> {
  const latencies: number[] = [];
  let failures = 0;
  const end = performance.now() + seconds * 1000;

  const client = () =>
    new Promise<void>((resolve) => {
      const socket = connect(port, "127.0.0.1").setNoDelay();
      let sent = 0;
      let received = "";
      const send = () => {
        sent = performance.now();
        socket.write(request);
      };
      socket.setEncoding("latin1");
      socket.on("connect", send);
      socket.on("data", (chunk: string) => {
        received += chunk;
        const head = received.indexOf("\r\n\r\n");
        const length = /content-length: (\d+)/i.exec(received)?.[1];
        if (head < 0 || received.length < head + 4 + Number(length)) return;
        latencies.push(performance.now() - sent);
        if (!received.startsWith("HTTP/1.1 200")) failures++;
        received = "";
        if (performance.now() < end) send();
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

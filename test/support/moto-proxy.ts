import { request } from "node:http";
import { loopback } from "./loopback.ts";

/** An error of AWS for an action. */
interface Refusal {
  action: string;
  code: string;
  message: string;
  /** Number of errors. @default every call fails */
  times?: number;
}

/** A proxy of moto. It refuses actions of EC2 with AWS's errors, and records the actions. */
export async function motoProxy(endpoint: string) {
  const { hostname, port } = new URL(endpoint);
  const proxy = { refusals: [] as Refusal[], actions: [] as string[] };
  const server = await loopback((incoming, outgoing) => {
    const parts: Buffer[] = [];
    incoming.on("data", (part: Buffer) => parts.push(part));
    incoming.on("end", () => {
      const body = Buffer.concat(parts);
      const target = String(incoming.headers["x-amz-target"] ?? "").split(".")[1];
      const action = target ?? new URLSearchParams(body.toString()).get("Action") ?? "";
      proxy.actions.push(action || `${incoming.method} ${incoming.url}`);
      const refusal = proxy.refusals.find((one) => one.action === action && one.times !== 0);
      if (refusal) {
        if (refusal.times !== undefined) refusal.times -= 1;
        const { code, message } = refusal;
        outgoing.writeHead(code === "UnauthorizedOperation" ? 403 : 400);
        outgoing.end(
          `<Response><Errors><Error><Code>${code}</Code><Message>${message}</Message></Error></Errors></Response>`,
        );
        return;
      }
      const onward = request(
        {
          ...{ hostname, port, method: incoming.method, path: incoming.url },
          headers: incoming.headers,
        },
        (answer) => {
          outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
          answer.pipe(outgoing);
        },
      );
      onward.on("error", () => outgoing.writeHead(502).end());
      onward.end(body);
    });
  });
  return Object.assign(proxy, server);
}

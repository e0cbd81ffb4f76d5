import { createServer } from "node:http";
import { body } from "./body.js";

createServer((_request, response) => {
  const text = JSON.stringify(body);
  response.writeHead(200, {
    "content-type": "application/json; charset=utf-8",
    "content-length": Buffer.byteLength(text),
  });
  response.end(text);
}).listen(Number(process.env.PORT), "127.0.0.1");

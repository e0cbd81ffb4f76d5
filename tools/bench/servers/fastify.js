import fastify from "fastify";
import { body } from "./body.js";

const properties = Object.fromEntries(Object.keys(body).map((key) => [key, { type: "string" }]));
const app = fastify();
app.get("/", { schema: { response: { 200: { type: "object", properties } } } }, () => body);
app.listen({ port: Number(process.env.PORT), host: "127.0.0.1" });

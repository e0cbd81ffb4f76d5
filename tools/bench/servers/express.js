import express from "express";
import { body } from "./body.js";

const app = express();
app.get("/", (_request, response) => response.json(body));
app.listen(Number(process.env.PORT), "127.0.0.1");

import { type ChildProcess, spawn } from "node:child_process";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";
import {
  createMessageConnection,
  type MessageConnection,
  StreamMessageReader,
  StreamMessageWriter,
} from "vscode-jsonrpc/node.js";

const main = createRequire(import.meta.url).resolve(
  "yaml-language-server/bin/yaml-language-server",
);

/** Diagnostics and completions of the YAML language server, which editors run. */
export interface Editor {
  /** Diagnostics: the line, from 1, and the message. */
  problems(path: string, text: string): Promise<string[]>;
  /** Completions at the end of the text. */
  proposals(path: string, text: string): Promise<string[]>;
  close(): void;
}

export async function openEditor(): Promise<Editor> {
  const server = spawn(process.execPath, [main, "--stdio"], { stdio: ["pipe", "pipe", "ignore"] });
  const connection = connect(server);
  // No catalogue of schemas is downloaded.
  connection.onRequest("workspace/configuration", ({ items }: { items: unknown[] }) =>
    items.map(() => ({ validate: true, completion: true, schemaStore: { enable: false } })),
  );
  for (const silent of ["client/registerCapability", "window/workDoneProgress/create"]) {
    connection.onRequest(silent, () => null);
  }
  await connection.sendRequest("initialize", {
    processId: process.pid,
    rootUri: null,
    capabilities: { workspace: { configuration: true } },
  });
  await connection.sendNotification("initialized", {});
  let count = 0;
  // A new file in the same folder, so that no diagnostic belongs to an earlier text.
  const beside = (path: string) => pathToFileURL(path.replace(/\.yaml$/, `-${++count}.yaml`)).href;
  const open = (uri: string, text: string) =>
    connection.sendNotification("textDocument/didOpen", {
      textDocument: { uri, languageId: "yaml", version: 1, text },
    });
  return {
    async problems(path, text) {
      const uri = beside(path);
      const found = new Promise<string[]>((resolve) => {
        const listening = connection.onNotification(
          "textDocument/publishDiagnostics",
          (answer: { uri: string; diagnostics: Diagnostic[] }) => {
            if (answer.uri !== uri) return;
            listening.dispose();
            resolve(
              answer.diagnostics.map(({ range, message }) => `${range.start.line + 1}: ${message}`),
            );
          },
        );
      });
      await open(uri, text);
      return found;
    },
    async proposals(path, text) {
      const uri = beside(path);
      await open(uri, text);
      const lines = text.split("\n");
      const position = { line: lines.length - 1, character: lines.at(-1)?.length ?? 0 };
      const { items } = await connection.sendRequest<{ items: { label: string }[] }>(
        "textDocument/completion",
        { textDocument: { uri }, position },
      );
      return items.map(({ label }) => label);
    },
    close() {
      connection.dispose();
      server.kill();
    },
  };
}

interface Diagnostic {
  range: { start: { line: number } };
  message: string;
}

function connect({ stdout, stdin }: ChildProcess): MessageConnection {
  if (!stdout || !stdin) throw new Error("no language server");
  const connection = createMessageConnection(
    new StreamMessageReader(stdout),
    new StreamMessageWriter(stdin),
  );
  connection.listen();
  return connection;
}
